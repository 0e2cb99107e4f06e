"""The configurations of devices: every version, who wrote it and when."""

from datetime import datetime

import msgspec

from appliance.model.device_config import DeviceConfig, NewDeviceConfig
from appliance.model.ids import DeviceId
from appliance.store.pool import Connection, Db


async def select_device_config(
    db: Db, device_id: DeviceId, version: int | None = None
) -> DeviceConfig | None:
    """A device's configuration, the one that holds if no version is named; the caller has seen
    that the device is in scope."""
    row = await db.fetchrow(
        """
        select version, config, changed_at, changed_by from device_configs
         where device_id = $1 and ($2::int is null or version = $2)
         order by version desc limit 1""",
        device_id,
        version,
    )
    if row is None:
        return None
    kept = {name: row[name] for name in ("version", "changed_at", "changed_by")}
    return msgspec.convert({**row["config"], **kept}, DeviceConfig)


async def insert_device_config(
    db: Connection, device_id: DeviceId, config: NewDeviceConfig, by: str, now: datetime
) -> int:
    """Keep a device's next configuration; its version. The caller has locked the device."""
    version: int = await db.fetchval(
        """
        insert into device_configs (device_id, version, config, changed_at, changed_by)
        select $1, coalesce(max(version), 0) + 1, $2, $3, $4
          from device_configs where device_id = $1
        returning version""",
        device_id,
        msgspec.to_builtins(config),
        now,
        by,
    )
    return version
