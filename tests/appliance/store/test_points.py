"""The stream of points: which row is next, and which points are there."""

import numpy as np

from appliance.model.batch import POINTS
from appliance.model.ids import DeviceId
from appliance.store.points import (
    SLOT_MS,
    PointStream,
    select_point_streams_for_update,
    select_points,
)
from tests.appliance.plant import DAY_MS, NOON_MS, Plant, store
from tests.appliance.workers.batches import placed


async def test_a_stream_tells_its_next_row_and_its_latest_time(plant: Plant) -> None:
    one, two = await plant.device("one"), await plant.device("two")
    assert await select_point_streams_for_update(plant.pool, [one, two]) == {}
    await store(plant.pool, placed(one, 0, [1, 2, 3], epoch=POINTS))
    await store(plant.pool, placed(one, 7, [1], start_ms=NOON_MS + DAY_MS))
    assert await select_point_streams_for_update(plant.pool, [one, two]) == {
        one: PointStream(3, NOON_MS + 2000)
    }


async def test_points_are_found_by_their_times_wherever_in_their_slots(plant: Plant) -> None:
    one, two = await plant.device("one"), await plant.device("two")
    step = SLOT_MS // 3
    told = placed(one, 0, [[1, None, 3, 4, 5], [6, 7, 8, None, 10]],
                  epoch=POINTS, metric_ids=(2, 5), start_ms=NOON_MS - 3 * step, step_ms=step,
                  received_ms=NOON_MS + DAY_MS)  # fmt: skip
    await store(plant.pool, told)
    await store(plant.pool, placed(two, 0, [99], epoch=POINTS), placed(one, 0, [98]))
    assert await found(plant, one, told.times_ms.tolist()) == {
        (2, -3): 1, (5, -3): 6, (5, -2): 7, (2, -1): 3, (5, -1): 8, (2, 0): 4, (2, 1): 5, (5, 1): 10
    }  # fmt: skip
    assert await found(plant, one, [NOON_MS - 2 * step, NOON_MS + 1]) == {(5, -2): 7}
    assert await found(plant, one, [NOON_MS - DAY_MS, NOON_MS]) == {(2, 0): 4}
    assert await found(plant, two, [NOON_MS - 1]) == {}


async def found(
    plant: Plant, device_id: DeviceId, times_ms: list[int]
) -> dict[tuple[int, int], float]:
    """Values by metric and thirds of a slot since noon."""
    known = await select_points(plant.pool, device_id, np.array(times_ms, np.int64))
    return {
        (metric_id, (time_ms - NOON_MS) // (SLOT_MS // 3)): value
        for (metric_id, time_ms), value in known.items()
    }
