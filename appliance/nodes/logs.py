"""What nodes tell of themselves, and what follows: commands are done, updates succeed or fail."""

from datetime import datetime

from appliance.errors import Unprocessable
from appliance.identity import devices
from appliance.identity.devices import DeviceChange
from appliance.model.audit import Actor
from appliance.model.device import KeyHolder
from appliance.model.firmware import Update
from appliance.model.node_log import NodeLog
from appliance.model.scope import Scope
from appliance.store import device_log, rollouts
from appliance.store.device_commands import update_commands_done
from appliance.store.device_configs import select_device_config
from appliance.store.device_keys import notify_device_keys
from appliance.store.pool import Connection, Pool

VERSION = 1
REFUSED = "update-refused"


async def take(db: Pool, holder: KeyHolder, told: NodeLog, address: str, now: datetime) -> int:
    """Keep what a device tells, and act on it; how many of its events were new."""
    if told.v != VERSION:
        raise Unprocessable(f"v is {told.v}; this appliance reads {VERSION}.")
    await _expect(db, holder, told, address, now)
    async with db.acquire() as connection, connection.transaction():
        await device_log.upsert_device_firmware(connection, holder.device_id, told, now)
        stored = await device_log.insert_log_entries(connection, holder.device_id, told, now)
        done = await update_commands_done(connection, holder.device_id, now, ids=told.done)
        if await _judge(connection, holder, told, now, news=stored > 0) or done:
            await notify_device_keys(connection, [holder.device_id])
    return stored


async def _expect(db: Pool, holder: KeyHolder, told: NodeLog, address: str, now: datetime) -> None:
    """A device that uses another configuration from now on is expected as often as that says."""
    known = await device_log.select_device_firmware(db, holder.device_id)
    if not told.config or (known and known.config == told.config):
        return
    config = await select_device_config(db, holder.device_id, told.config)
    if config is None or config.sampling is None or config.sending is None:
        return
    interval_ms = max(config.sampling.interval_ms, config.sending.interval_ms)
    await devices.change(
        db,
        Scope((holder.factory_id,)),
        Actor(f"device {holder.device_id}", address),
        holder.device_id,
        DeviceChange(expected_interval_ms=interval_ms),
        now,
    )


async def _judge(
    db: Connection, holder: KeyHolder, told: NodeLog, now: datetime, *, news: bool
) -> bool:
    """What this says of a roll-out the device is in; whether it says anything. news: its events
    did not all come before."""
    device_id = holder.device_id
    refused = [event.detail for event in told.events if event.what == REFUSED]
    if told.rollback is not None:
        said = f"It came back from {told.rollback} to {told.version}."
        return await rollouts.update_device_failed(
            db, device_id, told.rollback, Update.BACK, said, now
        )
    if refused and news:
        said = f"It refused this: {refused[-1] or 'it does not say why'}"
        return await rollouts.update_device_failed(db, device_id, None, Update.FAILED, said, now)
    return await rollouts.update_device_told(db, device_id, told.version, now)
