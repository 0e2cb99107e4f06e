"""Configurations of devices: checked against the drivers that nodes have, kept by version."""

from datetime import datetime

from appliance.errors import NotFound
from appliance.identity import audit
from appliance.model.audit import Actor, AuditEntry
from appliance.model.device import Device
from appliance.model.device_config import DeviceConfig, NewDeviceConfig, NodeConfig
from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.nodes.sensors import Catalogue, check
from appliance.store import device_configs as stored
from appliance.store.device_keys import notify_device_keys
from appliance.store.devices import lock_device, select_device
from appliance.store.pool import Db, Pool


async def get(db: Db, scope: Scope, device_id: DeviceId) -> DeviceConfig:
    """What holds for a device in scope."""
    await device_in(db, scope, device_id)
    return await stored.select_device_config(db, device_id) or DeviceConfig()


async def put(
    db: Pool,
    scope: Scope,
    actor: Actor,
    device_id: DeviceId,
    asked: tuple[NewDeviceConfig, Catalogue],
    now: datetime,
) -> DeviceConfig:
    """Give a device in scope its next configuration; one that no node could use is refused."""
    config, catalogue = asked
    async with db.acquire() as connection, connection.transaction():
        await lock_device(connection, device_id)
        device = await device_in(connection, scope, device_id)
        check(config.sensors or (), catalogue)
        old = await stored.select_device_config(connection, device_id)
        version = await stored.insert_device_config(connection, device_id, config, actor.name, now)
        await notify_device_keys(connection, [device_id])
        entry = AuditEntry(
            at=now,
            actor=actor,
            action="device.config",
            object=f"device {device_id}",
            factory_ids=[device.factory_id],
            old=None if old is None else _told(old),
            new=_told(DeviceConfig(version, config.sampling, config.sending, config.sensors)),
        )
        await audit.record(connection, entry)
        return await stored.select_device_config(connection, device_id) or DeviceConfig()


async def for_node(db: Db, device_id: DeviceId) -> NodeConfig:
    """What holds for a device, as it fetches it; NotFound: it stays as it was flashed."""
    found = await stored.select_device_config(db, device_id)
    if found is None or found.sampling is None or found.sending is None:
        raise NotFound("There is no configuration for this device: it stays as it was flashed.")
    return NodeConfig(1, found.version, found.sampling, found.sending, found.sensors)


async def device_in(db: Db, scope: Scope, device_id: DeviceId) -> Device:
    """The device; NotFound unless it is in scope."""
    device = await select_device(db, scope, device_id)
    if device is None:
        raise NotFound("There is no such device.")
    return device


def _told(config: DeviceConfig) -> dict[str, object]:
    return {
        "version": config.version,
        "sampling_ms": config.sampling.interval_ms if config.sampling else None,
        "sending_ms": config.sending.interval_ms if config.sending else None,
        "sensors": config.sensors,
    }
