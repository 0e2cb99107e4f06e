"""All readings there are, hot and sealed, by SQL and pyarrow alone: none of the product's code."""

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Key = tuple[int, int, int, int]
"""Device, epoch, row number, metric."""

HOT = """
select b.device_id, b.epoch, b.first_row + i - 1 as row_number, b.metric_ids[k] as metric_id,
       (extract(epoch from b.start_at) * 1000)::bigint + b.offsets_ms[i] as time_ms,
       nullif(b.readings[k][i], 'NaN') as value, b.quality
  from batches b, generate_series(1, cardinality(b.offsets_ms)) as i,
       generate_series(1, cardinality(b.metric_ids)) as k"""


async def hot(db: Any) -> Counter[tuple[Key, int, float | None]]:
    """Each hot reading: what identifies it, its time and its value."""
    return Counter((tuple(row)[:4], row[4], row[5]) for row in await db.fetch(HOT))


async def sealed(db: Any, root: Path) -> Counter[tuple[Key, int, float | None]]:
    """Each reading in a live file of the manifest, whose hash and rows must be right."""
    found: Counter[tuple[Key, int, float | None]] = Counter()
    files = await db.fetch("select * from sealed_files where state = 'live' and kind = 'readings'")
    for file in files:
        data = (root / file["path"]).read_bytes()
        assert (len(data), hashlib.sha256(data).digest()) == (file["bytes"], file["sha256"])
        table = pq.read_table(root / file["path"], partitioning=None)
        assert table.num_rows == file["rows"]
        columns = table.to_pydict()
        order = list(
            zip(
                columns["device_id"],
                columns["time"],
                columns["epoch"],
                columns["row_number"],
                strict=True,
            )
        )
        assert order == sorted(order)
        for (device, time, epoch, row), value in zip(order, columns["value"], strict=True):
            key = (device, epoch, row, file["metric_id"])
            assert file["first_day"] <= time.date() <= file["last_day"]
            milliseconds = round(time.timestamp() * 1000)
            found[key, milliseconds, None if value is None else float(value)] += 1
    return found


async def everything(db: Any, root: Path) -> Counter[tuple[Key, int, float | None]]:
    """Hot and sealed readings together."""
    return await hot(db) + await sealed(db, root)


def once(readings: Counter[tuple[Key, int, float | None]]) -> dict[Key, tuple[int, float | None]]:
    """Readings by what identifies them, each of which must be there once."""
    by_key: dict[Key, tuple[int, float | None]] = {}
    for (key, time_ms, value), times in readings.items():
        assert times == 1, f"{key} is there {times} times"
        assert key not in by_key, f"{key} is there with two times or values"
        by_key[key] = (time_ms, value)
    return by_key
