import asyncio
from datetime import UTC, date, datetime

import asyncpg
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.model.ids import DeviceId
from appliance.store import batches
from appliance.store.batches import create_partition, insert_batches, notify_readings
from appliance.store.pool import Pool, open_pool
from tests.appliance.plant import NOON_MS, Plant
from tests.appliance.workers.batches import placed, stored

NOON_DAY = date(2026, 11, 23)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
@given(
    st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1),
            st.integers(0, 2**53),
            st.integers(1, 4).flatmap(
                lambda metrics: st.lists(
                    st.lists(
                        st.none() | st.floats(allow_nan=False), min_size=metrics, max_size=metrics
                    ),
                    min_size=1,
                    max_size=5,
                )
            ),
        ),
        min_size=1,
        max_size=5,
    )
)
async def test_what_is_inserted_is_read_back_bit_by_bit(
    pool: Pool, sent: list[tuple[int, int, list[list[float | None]]]]
) -> None:
    await create_partition(pool, NOON_DAY)
    made = [
        placed(
            device,
            first,
            np.array(rows, np.float64).T.tolist(),
            epoch=epoch,
            metric_ids=tuple(range(2, 2 + len(rows[0]))),
        )
        for device, (epoch, first, rows) in enumerate(sent)
    ]
    async with pool.acquire() as db:
        await insert_batches(db, made)
        rows = await db.fetch("delete from batches returning *, pg_current_xact_id() as own_xid")
    for row, batch in zip(sorted(rows, key=lambda row: row["device_id"]), made, strict=True):
        start_ms = int(row["start_at"].timestamp() * 1000)
        assert [start_ms + offset for offset in row["offsets_ms"]] == batch.times_ms.tolist()
        assert int(row["received_at"].timestamp() * 1000) == batch.received_ms
        assert (row["epoch"], row["first_row"]) == (batch.epoch, batch.first_row)
        assert tuple(row["metric_ids"]) == batch.metric_ids
        assert row["quality"] == 0
        assert int(row["xid"]) < int(row["own_xid"])
        np.testing.assert_array_equal(np.array(row["readings"]), batch.values)


async def test_only_a_part_of_a_longer_batch_is_written(pool: Pool, plant: Plant) -> None:
    device = await plant.device("one")
    await create_partition(pool, NOON_DAY)
    whole = placed(device, 0, [[1, 2, 3], [4, 5, 6]], metric_ids=(1, 2))
    part = placed(device, 1, [[2, 3], [5, 6]], metric_ids=(1, 2), start_ms=NOON_MS + 1000)
    async with pool.acquire() as db:
        sliced = whole.values[:, 1:]
        assert batches.encode([part]) == batches.encode(
            [placed(device, 1, sliced.tolist(), metric_ids=(1, 2), start_ms=NOON_MS + 1000)]
        )
        await insert_batches(db, [part])
    assert [value for *_, value in await stored(pool, device)] == [2, 5, 3, 6]


async def test_a_partition_takes_its_utc_day_and_no_other(pool: Pool, plant: Plant) -> None:
    device = await plant.device("one")
    await create_partition(pool, NOON_DAY)
    midnight_ms = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp() * 1000)
    async with pool.acquire() as db:
        await insert_batches(db, [placed(device, 0, [1], start_ms=midnight_ms)])
        await insert_batches(db, [placed(device, 1, [1], start_ms=midnight_ms + 86_399_999)])
        for outside in (midnight_ms - 1, midnight_ms + 86_400_000):
            with pytest.raises(asyncpg.CheckViolationError):
                await insert_batches(db, [placed(device, 2, [1], start_ms=outside)])


async def test_processes_may_make_a_partition_at_the_same_time(
    pool: Pool, database_url: str
) -> None:
    async with open_pool(database_url, size=4) as other:
        await asyncio.gather(*(create_partition(each, NOON_DAY) for each in [pool, other] * 4))
    names = await pool.fetch("select inhrelid::regclass::text as name from pg_inherits")
    assert "batches_2026_11_23" in {row["name"] for row in names}


async def test_a_partition_is_made_while_somebody_reads(pool: Pool) -> None:
    async with pool.acquire() as reader, reader.transaction():
        await reader.fetch("select * from batches")  # holds its lock until the block is left
        await create_partition(pool, date(2026, 11, 24))


async def test_a_partition_has_the_indexes_of_the_table(pool: Pool) -> None:
    await create_partition(pool, NOON_DAY)
    rows = await pool.fetch(
        "select indexdef from pg_indexes where tablename = 'batches_2026_11_23' order by 1"
    )
    columns = [row["indexdef"].partition(" btree ")[2] for row in rows]
    assert columns == ["(device_id, start_at)", "(xid)"]


async def test_many_devices_are_told_in_several_notifications(pool: Pool) -> None:
    heard: list[str] = []
    all_heard = asyncio.Event()

    def hear(*told: object) -> None:
        heard.append(str(told[-1]))
        if sum(payload.count(",") + 1 for payload in heard) == 2000:
            all_heard.set()

    ids = [DeviceId(2_000_000_000 + n) for n in range(2000)]
    async with pool.acquire() as db:
        await db.add_listener("readings", hear)
        await notify_readings(pool, ids)
        await asyncio.wait_for(all_heard.wait(), 10)
        await db.remove_listener("readings", hear)
    assert [int(told) for payload in heard for told in payload.split(",")] == ids
