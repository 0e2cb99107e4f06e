import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import pytest

from appliance.alarms.evaluation import Evaluation
from appliance.analytics.standards import shipped
from appliance.history.readings import Source
from appliance.model.alert import Alert, AlertState
from appliance.store import alerts, batches, cursors, outage, readings, rule_states, rules
from appliance.store.notifications import listen
from appliance.store.pool import open_pool
from appliance.workers import engine
from appliance.workers import follower as follower_module
from appliance.workers.follower import Follower
from tests.appliance.conftest import Clock
from tests.appliance.plant import NOON, NOON_MS, Plant, at

SECOND = 1000
LIMITS = shipped()


async def told(plant: Plant) -> list[Alert]:
    found = await alerts.select_alerts(plant.pool, plant.scope, "all")
    return sorted(found, key=lambda alert: alert.id)


def follower(source: Source) -> Follower:
    return Follower(source, lambda: NOON, LIMITS)


async def follow_all(source: Source) -> int:
    done = 0
    following = follower(source)
    async with source.db.acquire() as db:
        while number := await following.follow(db):
            done += number
        await following.flush(db)
    return done


async def eventually(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not await condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(source: Source, clock: Clock) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(engine.run_engine(source, clock))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_an_alert_is_raised_and_cleared_with_the_readings_own_times(
    source: Source, plant: Plant
) -> None:
    device_id = await plant.device("a", machine="Furnace 1", area="Melting")
    rule_id = await plant.rule(device_id, deadband=2.0, priority=1)
    times = [NOON_MS + number * SECOND for number in range(4)]
    await plant.send(device_id, times, {"gas": [1.0] * 4, "temperature": [99.0, 101.5, 99.0, 97.5]})
    assert await follow_all(source) == 1
    [alert] = await told(plant)
    assert (alert.rule_id, alert.device, alert.machine, alert.area, alert.metric, alert.kind) == (
        rule_id, "a", "Furnace 1", "Melting", "temperature", "threshold",
    )  # fmt: skip
    assert (alert.raised_at, alert.raised_value, alert.limit) == (at(times[1]), 101.5, 100.0)
    assert (alert.cleared_at, alert.state) == (at(times[3]), AlertState.RETURNED)


async def test_what_happened_is_told_to_those_who_listen(source: Source, plant: Plant) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id)
    async with plant.pool.acquire() as db, listen(db, alerts.CHANNEL) as news:
        await plant.send(device_id, [NOON_MS, NOON_MS + 1], {"temperature": [101.0, 99.0]})
        await follow_all(source)
        await news.wait(20)
        heard = news.take()
    [alert] = await told(plant)
    assert heard == {alerts.CHANNEL: {str(alert.id)}}


async def test_a_clock_set_back_does_not_turn_the_steps_of_a_rule_around(
    source: Source, plant: Plant
) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id)
    earlier = NOON_MS - 3_600_000
    await plant.send(device_id, [NOON_MS], {"temperature": [150.0]})
    await plant.send(device_id, [earlier], {"temperature": [50.0]}, received_ms=earlier)
    assert await follow_all(source) == 2
    [alert] = await told(plant)
    assert (alert.raised_at, alert.state) == (at(NOON_MS), AlertState.RETURNED)


async def test_an_alert_raised_again_within_a_millisecond_is_another(
    source: Source, plant: Plant
) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id)
    await plant.send(device_id, [NOON_MS] * 3, {"temperature": [150.0, 50.0, 160.0]})
    await follow_all(source)
    assert [(alert.raised_value, alert.cleared_at) for alert in await told(plant)] == [
        (150.0, at(NOON_MS)),
        (160.0, None),
    ]


async def test_the_readings_of_a_slow_device_follow_each_other(
    source: Source, plant: Plant
) -> None:
    slow, quick = await plant.device("slow", interval_ms=600_000), await plant.device("quick")
    times = [NOON_MS, NOON_MS + 600_000]
    for device_id in (slow, quick):
        await plant.rule(device_id, on_delay_seconds=10.0)
        await plant.send(device_id, times, {"temperature": [101.0, 101.0]})
    await follow_all(source)
    assert [(alert.device, alert.raised_at) for alert in await told(plant)] == [
        ("slow", at(times[1]))
    ]


async def test_nothing_is_evaluated_twice(source: Source, plant: Plant) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id)
    for number in range(5):
        await plant.send(device_id, [NOON_MS + number], {"temperature": [90.0 + 20 * (number % 2)]})
    assert await follow_all(source) == 5
    assert await follow_all(source) == 0
    assert len(await told(plant)) == 2


async def test_chunks_do_not_change_what_comes_out(
    source: Source, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower_module, "CHUNK_BATCHES", 1)
    device_id = await plant.device("a")
    await plant.rule(device_id, on_delay_seconds=3.0, off_delay_seconds=1.0)
    for number, value in enumerate([101, 102, 103, 104, 90, 91, 101, 90]):
        await plant.send(device_id, [NOON_MS + number * SECOND], {"temperature": [float(value)]})
    assert await follow_all(source) == 8
    [alert] = await told(plant)
    assert (alert.raised_at, alert.cleared_at) == (at(NOON_MS + 3000), at(NOON_MS + 5000))


async def test_a_chunk_holds_whole_transactions(
    source: Source, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower_module, "CHUNK_BATCHES", 1)
    device_id = await plant.device("a")
    await plant.rule(device_id)
    midnight = NOON_MS + 43_200_000
    await plant.send(
        device_id, [midnight - 1, midnight, midnight + 1], {"temperature": [101.0, 99.0, 101.0]}
    )
    async with plant.pool.acquire() as db:
        assert await follower(source).follow(db) == 2
    assert [alert.raised_at for alert in await told(plant)] == [at(midnight - 1), at(midnight + 1)]


async def test_a_batch_that_commits_after_a_later_one_is_not_missed(
    source: Source, plant: Plant, database_url: str
) -> None:
    early, late = await plant.device("early"), await plant.device("late")
    await plant.rule(early)
    await plant.rule(late)
    await plant.send(early, [NOON_MS - 1], {"temperature": [20.0]})  # the day's partition
    await follow_all(source)
    other = await asyncpg.connect(database_url)
    try:
        slow = other.transaction()
        await slow.start()
        await other.execute(
            """
            insert into batches (start_at, epoch, first_row, received_at, device_id, quality,
                                 metric_ids, offsets_ms, readings)
            values ($1, 9, 0, $1, $2, 0, '{1}', '{0}', '{{101}}')
            """,
            NOON,
            early,
        )
        await plant.send(late, [NOON_MS], {"temperature": [102.0]})
        assert await follow_all(source) == 0
        await slow.commit()
    finally:
        await other.close()
    assert await follow_all(source) == 2
    assert {alert.device for alert in await told(plant)} == {"early", "late"}


async def test_a_rule_keeps_to_its_device_and_its_metric(source: Source, plant: Plant) -> None:
    hot, cold = await plant.device("hot"), await plant.device("cold")
    await plant.rule(hot, metric="gas")
    await plant.rule(cold, mode="draft")
    await plant.send(hot, [NOON_MS], {"temperature": [900.0]})
    await plant.send(cold, [NOON_MS], {"temperature": [900.0]})
    assert await follow_all(source) == 2
    assert await told(plant) == []


@pytest.mark.parametrize(
    ("module", "step"),
    [
        (rules, "lock_rules"),
        (readings, "select_committed"),
        (alerts, "insert_alert"),
        (alerts, "update_alert_cleared"),
        (rule_states, "update_rule_states"),
        (cursors, "update_cursor"),
    ],
)
@pytest.mark.parametrize("after", [False, True])
async def test_a_loss_of_the_database_at_any_step_changes_nothing(
    source: Source,
    plant: Plant,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    module,
    step: str,
    after: bool,
) -> None:
    real = getattr(module, step)
    planted = {"left": 3}
    monkeypatch.setattr(outage, "LONGEST_SECONDS", 0.05)

    async def failing(*args, **options):
        if planted["left"]:
            planted["left"] -= 1
            if after:
                await real(*args, **options)
            raise asyncpg.ConnectionDoesNotExistError("planted")
        return await real(*args, **options)

    device_id = await plant.device("a")
    await plant.rule(device_id, on_delay_seconds=1.0)
    for start in range(0, 40_000, 4_000):
        times = [NOON_MS + start + number * SECOND for number in range(4)]
        await plant.send(device_id, times, {"temperature": [99.0, 101.0, 102.0, 103.0]})
    monkeypatch.setattr(
        follower_module if hasattr(follower_module, step) else module, step, failing
    )
    async with running(source, clock):
        await eventually(lambda: done(plant, 10))
    assert planted["left"] == 0
    found = await told(plant)
    assert [alert.raised_at for alert in found] == [
        at(NOON_MS + start + 2 * SECOND) for start in range(0, 40_000, 4_000)
    ]
    assert [alert.cleared_at for alert in found[:-1]] == [
        at(NOON_MS + start) for start in range(4_000, 40_000, 4_000)
    ]


async def done(plant: Plant, number: int) -> bool:
    return await plant.pool.fetchval("select count(*) = $1 from alerts", number)


async def test_a_mistake_in_the_program_is_not_survived(
    source: Source, plant: Plant, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_args: object, **_options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Evaluation, "take", mistaken)
    device_id = await plant.device("a")
    await plant.rule(device_id)
    await plant.send(device_id, [NOON_MS], {"temperature": [101.0]})
    async with running(source, clock) as task:
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(task, 20)


async def test_one_works_and_another_takes_over(source: Source, plant: Plant, clock: Clock) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id)
    async with running(source, clock) as second:
        await asyncio.sleep(0.1)
        async with running(source, clock):
            for number in range(3):
                time = NOON_MS + number * 10
                await plant.send(device_id, [time, time + 5], {"temperature": [101.0, 99.0]})
            await eventually(lambda: done(plant, 3))
            leaders = "select count(*) from pg_locks where granted and objid = $1"
            assert await plant.pool.fetchval(leaders, cursors._LEAD & 0xFFFFFFFF) == 1
            second.cancel()
            await asyncio.wait([second])
            await plant.send(device_id, [NOON_MS + 100], {"temperature": [101.0]})
            await eventually(lambda: done(plant, 4))


async def test_it_survives_the_loss_of_its_connection_and_says_so_once(
    source: Source, plant: Plant, clock: Clock, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "appliance.store.outage")
    device_id = await plant.device("a")
    await plant.rule(device_id)
    async with (
        open_pool(database_url, size=1) as its_own,
        running(source._replace(db=its_own), clock),
    ):
        for number in range(3):
            await plant.send(device_id, [NOON_MS + number * 10], {"temperature": [101.0]})
            await plant.send(device_id, [NOON_MS + number * 10 + 5], {"temperature": [99.0]})
            await eventually(lambda number=number: done(plant, number + 1))
            await eventually(lambda number=number: _said(caplog, "works again", number))
            await plant.pool.execute(
                """
                select pg_terminate_backend(pid) from pg_locks
                 where locktype = 'advisory' and objsubid = 1 and database = (
                           select oid from pg_database where datname = current_database()
                       )
                """
            )
            await eventually(
                lambda number=number: _said(caplog, "waits for PostgreSQL", number + 1)
            )
        await eventually(lambda: _said(caplog, "works again", 3))


async def _said(caplog: pytest.LogCaptureFixture, words: str, times: int) -> bool:
    return sum(words in line for line in caplog.messages) == times


async def test_a_cursor_from_another_server_does_not_stop_the_rules(
    source: Source, plant: Plant, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async with plant.pool.acquire() as db:
        await cursors.update_cursor(db, cursors.ENGINE, 0, 10**12)
    device_id = await plant.device("a")
    await plant.rule(device_id)
    async with running(source, clock):
        await eventually(lambda: _said(caplog, "restored elsewhere", 1))
        await plant.send(device_id, [NOON_MS], {"temperature": [101.0]})
        await eventually(lambda: done(plant, 1))


async def test_batches_from_another_server_are_not_evaluated_again(
    source: Source, plant: Plant
) -> None:
    device_id = await plant.device("a")
    await plant.send(device_id, [NOON_MS], {"temperature": [101.0]})
    async with plant.pool.acquire() as db:
        ahead = int(await db.fetchval("select pg_current_xact_id()::text")) + 40
        await db.execute("update batches set xid = $1", ahead)
        await cursors.update_cursor(db, cursors.ENGINE, 0, ahead + 1)
        assert await cursors.update_cursor_ahead(db, cursors.ENGINE)
        await plant.rule(device_id)
        for _ in range(50):
            await db.fetchval("select pg_current_xact_id()")
    assert await follow_all(source) == 0
    await plant.send(device_id, [NOON_MS + 1], {"temperature": [102.0]})
    assert await follow_all(source) == 1


async def test_a_transaction_open_elsewhere_that_holds_up_the_alarms_is_told(
    source: Source, plant: Plant, clock: Clock, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id)
    elsewhere = await asyncpg.connect(database_url, database="carbonseed")
    try:
        async with running(source, clock):
            async with elsewhere.transaction():
                await elsewhere.fetchval("select pg_current_xact_id()")
                await plant.send(device_id, [NOON_MS], {"temperature": [101.0]})
                clock.forward(seconds=60)
                await asyncio.sleep(1.5)
                assert not await _said(caplog, "Alerts are late", 1)
                clock.forward(seconds=1)
                await eventually(lambda: _said(caplog, "Alerts are late", 1))
                await asyncio.sleep(1.5)
            await eventually(lambda: done(plant, 1))
    finally:
        await elsewhere.close()
    assert await _said(caplog, "Alerts are late", 1)


async def test_the_next_batches_are_found_by_their_index(plant: Plant) -> None:
    device_id = await plant.device("a")
    for day in range(3):
        await batches.create_partition(plant.pool, (NOON + timedelta(days=day)).date())
    await plant.send(device_id, [NOON_MS], {"temperature": [1.0]})
    async with plant.pool.acquire() as db, db.transaction():
        await db.execute("set local enable_seqscan = off")
        plan = await db.fetch(
            """
            explain select * from batches
             where xid >= '5' and xid < pg_snapshot_xmin(pg_current_snapshot())
             order by xid fetch first 200 rows with ties
            """
        )
    lines = "\n".join(row[0] for row in plan)
    assert "Seq Scan" not in lines
