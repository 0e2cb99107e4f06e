"""What nodes tell of themselves: which firmware they run, and what has happened to them."""

from collections.abc import Sequence
from datetime import datetime

from appliance.model.firmware import DeviceFirmware
from appliance.model.ids import DeviceId
from appliance.model.node_log import LogEntry, NodeLog
from appliance.store.pool import Connection, Db

KEPT = 1000
"""So many events of a device are kept."""


async def select_device_firmware(db: Db, device_id: DeviceId) -> DeviceFirmware | None:
    """What a node last said of itself; the caller has seen that the device is in scope."""
    row = await db.fetchrow(
        "select version, slot, config, boot, told_at from device_firmware where device_id = $1",
        device_id,
    )
    return None if row is None else DeviceFirmware(**row)


async def upsert_device_firmware(db: Db, device_id: DeviceId, told: NodeLog, now: datetime) -> None:
    """Keep what a node says of itself."""
    await db.execute(
        """
        insert into device_firmware (device_id, version, slot, config, boot, told_at)
        values ($1, $2, $3, $4, $5, $6)
            on conflict (device_id) do update
           set version = $2, slot = $3, config = $4, boot = $5, told_at = $6""",
        device_id,
        told.version,
        told.slot,
        told.config,
        told.boot,
        now,
    )


async def insert_log_entries(
    db: Connection, device_id: DeviceId, told: NodeLog, now: datetime
) -> int:
    """Keep a node's events, those that came before once; how many were new. The oldest go."""
    stored: int = await db.fetchval(
        """
        with added as (
            insert into device_log (device_id, epoch, boot, up_ms, what, detail, received_at)
            select $1, $2, $3, e.up_ms, e.what, e.detail, $4
              from unnest($5::bigint[], $6::text[], $7::text[]) as e (up_ms, what, detail)
                on conflict do nothing
            returning id
        )
        select count(*) from added""",
        device_id,
        told.epoch,
        told.boot,
        now,
        [event.up for event in told.events],
        [event.what for event in told.events],
        [event.detail for event in told.events],
    )
    await db.execute(
        """
        delete from device_log where device_id = $1 and id <= (
            select id from device_log where device_id = $1 order by id desc offset $2 limit 1)""",
        device_id,
        KEPT,
    )
    return stored


async def select_device_log(
    db: Db, device_id: DeviceId, limit: int, before: int | None
) -> Sequence[LogEntry]:
    """A device's events, newest first, older than the entry `before`; the caller has seen that
    the device is in scope."""
    rows = await db.fetch(
        """
        select id, received_at, boot, up_ms, what, detail from device_log
         where device_id = $1 and ($3::bigint is null or id < $3)
         order by id desc limit $2""",
        device_id,
        limit,
        before,
    )
    return [LogEntry(**row) for row in rows]
