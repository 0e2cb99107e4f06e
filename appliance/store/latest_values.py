"""The newest values of devices, as dashboards and live events read them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from appliance.model.device import Device, Value
from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.store.pool import Db

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Heard(NamedTuple):
    """A device, when it was last heard of, and the newest reading of each of its metrics.

    queue: how many rows waited in the node when it last told, 0 if it does not tell.
    """

    device: Device
    received_at: datetime | None
    latest: list[Value]
    queue: int


async def select_latest_values(
    db: Db, scope: Scope, device_ids: Sequence[DeviceId] | None = None
) -> list[Heard]:
    """All devices in scope, or those named, by area, machine and name."""
    rows = await db.fetch(
        """
        select d.id, d.factory_id, d.name, d.machine_id, m.name as machine, m.area,
               d.expected_interval_ms, d.created_at, l.received_at, l.times_ms, l.readings,
               l.health -> 'queue' as queue,
               array(select c.name from unnest(l.metric_ids) with ordinality as u (id, position)
                       join metrics c on c.id = u.id order by u.position) as metrics
          from devices d
          left join machines m on m.id = d.machine_id
          left join latest l on l.device_id = d.id
         where d.factory_id = any($1::int[]) and ($2::int[] is null or d.id = any($2))
         order by m.area, m.name, d.name, d.id
        """,
        scope.factory_ids,
        device_ids,
    )
    return [_heard(row) for row in rows]


async def select_silent_since(
    db: Db, since: datetime, until: datetime, intervals: int, least: timedelta = timedelta()
) -> list[DeviceId]:
    """The devices of all factories whose silence reached a length in since < time <= until.

    The length is a number of the device's expected intervals, and at least `least`.
    """
    rows = await db.fetch(
        """
        select d.id
          from devices d
          join latest l on l.device_id = d.id
         cross join lateral (values (
                   l.received_at
                   + greatest($3 * d.expected_interval_ms * interval '1 ms', $4::interval)
               )) as b (reached_at)
         where b.reached_at > $1 and b.reached_at <= $2
        """,
        since,
        until,
        intervals,
        least,
    )
    return [row["id"] for row in rows]


def _heard(row: Any) -> Heard:
    latest = [
        Value(metric, _EPOCH + timedelta(milliseconds=time_ms), value)
        for metric, time_ms, value in zip(
            row["metrics"], row["times_ms"] or (), row["readings"] or (), strict=True
        )
    ]
    device = Device(
        id=row["id"],
        factory_id=row["factory_id"],
        name=row["name"],
        machine_id=row["machine_id"],
        machine=row["machine"],
        area=row["area"],
        expected_interval_ms=row["expected_interval_ms"],
        created_at=row["created_at"],
    )
    queue = row["queue"] if isinstance(row["queue"], int) else 0
    return Heard(device, row["received_at"], latest, queue)
