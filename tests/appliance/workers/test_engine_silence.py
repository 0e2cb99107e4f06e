"""No-data rules in the engine: what silence is, and whose clock tells."""

import asyncio
from datetime import timedelta

from appliance.history.readings import Source
from appliance.model.alert import AlertState
from appliance.workers import engine
from tests.appliance.conftest import Clock
from tests.appliance.plant import NOON, NOON_MS, Plant, at
from tests.appliance.workers.test_engine import done, eventually, running, told


async def silences(plant: Plant, listening_at, now) -> None:
    async with plant.pool.acquire() as db:
        await engine.watch_silence(db, listening_at, now)


async def test_a_silent_device_raises_and_clears(plant: Plant) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id, "no_data", on_delay_seconds=60.0, message="Silent")
    await plant.send(device_id, [NOON_MS], {"temperature": [1.0]})
    for seconds, number in ((59, 0), (60, 1), (61, 1), (4000, 1)):
        await silences(plant, NOON, NOON + timedelta(seconds=seconds))
        assert len(await told(plant)) == number
    await plant.send(device_id, [NOON_MS + 4_100_000], {"temperature": [1.0]})
    await silences(plant, NOON, NOON + timedelta(seconds=4101))
    [alert] = await told(plant)
    assert (alert.raised_at, alert.cleared_at) == (at(NOON_MS + 60_000), at(NOON_MS + 4_100_000))
    assert (alert.kind, alert.metric, alert.raised_value) == ("no_data", None, None)


async def test_time_in_which_the_box_was_down_is_no_silence(plant: Plant) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id, "no_data", on_delay_seconds=60.0)
    await plant.rule(await plant.device("never heard of"), "no_data", on_delay_seconds=60.0)
    await plant.send(device_id, [NOON_MS], {"temperature": [1.0]})
    started = NOON + timedelta(hours=2)
    await silences(plant, started, started + timedelta(seconds=59))
    assert await told(plant) == []
    await silences(plant, started, started + timedelta(seconds=60))
    assert [alert.raised_at for alert in await told(plant)] == [started + timedelta(minutes=1)] * 2


async def test_a_time_from_before_the_clock_was_set_back_hides_no_silence(plant: Plant) -> None:
    device_id = await plant.device("a")
    ahead = NOON_MS + 86_400_000
    await plant.rule(device_id, "no_data", on_delay_seconds=60.0, changed_at=at(ahead))
    await plant.send(device_id, [ahead], {"temperature": [1.0]})
    await silences(plant, NOON, NOON + timedelta(seconds=59))
    assert await told(plant) == []
    await silences(plant, NOON, NOON + timedelta(seconds=60))
    assert [alert.raised_at for alert in await told(plant)] == [NOON + timedelta(seconds=60)]
    await plant.send(device_id, [NOON_MS + 61_000], {"temperature": [1.0]})
    await silences(plant, NOON, NOON + timedelta(seconds=62))
    assert [alert.state for alert in await told(plant)] == [AlertState.RETURNED]


async def test_a_device_heard_of_a_moment_after_now_is_not_silent(plant: Plant) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id, "no_data", on_delay_seconds=60.0)
    await plant.send(device_id, [NOON_MS + 5], {"temperature": [1.0]})
    await silences(plant, NOON - timedelta(hours=1), NOON)
    assert await told(plant) == []


async def test_a_clock_set_back_under_a_running_engine_hides_no_silence(
    source: Source, plant: Plant, clock: Clock
) -> None:
    await plant.rule(await plant.device("a"), "no_data", on_delay_seconds=60.0)
    clock.forward(days=1)
    async with running(source, clock):
        await asyncio.sleep(0.3)
        clock.forward(days=-1)
        await asyncio.sleep(1.5)
        clock.forward(seconds=61)
        await eventually(lambda: done(plant, 1))


async def test_a_silence_goes_on_over_a_restart(plant: Plant) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id, "no_data", on_delay_seconds=60.0)
    await plant.send(device_id, [NOON_MS], {"temperature": [1.0]})
    await silences(plant, NOON, NOON + timedelta(minutes=5))
    again = NOON + timedelta(minutes=10)
    for seconds in (1, 61):
        await silences(plant, again, again + timedelta(seconds=seconds))
    [alert] = await told(plant)
    assert alert.state == AlertState.UNACKNOWLEDGED


async def test_a_rule_changed_a_moment_ago_begins_its_silence_anew(plant: Plant) -> None:
    device_id = await plant.device("a")
    changed_at = NOON + timedelta(minutes=30)
    await plant.rule(device_id, "no_data", on_delay_seconds=60.0, changed_at=changed_at)
    await plant.send(device_id, [NOON_MS], {"temperature": [1.0]})
    await silences(plant, NOON, changed_at + timedelta(seconds=59))
    assert await told(plant) == []
    await silences(plant, NOON, changed_at + timedelta(seconds=60))
    assert len(await told(plant)) == 1


async def test_the_running_engine_notices_silence_by_itself(
    source: Source, plant: Plant, clock: Clock
) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id, "no_data", on_delay_seconds=60.0)
    async with running(source, clock):
        await asyncio.sleep(0.3)
        clock.forward(seconds=61)
        await eventually(lambda: done(plant, 1))
