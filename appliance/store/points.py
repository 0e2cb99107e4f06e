"""The stream of points of a device: the number of its next row, and which points are there."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.model.batch import POINTS
from appliance.model.ids import DeviceId
from appliance.store.pool import Db

SLOT_MS = 600_000
"""No batch of points reaches beyond one slot of ten minutes: those that may hold a point are few.
Midnight in UTC ends a slot."""

Known = dict[tuple[int, int], float]
"""Values by metric id and time in UTC milliseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PointStream(NamedTuple):
    """The number that its next row gets, and the time of its latest; None: it has none."""

    next_row: int
    last_ms: int | None


async def select_point_streams_for_update(
    db: Db, device_ids: Sequence[DeviceId]
) -> dict[DeviceId, PointStream]:
    """Lock the streams of points, in the order of the devices, until the transaction ends."""
    rows = await db.fetch(
        """
        select device_id, coalesce(upper(received), 0) as next_row, last_ms
          from streams
         where device_id = any($1::int[]) and epoch = $2
         order by device_id
           for update""",
        device_ids,
        POINTS,
    )
    return {row["device_id"]: PointStream(row["next_row"], row["last_ms"]) for row in rows}


async def lock_batches(db: Db) -> None:
    """Let nothing be taken out of the batches to be sealed until this transaction ends."""
    await db.execute("lock table batches in access share mode")


async def select_points(db: Db, device_id: DeviceId, times_ms: NDArray[np.int64]) -> Known:
    """The points of a device that are there at any of these times, ascending; at least one."""
    slots = np.unique(times_ms // SLOT_MS) * SLOT_MS
    rows = await db.fetch(
        """
        select p.metric_id, p.time_ms, p.reading
          from unnest($3::timestamptz[]) as s (start_at)
         cross join lateral (
            select start_at, metric_ids, offsets_ms, readings
              from batches
             where device_id = $1 and epoch = $2
               and start_at >= s.start_at and start_at < s.start_at + $4 * interval '1 ms'
               and start_at >= $5 and start_at <= $7
               and start_at + offsets_ms[cardinality(offsets_ms)] * interval '1 ms' >= $6
             offset 0
         ) as b
         cross join lateral (
            select m.metric_id, r.reading,
                   (extract(epoch from b.start_at) * 1000)::bigint + r.offset_ms as time_ms
              from unnest(b.metric_ids) with ordinality as m (metric_id, k)
             cross join lateral rows from (
                       unnest(b.offsets_ms), unnest(b.readings[m.k:m.k][:])
                   ) as r (offset_ms, reading)
         ) as p
         where p.time_ms = any($8::bigint[]) and p.reading <> 'NaN'""",
        device_id,
        POINTS,
        [_time(slot) for slot in slots.tolist()],
        SLOT_MS,
        _time(slots.item(0)),
        _time(times_ms.item(0)),
        _time(times_ms.item(-1)),
        times_ms.tolist(),
    )
    return {(metric_id, time_ms): reading for metric_id, time_ms, reading in rows}


async def update_duplicates(db: Db, device_id: DeviceId, points: int) -> None:
    """Count points of a device that were there already."""
    await db.execute(
        "update streams set duplicates = duplicates + $3 where device_id = $1 and epoch = $2",
        device_id,
        POINTS,
        points,
    )


def _time(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
