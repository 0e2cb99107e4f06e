"""What is hot and may be sealed: everything the engine has followed, which stays as it is."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import asyncpg
import numpy as np
from numpy.typing import NDArray

from appliance.model.ids import DeviceId, FactoryId, MetricId
from appliance.model.sealed import Readings
from appliance.store.cursors import ENGINE
from appliance.store.pool import Connection, Db

STATEMENT_SECONDS = 600.0
"""A day of a large plant may have to be looked through."""
LOCK_SECONDS = 0.2
"""So long writers and readers of a day may have to wait for the sealer to take what is sealed."""
PAGE_BATCHES = 2000
HELD: tuple[type[Exception], ...] = (asyncpg.LockNotAvailableError,)
"""What taking hold of a day raises while somebody else holds it."""
_LOCK = 0x_A2C_417E
"""The advisory lock of the one sealer, or whoever else changes the archive."""

# On the wire an array has a head, and each of its elements comes after its length.
_HEAD = 20
_INT2 = np.dtype([("length", ">i4"), ("value", ">i2")])
_INT4 = np.dtype([("length", ">i4"), ("value", ">i4")])
_INT8 = np.dtype([("length", ">i4"), ("value", ">i8")])
_FLOAT8 = np.dtype([("length", ">i4"), ("value", ">f8")])


class Series(NamedTuple):
    """One metric of one device in hot batches, and how many readings of it there are."""

    factory_id: FactoryId
    device_id: DeviceId
    device: str
    metric_id: MetricId
    metric: str
    rows: int


async def try_lock_archive(db: Connection) -> bool:
    """Be the one who changes the archive, as long as this connection lasts; False: another is."""
    locked: bool = await db.fetchval("select pg_try_advisory_lock($1)", _LOCK)
    return locked


async def unlock_archive(db: Connection) -> None:
    """Let others change the archive."""
    await db.execute("select pg_advisory_unlock($1)", _LOCK)


async def select_sealable_before(db: Db) -> int | None:
    """Batches of transactions before this one may be sealed: the engine has followed all of them,
    so no other will ever join them. None: nothing may, a restored database is not in order yet.
    """
    xid: int | None = await db.fetchval(
        """
        select xid from cursors
         where name = $1 and xid <= pg_snapshot_xmin(pg_current_snapshot())""",
        ENGINE,
    )
    return xid


async def select_first_open_day(db: Db, at: datetime) -> date:
    """The first UTC day that is not over everywhere: in UTC and in the time zone of each factory.

    So whatever belongs to a factory's own today is hot.
    """
    midnight: datetime = await db.fetchval(
        """
        select min(date_trunc('day', $1::timestamptz at time zone zone) at time zone zone)
          from (select time_zone as zone from factories union select 'UTC') as z""",
        at,
    )
    return midnight.astimezone(UTC).date()


async def select_partition_days(db: Db) -> list[date]:
    """The UTC days that have a partition, ascending."""
    rows = await db.fetch(
        """
        select to_date(substr(relname, 9), 'YYYY_MM_DD') as day
          from pg_inherits join pg_class on oid = inhrelid
         where inhparent = 'batches'::regclass order by 1"""
    )
    return [row["day"] for row in rows]


async def exists_batch(db: Db, day: date, before: int) -> bool:
    """Whether there is something to seal on a UTC day."""
    found: bool = await db.fetchval(
        "select exists (select from batches where start_at >= $1 and start_at < $2 and xid < $3)",
        *_bounds(day, day),
        before,
    )
    return found


async def select_hot_series(db: Db, first: date, last: date, before: int) -> list[Series]:
    """What there is to seal from one UTC day to another, by device and metric."""
    rows = await db.fetch(
        """
        select d.factory_id, d.id as device_id, d.name as device, m.id as metric_id,
               m.name as metric, sum(b.rows)::bigint as rows
          from (
            select device_id, metric_ids, sum(cardinality(offsets_ms)) as rows
              from batches where start_at >= $1 and start_at < $2 and xid < $3
             group by device_id, metric_ids
          ) as b
         cross join lateral unnest(b.metric_ids) as k (metric_id)
          join metrics m on m.id = k.metric_id
          join devices d on d.id = b.device_id
         group by d.id, m.id order by d.id, m.id""",
        *_bounds(first, last),
        before,
        timeout=STATEMENT_SECONDS,
    )
    return [Series(**row) for row in rows]


async def select_device_names(db: Db, device_ids: Sequence[DeviceId]) -> dict[DeviceId, str]:
    """The names of devices, of whatever factory."""
    rows = await db.fetch("select id, name from devices where id = any($1::int[])", device_ids)
    return {row["id"]: row["name"] for row in rows}


async def select_hot_readings(
    db: Db, device_id: DeviceId, day: date, before: int
) -> dict[MetricId, Readings]:
    """What there is to seal of a device on a UTC day, by metric, in the order of Readings."""
    found: dict[MetricId, list[Readings]] = {}
    async for page in _pages(db, device_id, day, before):
        for metric_id, readings in page:
            found.setdefault(metric_id, []).append(readings)
    return {metric_id: in_order(parts) for metric_id, parts in found.items()}


def in_order(parts: Sequence[Readings]) -> Readings:
    """All of these as one, by time, epoch and row number."""
    whole = (
        parts[0]
        if len(parts) == 1
        else Readings._make(np.concatenate(column) for column in zip(*parts, strict=True))
    )
    order = np.lexsort((whole.row_numbers, whole.epochs, whole.times_ms))
    return Readings._make(column[order] for column in whole)


async def count_restored(db: Db, day: date) -> int:
    """How many batches of a UTC day have the number that those of a restored database get."""
    count: int = await db.fetchval(
        "select count(*) from batches where start_at >= $1 and start_at < $2 and xid = '0'",
        *_bounds(day, day),
        timeout=STATEMENT_SECONDS,
    )
    return count


async def delete_sealed_batches(
    db: Connection, days: Sequence[date], before: int, restored: Sequence[int]
) -> None:
    """Take what is sealed out of these days; what came since stays. In the caller's transaction.

    Whoever reads or writes those days waits from now on, until it ends: it must end at once.
    Raises HELD if somebody holds them, or if rows were numbered anew since they were counted.
    """
    await db.execute(f"set local lock_timeout = '{round(LOCK_SECONDS * 1000)}ms'")
    for day, count in zip(days, restored, strict=True):
        await db.execute(
            "select remove_sealed_batches($1, $2, $3)",
            day,
            before,
            count,
            timeout=STATEMENT_SECONDS,
        )


async def drop_empty_partition(db: Connection, day: date) -> bool:
    """Drop the partition of a UTC day unless it holds something. Raises HELD if somebody holds the
    table for longer than LOCK_SECONDS."""
    async with db.transaction():
        await db.execute(f"set local lock_timeout = '{round(LOCK_SECONDS * 1000)}ms'")
        dropped: bool = await db.fetchval("select drop_empty_batches_partition($1)", day)
    return dropped


async def _pages(
    db: Db, device_id: DeviceId, day: date, before: int
) -> AsyncIterator[list[tuple[MetricId, Readings]]]:
    after, until = _bounds(day, day)
    after -= timedelta(microseconds=1)
    while True:
        rows = await db.fetch(
            """
            select metric_ids,
                   array_send(array_agg((extract(epoch from start_at) * 1000)::int8)) as starts,
                   array_send(array_agg(cardinality(offsets_ms))) as lengths,
                   array_send(array_agg(epoch)) as epochs,
                   array_send(array_agg(first_row)) as first_rows,
                   array_send(array_agg(quality)) as qualities,
                   string_agg(substr(array_send(offsets_ms), 21), '') as offsets,
                   string_agg(substr(array_send(readings), 29), '') as readings,
                   max(start_at) as reached,
                   count(*) as batches
              from (
                select * from batches
                 where device_id = $1 and start_at > $2 and start_at < $3 and xid < $4
                 order by start_at
                 fetch first ($5) rows with ties
              ) as page
             group by metric_ids""",
            device_id,
            after,
            until,
            before,
            PAGE_BATCHES,
            timeout=STATEMENT_SECONDS,
        )
        yield [series for row in rows for series in _series(row)]
        if sum(row["batches"] for row in rows) < PAGE_BATCHES:
            return
        after = max(row["reached"] for row in rows)


def _series(row: Any) -> list[tuple[MetricId, Readings]]:
    """The readings of batches that have the same metrics, by metric.

    A batch holds all rows of its first metric, then all of its second.
    """
    lengths = _values(_INT4, row["lengths"], _HEAD).astype(np.int64)
    before = np.cumsum(lengths) - lengths
    number = np.arange(lengths.sum()) - np.repeat(before, lengths)
    starts = _values(_INT8, row["starts"], _HEAD)
    first_rows = _values(_INT8, row["first_rows"], _HEAD)
    shared = {
        "times_ms": np.repeat(starts, lengths).astype(np.int64) + _values(_INT4, row["offsets"]),
        "epochs": np.repeat(_values(_INT8, row["epochs"], _HEAD), lengths).astype(np.int64),
        "row_numbers": np.repeat(first_rows, lengths).astype(np.int64) + number,
        "quality": np.repeat(_values(_INT2, row["qualities"], _HEAD), lengths).astype(np.int16),
    }
    values = _values(_FLOAT8, row["readings"])
    metric_ids = row["metric_ids"]
    first = np.repeat(before * len(metric_ids), lengths) + number
    step = np.repeat(lengths, lengths)
    return [
        (metric_id, Readings(values=values[first + place * step].astype(np.float64), **shared))
        for place, metric_id in enumerate(metric_ids)
    ]


def _values(element: np.dtype[np.void], data: bytes, head: int = 0) -> NDArray[Any]:
    return np.frombuffer(data, element, offset=head)["value"]


def _bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """From the beginning of a UTC day to the end of another."""
    start, end = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (first, last))
    return start, end + timedelta(days=1)
