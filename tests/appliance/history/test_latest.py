import math
from datetime import timedelta

import pytest

from appliance.history import latest
from appliance.model.device import DeviceState, Value
from appliance.model.factory import Factory
from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.store.pool import Pool
from tests.appliance.plant import NOON, NOON_MS, Plant, at


@pytest.mark.parametrize(
    ("interval_ms", "silent_ms", "expected"),
    [
        (10_000, 0, DeviceState.LIVE),
        (10_000, 29_999, DeviceState.LIVE),
        (10_000, 30_000, DeviceState.STALE),
        (10_000, 199_999, DeviceState.STALE),
        (10_000, 200_000, DeviceState.OFFLINE),
        (1_000, 59_999, DeviceState.STALE),
        (1_000, 60_000, DeviceState.OFFLINE),
        (60_000, -5_000, DeviceState.LIVE),
    ],
)
def test_the_state_follows_from_the_silence(
    interval_ms: int, silent_ms: int, expected: DeviceState
) -> None:
    heard = NOON - timedelta(milliseconds=silent_ms)
    assert latest.state(heard, interval_ms, NOON) == expected


def test_a_device_never_heard_of_says_so() -> None:
    assert latest.state(None, 1000, NOON) == DeviceState.NEVER


async def test_devices_come_abnormal_first_with_their_newest_values(plant: Plant) -> None:
    live = await plant.device("b", machine="Furnace 1", area="Melting")
    stale, offline = await plant.device("c"), await plant.device("a")
    await plant.device("d")
    for device_id, silent_ms in ((live, 500), (stale, 5_000), (offline, 90_000)):
        time_ms = NOON_MS - silent_ms
        readings = {"gas": [1.0, math.nan], "temperature": [20.0, 21.5]}
        await plant.send(device_id, [time_ms - 1, time_ms], readings)

    found = await latest.statuses(plant.pool, plant.scope, NOON)

    assert [(one.device.name, one.state) for one in found] == [
        ("a", DeviceState.OFFLINE),
        ("c", DeviceState.STALE),
        ("d", DeviceState.NEVER),
        ("b", DeviceState.LIVE),
    ]
    assert found[3].latest == [
        Value("temperature", at(NOON_MS - 500), 21.5),
        Value("gas", at(NOON_MS - 501), 1.0),
    ]
    assert found[3].received_at == at(NOON_MS - 500)
    assert (found[3].device.machine, found[3].device.area) == ("Furnace 1", "Melting")
    assert (found[2].received_at, found[2].latest) == (None, [])


def test_a_time_ahead_of_now_is_no_sign_of_life() -> None:
    for ahead, expected in (
        (timedelta(seconds=1), DeviceState.LIVE),
        (timedelta(minutes=2), DeviceState.OFFLINE),
        (timedelta(days=365), DeviceState.OFFLINE),
    ):
        assert latest.state(NOON + ahead, 1000, NOON) is expected


async def test_one_device_is_found_only_in_scope(plant: Plant, pool: Pool, south: Factory) -> None:
    other = Plant(pool, south.id)
    device_id = await plant.device("a")
    found = await latest.status(pool, plant.scope, device_id, NOON)
    assert found is not None
    assert found.device.id == device_id
    assert await latest.status(pool, other.scope, device_id, NOON) is None
    assert await latest.status(pool, plant.scope, DeviceId(device_id + 1), NOON) is None
    assert await latest.statuses(pool, Scope(()), NOON) == []


async def test_a_device_that_falls_silent_is_told_once_per_bound(plant: Plant) -> None:
    quick = await plant.device("quick", interval_ms=1_000)
    slow = await plant.device("slow", interval_ms=60_000)
    for device_id in (quick, slow):
        await plant.send(device_id, [NOON_MS], {"gas": [1.0]})
    told: dict[int, set[DeviceId]] = {}
    for second in range(1, 1300):
        now = NOON + timedelta(seconds=second)
        silent = await latest.fell_silent(plant.pool, now - timedelta(seconds=1), now)
        if silent:
            told[second] = silent
    assert told == {3: {quick}, 60: {quick}, 180: {slow}, 1200: {slow}}
