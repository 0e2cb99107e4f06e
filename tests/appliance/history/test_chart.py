import numpy as np
import pytest

from appliance.errors import NotFound
from appliance.history.chart import Wanted, chart
from appliance.history.readings import Source
from appliance.model.factory import Factory
from appliance.model.ids import DeviceId
from appliance.model.series import Window
from tests.appliance.plant import NOON_MS, Plant
from tests.appliance.sealing import seal


async def test_few_readings_share_the_union_of_their_times(plant: Plant, source: Source) -> None:
    one, other = await plant.device("a"), await plant.device("b")
    await plant.send(one, [NOON_MS, NOON_MS + 2000], {"temperature": [1.0, 3.0]})
    await plant.send(one, [NOON_MS + 2000], {"temperature": [4.0]}, epoch=2)
    await plant.send(other, [NOON_MS + 1000, NOON_MS + 2000], {"gas": [10.0, 20.0]})
    wanted = [Wanted(one, "temperature"), Wanted(other, "gas")]
    found = await chart(source, plant.scope, wanted, Window(NOON_MS, NOON_MS + 5000))
    assert (found.source, found.bucket_ms, found.rollup) == ("raw", None, None)
    assert (found.times_ms - NOON_MS).tolist() == [0, 1000, 2000, 2000]
    values = [series.columns["value"] for series in found.series]
    np.testing.assert_array_equal(values[0], [1.0, np.nan, 3.0, 4.0])
    np.testing.assert_array_equal(values[1], [np.nan, 10.0, 20.0, np.nan])
    assert [series.signal.device for series in found.series] == ["a", "b"]


async def test_one_dense_series_puts_all_in_the_same_buckets_hot_or_sealed(
    plant: Plant, source: Source
) -> None:
    one, other = await plant.device("a"), await plant.device("b")
    times = list(range(NOON_MS, NOON_MS + 7_200_000, 10_000))
    await plant.send(one, times, {"temperature": [float(n) for n in range(720)]})
    await plant.send(other, times[-1:], {"temperature": [5.0]})
    await seal(plant, source, [one], NOON_MS)
    wanted = [Wanted(one, "temperature"), Wanted(other, "temperature")]
    found = await chart(source, plant.scope, wanted, Window(NOON_MS, NOON_MS + 7_200_000, 120))
    assert (found.source, found.bucket_ms, found.rollup) == ("buckets", 60_000, "minute")
    assert found.times_ms.tolist() == list(range(NOON_MS, NOON_MS + 7_200_000, 60_000))
    dense, thin = (series.columns for series in found.series)
    assert dense["count"].tolist() == [6] * 120
    assert dense["max"].tolist() == [float(n) for n in range(5, 720, 6)]
    assert thin["count"].tolist() == [0] * 119 + [1]
    assert np.isnan(thin["mean"][:-1]).all()
    assert thin["mean"][-1] == 5.0


async def test_nothing_at_all_is_an_empty_chart(plant: Plant, source: Source) -> None:
    device_id = await plant.device("a")
    found = await chart(source, plant.scope, [Wanted(device_id, "gas")], Window(0, NOON_MS))
    assert (found.source, found.times_ms.size) == ("raw", 0)


async def test_a_series_of_elsewhere_is_not_there(
    plant: Plant, south: Factory, source: Source
) -> None:
    theirs = await Plant(plant.pool, south.id).device("b")
    for device_id, metric in ((theirs, "gas"), (DeviceId(9999), "gas"), (theirs, "aura")):
        wanted = [Wanted(device_id, metric)]
        with pytest.raises(NotFound):
            await chart(source, plant.scope, wanted, Window(0, NOON_MS))
