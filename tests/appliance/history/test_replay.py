import math

import numpy as np
import pytest

from appliance.history import replay
from appliance.history.readings import Source
from appliance.history.replay import past_devices
from appliance.model.device import DeviceState
from appliance.model.ids import DeviceId
from appliance.model.replay import PastDevice, PastState
from tests.appliance.plant import NOON_MS, Plant
from tests.appliance.sealing import flip, seal

HOUR_MS, MINUTE_MS, SECOND_MS = 3_600_000, 60_000, 1000
LIVE, STALE, OFFLINE, NEVER = DeviceState
HOUR = NOON_MS, NOON_MS + HOUR_MS


async def one(source: Source, plant: Plant, between: tuple[int, int] = HOUR) -> PastDevice:
    [found], onward = await past_devices(source, plant.factory_id, between, 0, {})
    assert onward is None
    return found


def shown(device: PastDevice, metric: str, at_ms: int) -> float | None:
    """What a dashboard showed: the newest value that was there."""
    [signal] = [one for one in device.signals if one.metric == metric]
    past = [value for time, value in zip(signal.times, signal.values, strict=True) if time <= at_ms]
    return past[-1] if past else None


async def press(plant: Plant) -> tuple[DeviceId, np.ndarray, np.ndarray]:
    """A reading a second from a minute before the hour on, some without a value."""
    device_id = await plant.device("press")
    times = np.arange(HOUR[0] - MINUTE_MS, HOUR[1] + MINUTE_MS, SECOND_MS)
    values = np.round(np.sin(np.arange(times.size) / 50) * 20 + 60, 2)
    values[[100, 500, 501, 502, 3000]] = math.nan
    for part in np.array_split(np.arange(times.size), 30):
        await plant.send(device_id, times[part].tolist(), {"temperature": values[part].tolist()})
    return device_id, times, values


@pytest.mark.parametrize("sealed", [False, True], ids=["hot", "sealed"])
async def test_a_replay_shows_what_was_recorded_at_every_moment(
    plant: Plant, source: Source, sealed: bool
) -> None:
    device_id, times, values = await press(plant)
    if sealed:
        await seal(plant, source, [device_id], NOON_MS)
        assert await plant.pool.fetchval("select count(*) from batches") == 0

    found = await one(source, plant)

    step = replay.step_ms(*HOUR)
    assert step == 5 * SECOND_MS
    for at_ms in range(*HOUR, step):
        there = ~np.isnan(values) & (times <= at_ms)
        # of the step that has just begun, the reading at its first moment is not told apart
        newest = {values[there & (times < at_ms)][-1], values[there][-1]}
        assert shown(found, "temperature", at_ms) in newest
    [signal] = found.signals
    assert signal.times[0] <= HOUR[0] < signal.times[1]
    assert signal.times[-1] < HOUR[1]
    assert len(signal.times) == replay.STEPS + 1
    recorded = dict(zip(times.tolist(), values.tolist(), strict=True))
    assert [recorded[time] for time in signal.times] == signal.values
    assert found.states == [PastState(HOUR[0], LIVE, HOUR[0] - MINUTE_MS)]
    assert found.gaps == []


async def test_a_silence_is_told_from_when_to_when(plant: Plant, source: Source) -> None:
    device_id = await plant.device("press")
    first, last, back = HOUR[0] + MINUTE_MS, HOUR[0] + 10 * MINUTE_MS, HOUR[0] + 30 * MINUTE_MS
    early = list(range(first, last + 1, SECOND_MS))
    later = list(range(back, HOUR[1], SECOND_MS))
    await plant.send(device_id, early, {"temperature": [20.0] * len(early)})
    await plant.send(device_id, later, {"temperature": [21.0] * len(later)})

    found = await one(source, plant)

    assert found.states == [
        PastState(HOUR[0], NEVER, None),
        PastState(first, LIVE, first),
        PastState(last + 3 * SECOND_MS, STALE, last),
        PastState(last + MINUTE_MS, OFFLINE, last),
        PastState(back, LIVE, back),
    ]
    assert shown(found, "temperature", back - 1) == 20.0


async def test_a_device_silent_for_days_is_offline_since_it_was_last_heard_of(
    plant: Plant, source: Source
) -> None:
    device_id = await plant.device("press")
    long_ago = NOON_MS - 3 * 86_400_000
    await plant.send(device_id, [long_ago, long_ago + 500], {"temperature": [20.0, 21.0]})
    offline = [PastState(HOUR[0], OFFLINE, long_ago + 500)]
    assert (await one(source, plant)).states == offline
    await seal(plant, source, [device_id], long_ago)
    assert (await one(source, plant)).states == offline


async def test_rows_without_any_value_are_a_sign_of_life(plant: Plant, source: Source) -> None:
    device_id = await plant.device("press", interval_ms=MINUTE_MS)
    times = list(range(HOUR[0], HOUR[1], MINUTE_MS))
    await plant.send(device_id, times, {"temperature": [20.0, *[math.nan] * 59]})
    found = await one(source, plant)
    assert found.states == [PastState(HOUR[0], LIVE, HOUR[0])]
    assert found.signals[0].values == [20.0]


async def test_readings_that_cannot_be_read_are_told_as_a_gap(plant: Plant, source: Source) -> None:
    device_id, _, _ = await press(plant)
    [sealed, *_] = await seal(plant, source, [device_id], NOON_MS)
    path = source.archive.folder / sealed.path
    flip(path, path.stat().st_size // 3)
    found = await one(source, plant)
    [gap] = found.gaps
    assert HOUR[0] <= gap.from_ms < gap.to_ms
    assert "damaged" in gap.reason


async def test_devices_come_in_parts_by_their_number(
    plant: Plant, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "MOST_DEVICES", 2)
    ids = [await plant.device(name) for name in ("c", "a", "b")]
    first, onward = await past_devices(source, plant.factory_id, HOUR, 0, {})
    assert [each.device.id for each in first] == ids[:2]
    assert onward == ids[1]
    rest, onward = await past_devices(source, plant.factory_id, HOUR, ids[1], {})
    assert [each.device.id for each in rest] == ids[2:]
    assert rest[0].states == [PastState(HOUR[0], NEVER, None)]
    assert onward is None


async def test_at_the_moment_of_an_alert_its_own_reading_is_shown(
    plant: Plant, source: Source
) -> None:
    device_id, times, values = await press(plant)
    moments = [HOUR[0] + 121 * SECOND_MS, HOUR[0] + 1803_700, HOUR[1] + 1, HOUR[0] - 1]
    [found], _ = await past_devices(source, plant.factory_id, HOUR, 0, {device_id: moments})
    for moment in moments[:2]:
        assert shown(found, "temperature", moment) == values[times <= moment][-1]
    assert len(found.signals[0].times) == replay.STEPS + 3
