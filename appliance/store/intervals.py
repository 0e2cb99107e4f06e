"""How often devices were expected to be heard of, and until when."""

from datetime import datetime

from appliance.model.ids import DeviceId, FactoryId
from appliance.store.pool import Connection, Db

Intervals = list[tuple[float, int]]
"""Until when (UTC milliseconds, infinity: now and on), and the milliseconds between two rows."""


async def select_intervals(db: Db, device_id: DeviceId) -> Intervals:
    """All intervals of a device, in order; the caller has seen that it is in scope."""
    rows = await db.fetch(
        """
        select (extract(epoch from until_at) * 1000)::float8 as until_ms, interval_ms
          from expected_intervals where device_id = $1 order by until_at""",
        device_id,
    )
    return [(row["until_ms"], row["interval_ms"]) for row in rows]


async def select_factory_intervals(db: Db, factory_id: FactoryId) -> dict[DeviceId, Intervals]:
    """All intervals of the devices of a factory; the caller has seen that it is in scope."""
    rows = await db.fetch(
        """
        select e.device_id, (extract(epoch from e.until_at) * 1000)::float8 as until_ms,
               e.interval_ms
          from expected_intervals e join devices d on d.id = e.device_id
         where d.factory_id = $1 order by e.device_id, e.until_at""",
        factory_id,
    )
    found: dict[DeviceId, Intervals] = {}
    for row in rows:
        found.setdefault(row["device_id"], []).append((row["until_ms"], row["interval_ms"]))
    return found


async def insert_interval(
    db: Connection, device_id: DeviceId, until: datetime, interval_ms: int
) -> None:
    """Keep what was expected of a device until it was changed; of a moment, what was first."""
    await db.execute(
        """
        insert into device_intervals (device_id, until_at, interval_ms) values ($1, $2, $3)
            on conflict (device_id, until_at) do nothing""",
        device_id,
        until,
        interval_ms,
    )
