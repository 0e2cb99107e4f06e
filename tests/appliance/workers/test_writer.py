"""The writer: what it says is stored is stored, once, whoever else fails."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import asyncpg
import pytest

from appliance.errors import DatabaseUnavailable, Unavailable, Unprocessable
from appliance.model.batch import Stored
from appliance.store.pool import Db, Pool, open_pool
from appliance.workers import writer as module
from appliance.workers.writer import Writer
from tests.appliance.plant import DAY_MS, NOON_MS, Plant
from tests.appliance.workers.batches import placed, stored


@asynccontextmanager
async def running(pool: Pool, queue_batches: int = 1000) -> AsyncIterator[Writer]:
    writer = Writer(pool, queue_batches)
    task = asyncio.create_task(writer.run())
    yield writer
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture
async def writer(pool: Pool) -> AsyncIterator[Writer]:
    async with running(pool) as started:
        yield started


async def test_a_batch_is_there_when_store_returns(writer: Writer, plant: Plant) -> None:
    device = await plant.device("one")
    batch = placed(device, 3, [[1.5, None], [7, 8]], metric_ids=(2, 5))
    assert await writer.store(batch) == Stored(2, 0)
    assert await stored(plant.pool, device) == [
        (3, NOON_MS, 2, 1.5),
        (3, NOON_MS, 5, 7),
        (4, NOON_MS + 1000, 2, None),
        (4, NOON_MS + 1000, 5, 8),
    ]


async def test_rows_sent_again_with_another_time_and_value_change_nothing(
    writer: Writer, plant: Plant
) -> None:
    device = await plant.device("one")
    await writer.store(placed(device, 0, [1, 2, 3]))
    again = placed(device, 1, [8, 9, 10], start_ms=NOON_MS + 5 * DAY_MS)
    assert await writer.store(again) == Stored(1, 2)
    assert [(row, value) for row, _, _, value in await stored(plant.pool, device)] == [
        (0, 1),
        (1, 2),
        (2, 3),
        (3, 10),
    ]


async def test_overlapping_batches_that_wait_together_are_stored_once(
    writer: Writer, plant: Plant
) -> None:
    device = await plant.device("one")
    outcomes = await asyncio.gather(
        *(writer.store(placed(device, first, range(first, first + 4))) for first in (0, 2, 9, 0, 3))
    )
    assert sum(outcome.stored for outcome in outcomes) == 6 + 4 + 1
    assert [(row, value) for row, _, _, value in await stored(plant.pool, device)] == [
        (row, row) for row in (0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 12)
    ]


async def test_the_ledger_tells_what_came_what_was_lost_and_what_came_twice(
    writer: Writer, plant: Plant
) -> None:
    device = await plant.device("one")
    await writer.store(placed(device, 0, [1, 2], boot=4, dropped=0))
    await writer.store(placed(device, 0, [1, 2], dropped=5))
    await writer.store(placed(device, 7, [], dropped=5, start_ms=NOON_MS + 9000))
    await writer.store(placed(device, 7, [3], dropped=3, start_ms=NOON_MS + 7000))
    row = await plant.pool.fetchrow(
        """
        select received::text, boot, dropped, duplicates, first_ms, last_ms,
               (extract(epoch from last_seen) * 1000)::bigint as last_seen
          from streams where device_id = $1""",
        device,
    )
    assert tuple(row) == ("{[0,2),[7,8)}", 4, 5, 2, NOON_MS, NOON_MS + 7000, NOON_MS + 7000)


async def test_readings_beyond_belief_are_set_aside_and_count_as_received(
    writer: Writer, plant: Plant, caplog: pytest.LogCaptureFixture
) -> None:
    device = await plant.device("one")
    batch = placed(device, 0, [1, None], step_ms=2 * 3_600_000, received_ms=NOON_MS)
    assert await writer.store(batch) == Stored(1, 0)
    assert await writer.store(batch) == Stored(0, 2)
    [said] = caplog.messages
    assert f"device {device} 1 rows are set aside" in said
    assert "more than an hour after" in said
    row = await plant.pool.fetchrow("select * from quarantine where device_id = $1", device)
    assert row is not None
    assert (row["row_number"], row["reason"]) == (1, "more than an hour after it was received")
    assert row["reading"] == {
        "time_ms": NOON_MS + 7_200_000,
        "metric_ids": [1],
        "readings": [None],
    }


async def test_listeners_are_told_which_devices_were_heard_of(writer: Writer, plant: Plant) -> None:
    one, two = await plant.device("one"), await plant.device("two")
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with plant.pool.acquire() as db:
        hear = lambda *told: heard.put_nowait(str(told[-1]))  # noqa: E731
        await db.add_listener("readings", hear)
        await asyncio.gather(
            writer.store(placed(one, 0, [1])), writer.store(placed(two, 0, [1], epoch=2))
        )
        told = {await heard.get()}
        while "," not in "".join(told) and len(told) < 2:
            told.add(await heard.get())
        assert set(",".join(told).split(",")) == {str(one), str(two)}
        await writer.store(placed(one, 0, [1]))  # all of it is there, and yet it was heard of
        assert await asyncio.wait_for(heard.get(), 10) == str(one)
        await writer.store(placed(two, 9, [], health={"rssi": -61}))
        assert await asyncio.wait_for(heard.get(), 10) == str(two)
        await db.remove_listener("readings", hear)


async def test_a_batch_that_the_database_refuses_does_not_hold_up_the_others(
    writer: Writer, plant: Plant, caplog: pytest.LogCaptureFixture
) -> None:
    device, nobody = await plant.device("one"), 4711
    outcomes = await asyncio.gather(
        writer.store(placed(device, 0, [1])),
        writer.store(placed(nobody, 0, [1])),
        writer.store(placed(device, 1, [2])),
        return_exceptions=True,
    )
    assert outcomes[0] == outcomes[2] == Stored(1, 0)
    assert isinstance(outcomes[1], Unprocessable)
    assert "4711" in caplog.text
    assert len(await stored(plant.pool, device)) == 2


async def test_a_row_that_cannot_be_read_any_more_concerns_its_device_alone(
    writer: Writer, plant: Plant, caplog: pytest.LogCaptureFixture
) -> None:
    damaged, sound = await plant.device("damaged"), await plant.device("sound")
    await plant.pool.execute(
        f"""
        create function refuse() returns trigger language plpgsql as $$
        begin
            if new.device_id = {damaged} then
                raise 'invalid page in block 7' using errcode = 'data_corrupted';
            end if;
            return new;
        end $$;
        create trigger damage before insert or update on latest
            for each row execute function refuse()"""
    )
    for row in range(2):
        outcomes = await asyncio.gather(
            writer.store(placed(damaged, row, [1])),
            writer.store(placed(sound, row, [1])),
            return_exceptions=True,
        )
        assert isinstance(outcomes[0], DatabaseUnavailable)
        assert outcomes[1] == Stored(1, 0)
    assert "invalid page in block 7" in caplog.text
    await plant.pool.execute("drop trigger damage on latest")
    assert await writer.store(placed(damaged, 0, [1])) == Stored(1, 0)


async def test_a_partition_that_has_gone_is_made_again(writer: Writer, plant: Plant) -> None:
    device = await plant.device("one")
    await writer.store(placed(device, 0, [1]))
    await plant.pool.execute("drop table batches_2026_11_23")
    assert await writer.store(placed(device, 1, [2])) == Stored(1, 0)


async def test_whoever_waits_is_told_when_the_database_is_away_and_served_when_it_is_back(
    writer: Writer, plant: Plant, caplog: pytest.LogCaptureFixture
) -> None:
    device = await plant.device("one")
    await writer.store(placed(device, 0, [1]))
    async with plant.pool.acquire() as db, db.transaction():
        await db.execute("select from streams for update")  # the writer hangs on the stream
        waiting = [asyncio.create_task(writer.store(placed(device, n, [1]))) for n in (0, 1)]
        hanging = await pid_that_waits(db)
        waiting.append(asyncio.create_task(writer.store(placed(device, 2, [1]))))
        await asyncio.sleep(0)
        await db.execute("select pg_terminate_backend($1)", hanging)
        for task in waiting:
            with pytest.raises(DatabaseUnavailable) as refused:
                await task
            assert refused.value.retry_after_seconds
    for _ in range(2):
        assert await writer.store(placed(device, 0, [1])) == Stored(0, 1)
    told = [record.message for record in caplog.records if record.name == module.__name__]
    assert len(told) == 2
    assert "terminating connection" in told[0]
    assert told[1] == "Readings are stored again."


async def pid_that_waits(db: Db) -> int:
    """The server process of the connection that waits for a lock, once there is one."""
    while True:
        pid: int | None = await db.fetchval(
            "select pid from pg_locks where not granted and pid <> pg_backend_pid()"
        )
        if pid is not None:
            return pid
        await asyncio.sleep(0.01)


async def test_a_connection_that_ended_while_nothing_came_is_not_noticed(
    writer: Writer, plant: Plant
) -> None:
    device = await plant.device("one")
    await writer.store(placed(device, 0, [1]))
    async with plant.pool.acquire() as db:
        await db.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    assert await writer.store(placed(device, 1, [1])) == Stored(1, 0)


async def test_only_so_many_batches_wait(pool: Pool, plant: Plant) -> None:
    writer = Writer(pool, queue_batches=2)  # and it does not run
    device = await plant.device("one")
    waiting = [asyncio.create_task(writer.store(placed(device, n, [1]))) for n in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refused:
        await writer.store(placed(device, 2, [1]))
    assert refused.value.retry_after_seconds
    run = asyncio.create_task(writer.run())
    assert await asyncio.gather(*waiting) == [Stored(1, 0)] * 2
    run.cancel()


async def test_who_leaves_does_not_end_the_writer(writer: Writer, plant: Plant) -> None:
    device = await plant.device("one")
    leaving = [asyncio.create_task(writer.store(placed(device, n, [n]))) for n in range(20)]
    await asyncio.sleep(0)
    for task in leaving[::2]:
        task.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)
    assert await writer.store(placed(device, 0, range(21))) == Stored(1, 20)


async def test_a_writer_that_cannot_go_on_refuses_whoever_waits_and_ends(
    plant: Plant, database_url: str
) -> None:
    async with open_pool(database_url, size=2) as pool:
        writer = Writer(pool, queue_batches=10)
        device = await plant.device("one")
        waiting = asyncio.create_task(writer.store(placed(device, 0, [1])))
        await plant.pool.execute("alter table streams rename to other")
        with pytest.raises(asyncpg.UndefinedTableError):
            await writer.run()
        with pytest.raises(Unavailable):
            await waiting


async def test_more_than_fits_goes_in_several_transactions(
    writer: Writer, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST_TRANSACTION", 5)
    sizes = [2, 2, 2, 9, 1]
    devices = [await plant.device(f"node {n}") for n in range(len(sizes))]
    await asyncio.gather(
        *(writer.store(placed(d, 0, [1] * n)) for d, n in zip(devices, sizes, strict=True))
    )
    assert await together(plant.pool) == [devices[:2], devices[2:3], devices[3:4], devices[4:]]


async def test_two_batches_of_a_device_go_one_after_the_other(writer: Writer, plant: Plant) -> None:
    one, two = await plant.device("one"), await plant.device("two")
    await asyncio.gather(
        *(writer.store(placed(device, row, [1])) for row in range(3) for device in (one, two)),
        writer.store(placed(one, 0, [1], epoch=2)),
    )
    assert await together(plant.pool) == [[one, two], [one, two], [one, two], [one]]


async def together(db: Db) -> list[list[int]]:
    """The devices of the batches of each transaction, in their order."""
    rows = await db.fetch(
        "select array_agg(device_id order by device_id) from batches group by xid order by xid"
    )
    return [row[0] for row in rows]


async def test_a_ledger_that_lost_its_rows_is_noticed_before_anything_is_acknowledged(
    writer: Writer, plant: Plant
) -> None:
    device = await plant.device("one")
    await writer.store(placed(device, 0, [1]))
    await plant.pool.execute("delete from streams")
    with pytest.raises(DatabaseUnavailable):
        await writer.store(placed(device, 1, [1]))
    assert await writer.store(placed(device, 1, [1])) == Stored(1, 0)
    assert len(await stored(plant.pool, device)) == 2


async def test_two_writers_store_what_many_streams_send_to_both_once(
    plant: Plant, database_url: str
) -> None:
    """As two processes would, each with connections of its own; every row goes to both."""
    devices = [await plant.device(f"node {n}") for n in range(12)]
    epochs = (1, 2, -3)

    def rounds() -> Iterator[list[tuple[int, int, int]]]:
        for first in range(0, 60, 5):
            yield [(device, epoch, first) for device in devices for epoch in epochs]

    async def send(writer: Writer, reverse: bool) -> int:
        new = 0
        for each in rounds():
            order = reversed(each) if reverse else each
            outcomes = await asyncio.gather(
                *(
                    writer.store(placed(device, first, range(first, first + 7), epoch=epoch))
                    for device, epoch, first in order
                )
            )
            new += sum(outcome.stored for outcome in outcomes)
        return new

    async with (
        open_pool(database_url, size=2) as one,
        open_pool(database_url, size=2) as two,
        running(one) as first,
        running(two) as second,
    ):
        new = await asyncio.gather(send(first, reverse=False), send(second, reverse=True))
    assert sum(new) == len(devices) * len(epochs) * 62
    rows = await plant.pool.fetch(
        """
        select device_id, epoch, array_agg(row_number order by row_number) as rows,
               bool_and(value = row_number) as same
          from sensor_readings group by 1, 2"""
    )
    assert len(rows) == len(devices) * len(epochs)
    for row in rows:
        assert row["rows"] == list(range(62))
        assert row["same"]
