import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from appliance.history.readings import Source
from appliance.live import Change, Hub, Listener
from appliance.model.device import DeviceState
from appliance.model.factory import Factory
from appliance.model.live import AlertChanged, DeviceChanged
from appliance.model.scope import Scope
from appliance.store.pool import Pool
from appliance.workers import relay
from appliance.workers.follower import Follower
from tests.appliance.conftest import Clock
from tests.appliance.plant import NOON_MS, Plant


@asynccontextmanager
async def relaying(pool: Pool, live: Hub, clock: Clock) -> AsyncIterator[None]:
    """The relay at work; what listened before it listened itself has been closed."""
    task = asyncio.create_task(relay.run_relay(pool, live, clock))
    with live.listen(Scope(())) as early:
        async with asyncio.timeout(20):
            assert await anext(early, None) is None
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def heard(listener: Listener, number: int) -> list[Change]:
    changes: list[Change] = []
    async with asyncio.timeout(20):
        while len(changes) < number:
            changes += await anext(listener)
    return changes


async def test_a_device_that_delivers_is_told_with_its_whole_row(
    plant: Plant, clock: Clock
) -> None:
    live = Hub()
    device_id = await plant.device("a", machine="Furnace 1")
    async with relaying(plant.pool, live, clock):
        with live.listen(plant.scope) as listener:
            await plant.send(device_id, [NOON_MS], {"temperature": [21.5]})
            [change] = await heard(listener, 1)
    assert isinstance(change, DeviceChanged)
    status = change.device
    assert (status.device.id, status.device.machine) == (device_id, "Furnace 1")
    assert (status.state, status.latest[0].value) == (DeviceState.LIVE, 21.5)


async def test_an_alert_is_told_when_it_is_raised_and_cleared(
    plant: Plant, source: Source, clock: Clock
) -> None:
    live, follower = Hub(), Follower(source, clock, ())
    device_id = await plant.device("a")
    await plant.rule(device_id)
    async with relaying(plant.pool, live, clock), plant.pool.acquire() as db:
        with live.listen(plant.scope) as listener:
            for number, value in enumerate([101.0, 99.0]):
                await plant.send(device_id, [NOON_MS + number], {"temperature": [value]})
                await follower.follow(db)
                changes = await heard(listener, 1)
                while not isinstance(changes[-1], AlertChanged):
                    changes += await heard(listener, 1)
                alert = changes[-1].alert
                assert (alert.raised_value, alert.cleared_at is not None) == (101.0, number == 1)


async def test_many_posts_are_told_as_few_events(
    plant: Plant, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[int] = []

    class Counting(Hub):
        def publish(self, change: Change, factory_id: int) -> None:
            published.append(factory_id)
            super().publish(change, factory_id)

    live = Counting()
    device_ids = [await plant.device(name) for name in "abc"]
    monkeypatch.setattr(relay, "GATHER_SECONDS", 0.5)
    async with relaying(plant.pool, live, clock):
        with live.listen(plant.scope) as listener:
            for number in range(10):
                for device_id in device_ids:
                    await plant.send(device_id, [NOON_MS + number], {"gas": [float(number)]})
            values: dict[int, float] = {}
            while set(values.values()) != {9.0} or len(values) < 3:
                for change in await heard(listener, 1):
                    assert isinstance(change, DeviceChanged)
                    values[change.device.device.id] = change.device.latest[0].value
    assert len(published) <= 12


async def test_a_device_that_falls_silent_is_told_without_any_post(
    plant: Plant, clock: Clock
) -> None:
    live = Hub()
    device_id = await plant.device("a", interval_ms=1000)
    await plant.send(device_id, [NOON_MS], {"temperature": [21.5]})
    async with relaying(plant.pool, live, clock):
        with live.listen(plant.scope) as listener:
            for seconds, state in ((4, DeviceState.STALE), (60, DeviceState.OFFLINE)):
                clock.forward(seconds=seconds)
                [change] = await heard(listener, 1)
                assert isinstance(change, DeviceChanged)
                assert change.device.state == state


async def test_each_factory_hears_of_itself(plant: Plant, south: Factory, clock: Clock) -> None:
    live = Hub()
    other = Plant(plant.pool, south.id)
    ours, theirs = await plant.device("ours"), await other.device("theirs")
    async with relaying(plant.pool, live, clock):
        with live.listen(plant.scope) as listener, live.listen(other.scope) as other_listener:
            await plant.send(theirs, [NOON_MS], {"gas": [1.0]})
            await plant.send(ours, [NOON_MS], {"gas": [1.0]})
            for one, device_id in ((listener, ours), (other_listener, theirs)):
                [change] = await heard(one, 1)
                assert isinstance(change, DeviceChanged)
                assert change.device.device.id == device_id


async def test_after_a_loss_of_the_database_everybody_starts_anew(
    plant: Plant, clock: Clock
) -> None:
    live = Hub()
    device_id = await plant.device("a")
    async with relaying(plant.pool, live, clock):
        with live.listen(plant.scope) as listener:
            await plant.pool.execute(
                """
                select pg_terminate_backend(pid) from pg_stat_activity
                 where datname = current_database() and query like 'LISTEN %'
                """
            )
            async with asyncio.timeout(20):
                while await anext(listener, None) is not None:
                    pass
        with live.listen(plant.scope) as listener:
            await plant.send(device_id, [NOON_MS], {"gas": [1.0]})
            assert len(await heard(listener, 1)) == 1


async def test_a_mistake_in_the_program_is_not_survived(
    plant: Plant, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def mistaken(*_args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(relay, "publish", mistaken)
    live = Hub()
    device_id = await plant.device("a")
    task = asyncio.create_task(relay.run_relay(plant.pool, live, clock))
    with live.listen(Scope(())) as early:
        await anext(early, None)
    with live.listen(plant.scope):
        await plant.send(device_id, [NOON_MS], {"gas": [1.0]})
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(task, 20)
