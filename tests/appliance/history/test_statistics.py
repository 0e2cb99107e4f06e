import math

import numpy as np
import pytest

from appliance.errors import NotFound, Unprocessable
from appliance.history.readings import Source
from appliance.history.statistics import statistics
from appliance.model.factory import Factory
from appliance.model.ids import DeviceId
from appliance.model.statistics import Group
from tests.appliance.plant import DAY_MS, NOON_MS, Plant
from tests.appliance.sealing import flip, seal

MIDNIGHT_MS = NOON_MS - NOON_MS % DAY_MS
START_MS = MIDNIGHT_MS - 2 * DAY_MS
HOUR_MS = 3_600_000


async def fill(plant: Plant) -> dict[DeviceId, tuple[np.ndarray, np.ndarray]]:
    random = np.random.default_rng(3)
    filled = {}
    for number in range(3):
        device_id = await plant.device(f"n{number}")
        times = np.arange(START_MS, NOON_MS, 67_000 + number)
        values = np.round(random.normal(50, 9, times.size), 2)
        values[::50] = math.nan
        for page in np.array_split(np.arange(times.size), 10):
            await plant.send(
                device_id, times[page].tolist(), {"temperature": values[page].tolist()}
            )
        filled[device_id] = times, values
    return filled


def naive(
    filled: dict[DeviceId, tuple[np.ndarray, np.ndarray]], group: Group, bounds: tuple[int, int]
) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {}
    for device_id, (times, values) in filled.items():
        for time, value in zip(times.tolist(), values.tolist(), strict=True):
            if bounds[0] <= time < bounds[1] and not math.isnan(value):
                width = DAY_MS if group == "day" else HOUR_MS
                key = device_id if group == "device" else time // width * width
                found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("group", ["device", "day", "hour"])
async def test_hot_sealed_and_half_of_each_are_what_plain_code_says(
    plant: Plant, source: Source, group: Group
) -> None:
    filled = await fill(plant)
    asked = (START_MS + 1234, NOON_MS - 2 * HOUR_MS - 5)
    bounds = (START_MS, NOON_MS - 2 * HOUR_MS)
    expected = naive(filled, group, bounds)
    hot = await statistics(source, plant.scope, "temperature", asked, group)
    assert (hot.from_ms, hot.to_ms, hot.gaps) == (*bounds, [])
    found = {one.device_id if group == "device" else one.time: one for one in hot.groups}
    assert sorted(found) == sorted(expected)
    for key, values in expected.items():
        one = found[key]
        assert (one.count, one.min, one.max) == (len(values), min(values), max(values))
        assert one.mean == pytest.approx(np.mean(values), rel=1e-12)
    await seal(plant, source, [*filled][:2], START_MS)
    assert await statistics(source, plant.scope, "temperature", asked, group) == hot
    await seal(plant, source, [*filled], START_MS, days=2, generation=2)
    late, (times, values) = next(iter(filled.items()))
    assert await statistics(source, plant.scope, "temperature", asked, group) == hot
    await plant.send(late, [int(times[0]) + 1], {"temperature": [1e6]}, received_ms=NOON_MS)
    with_late = await statistics(source, plant.scope, "temperature", asked, group)
    assert max(one.max for one in with_late.groups) == 1e6
    assert sum(one.count for one in with_late.groups) == sum(map(len, expected.values())) + 1


async def test_damaged_rollups_are_made_again_and_damaged_readings_are_told(
    plant: Plant, source: Source
) -> None:
    filled = await fill(plant)
    asked = (START_MS, MIDNIGHT_MS)
    hot = await statistics(source, plant.scope, "temperature", asked, "day")
    raw, *_, hours = await seal(plant, source, [*filled], START_MS, days=2)
    path = source.archive.folder / hours.path
    flip(path, path.stat().st_size // 3)
    assert await statistics(source, plant.scope, "temperature", asked, "day") == hot
    path.unlink()
    (source.archive.folder / raw.path).unlink()
    told = await statistics(source, plant.scope, "temperature", asked, "day")
    assert {gap.device_id for gap in told.gaps} == set(filled)
    assert all(gap.reason.endswith("is missing.") for gap in told.gaps)
    assert told.groups == []


async def test_other_factories_do_not_count(plant: Plant, south: Factory, source: Source) -> None:
    theirs = Plant(plant.pool, south.id)
    device_id = await theirs.device("b")
    await theirs.send(device_id, [NOON_MS], {"gas": [1.0]})
    await seal(theirs, source, [device_id], NOON_MS, metrics=("gas",))
    asked = (START_MS, NOON_MS + DAY_MS)
    assert (await statistics(source, plant.scope, "gas", asked, "hour")).groups == []
    assert len((await statistics(source, theirs.scope, "gas", asked, "hour")).groups) == 1


async def test_what_makes_no_sense_is_refused(plant: Plant, source: Source) -> None:
    with pytest.raises(NotFound):
        await statistics(source, plant.scope, "aura", (0, 1), "day")
    with pytest.raises(Unprocessable):
        await statistics(source, plant.scope, "gas", (0, NOON_MS), "hour")
