import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from appliance.archive.read import Archive
from appliance.errors import NotFound
from appliance.history.readings import Source
from appliance.history.series import WIDTHS_MS, bucket_width_ms, series
from appliance.model.factory import Factory
from appliance.model.ids import DeviceId
from appliance.model.series import Series, Window
from appliance.store import readings
from appliance.store.pool import Pool
from tests.appliance.plant import DAY_MS, NOON_MS, Plant

MIDNIGHT_MS = NOON_MS - NOON_MS % DAY_MS


async def ask(
    plant: Plant, device_id: DeviceId, window: Window, metric: str = "temperature"
) -> Series:
    with ThreadPoolExecutor(1) as blocking, TemporaryDirectory() as nothing:
        source = Source(plant.pool, blocking, Archive(Path(nothing)))
        return await series(source, plant.scope, device_id, metric, window)


async def test_few_readings_come_raw_in_order_of_time(plant: Plant) -> None:
    device_id = await plant.device("a")
    late = [NOON_MS + 500, NOON_MS + 1500]
    await plant.send(
        device_id,
        [NOON_MS, NOON_MS + 1000, NOON_MS + 2000],
        {"gas": [1.0, 2.0, 3.0], "temperature": [20.0, math.nan, 22.0]},
    )
    await plant.send(device_id, late, {"temperature": [20.5, 21.5]}, epoch=2)
    await plant.send(device_id, [NOON_MS + 700], {"gas": [9.0]}, epoch=3)

    found = await ask(plant, device_id, Window(NOON_MS, NOON_MS + 2000))

    assert (found.source, found.bucket_ms) == ("raw", None)
    assert found.times_ms.tolist() == [NOON_MS, NOON_MS + 500, NOON_MS + 1500]
    assert found.columns["value"].tolist() == [20.0, 20.5, 21.5]
    signal = found.signal
    assert (signal.unit, signal.unit_label, signal.digits) == ("Cel", "°C", 1)


async def test_many_readings_come_in_whole_buckets_with_every_extreme(plant: Plant) -> None:
    device_id = await plant.device("a")
    times = np.arange(NOON_MS, NOON_MS + 3_600_000, 1000)
    values = np.sin(np.arange(times.size) / 100) * 10 + 850
    values[1234], values[2345], values[5] = 900.0, 800.0, math.nan
    for part in np.array_split(np.arange(times.size), 60):
        await plant.send(device_id, times[part].tolist(), {"temperature": values[part].tolist()})

    window = Window(NOON_MS + 1500, NOON_MS + 3_600_000 - 1500, points=400)
    found = await ask(plant, device_id, window)

    assert (found.source, found.bucket_ms) == ("buckets", 10_000)
    assert found.window == window
    assert found.times_ms.tolist() == list(range(NOON_MS, NOON_MS + 3_600_000, 10_000))
    by_bucket = values.reshape(360, 10)
    np.testing.assert_array_equal(found.columns["min"], np.nanmin(by_bucket, axis=1))
    np.testing.assert_array_equal(found.columns["max"], np.nanmax(by_bucket, axis=1))
    np.testing.assert_allclose(found.columns["mean"], np.nanmean(by_bucket, axis=1))
    np.testing.assert_array_equal(found.columns["first"], by_bucket[:, 0])
    np.testing.assert_array_equal(found.columns["last"], by_bucket[:, 9])
    assert found.columns["count"].tolist() == [9] + [10] * 359


async def test_a_gap_stays_a_gap(plant: Plant) -> None:
    device_id = await plant.device("a")
    for start in (NOON_MS, NOON_MS + 600_000):
        times = list(range(start, start + 60_000, 1000))
        await plant.send(device_id, times, {"temperature": [20.0] * 60})
    found = await ask(plant, device_id, Window(NOON_MS, NOON_MS + 660_000, points=100))
    minutes = {(time - NOON_MS) // 60_000 for time in found.times_ms.tolist()}
    assert minutes == {0, 10}
    assert found.columns["count"].sum() == 120


async def test_what_lies_around_midnight_and_in_several_days_is_found(plant: Plant) -> None:
    device_id = await plant.device("a")
    times = [MIDNIGHT_MS - 2 * DAY_MS, *range(MIDNIGHT_MS - 3000, MIDNIGHT_MS + 3000, 1000)]
    await plant.send(device_id, times[:1], {"temperature": [1.0]})
    await plant.send(device_id, times[1:], {"temperature": [1.0] * 6})
    assert await plant.pool.fetchval("select count(*) from batches") == 3
    found = await ask(plant, device_id, Window(0, NOON_MS))
    assert found.times_ms.tolist() == times
    found = await ask(plant, device_id, Window(MIDNIGHT_MS - 1000, MIDNIGHT_MS + 1000))
    assert found.times_ms.tolist() == [MIDNIGHT_MS - 1000, MIDNIGHT_MS]


async def test_pages_neither_lose_nor_repeat_batches_of_the_same_instant(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "PAGE_BATCHES", 3)
    device_id = await plant.device("a")
    for number in range(20):
        await plant.send(
            device_id, [NOON_MS + number // 4], {"temperature": [float(number)]}, epoch=number
        )
    found = await ask(plant, device_id, Window(NOON_MS, NOON_MS + 100))
    assert sorted(found.columns["value"].tolist()) == [float(number) for number in range(20)]
    assert found.times_ms.tolist() == [NOON_MS + number // 4 for number in range(20)]


async def test_a_long_batch_is_found_by_its_end(plant: Plant) -> None:
    device_id = await plant.device("a")
    times = list(range(MIDNIGHT_MS, MIDNIGHT_MS + DAY_MS, 3_600_000))
    await plant.send(device_id, times, {"temperature": [float(hour) for hour in range(24)]})
    found = await ask(plant, device_id, Window(times[-1], times[-1] + 1))
    assert found.columns["value"].tolist() == [23.0]


async def test_nothing_there_is_an_empty_series(plant: Plant) -> None:
    device_id = await plant.device("a")
    found = await ask(plant, device_id, Window(0, NOON_MS))
    assert (found.source, found.times_ms.size, found.columns["value"].size) == ("raw", 0, 0)


async def test_devices_out_of_scope_and_unknown_metrics_are_not_there(
    plant: Plant, pool: Pool, south: Factory
) -> None:
    other = Plant(pool, south.id)
    device_id = await plant.device("a")
    window = Window(0, NOON_MS)
    for asking, metric in ((other, "gas"), (plant, "aura")):
        with pytest.raises(NotFound):
            await ask(asking, device_id, window, metric)


@pytest.mark.parametrize(
    ("span_ms", "points", "width_ms"),
    [
        (1000, 1000, 1),
        (60_000, 1000, 100),
        (3_600_000, 1000, 5_000),
        (DAY_MS, 1000, 120_000),
        (DAY_MS + 1, 720, 300_000),
        (7 * DAY_MS, 1000, 900_000),
        (365 * DAY_MS, 1000, 12 * 3_600_000),
        (365 * DAY_MS, 100, 4 * DAY_MS),
    ],
)
def test_bucket_widths_are_round(span_ms: int, points: int, width_ms: int) -> None:
    assert bucket_width_ms(Window(NOON_MS, NOON_MS + span_ms, points)) == width_ms


def test_every_bucket_width_divides_the_day() -> None:
    assert [width for width in WIDTHS_MS if DAY_MS % width] == []
    assert list(WIDTHS_MS) == sorted(WIDTHS_MS)
