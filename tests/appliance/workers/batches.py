"""Batches as the writer takes them, and what is in the table, by SQL of the tests' own."""

from collections.abc import Sequence

import numpy as np

from appliance.model.batch import PlacedBatch
from appliance.model.ids import DeviceId, Epoch
from appliance.model.reading import Health
from appliance.store.pool import Db
from tests.appliance.plant import NOON_MS

Reading = tuple[int, int, int, float | None]
"""Row number, time in milliseconds, metric, value."""


def placed(
    device_id: int,
    first_row: int,
    values: Sequence[float | None] | Sequence[Sequence[float | None]],
    *,
    start_ms: int = NOON_MS,
    step_ms: int = 1000,
    epoch: int = 1,
    boot: int | None = None,
    metric_ids: tuple[int, ...] = (1,),
    received_ms: int | None = None,
    dropped: int = 0,
    health: Health | None = None,
) -> PlacedBatch:
    """Rows one step apart, the first at start_ms; received when the last of them was taken."""
    columns = np.array(values, np.float64).reshape(len(metric_ids), -1)
    times = start_ms + step_ms * np.arange(columns.shape[1])
    last_ms = int(times[-1]) if len(times) else start_ms
    return PlacedBatch(
        device_id=DeviceId(device_id),
        epoch=Epoch(epoch),
        boot=boot,
        first_row=first_row,
        metric_ids=metric_ids,
        times_ms=times,
        values=columns,
        quality=0,
        received_ms=last_ms if received_ms is None else received_ms,
        base_ms=None,
        dropped=dropped,
        health=health,
    )


async def stored(db: Db, device_id: int) -> list[Reading]:
    """Every stored reading of a device, each as often as it is there."""
    rows = await db.fetch(
        """
        select row_number, (extract(epoch from time) * 1000)::bigint as ms, m.id as metric, value
          from sensor_readings r join metrics m on m.name = r.metric
         where device_id = $1 order by 1, 3, 2, 4""",
        device_id,
    )
    return [tuple(row) for row in rows]
