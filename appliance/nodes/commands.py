"""Commands: given by people, fetched by the device, done once."""

from datetime import datetime, timedelta

import msgspec

from appliance.errors import Unprocessable
from appliance.identity import audit
from appliance.model.audit import Actor, AuditEntry
from appliance.model.command import Command, NewCommand, NodeCommand
from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.nodes.configs import device_in
from appliance.store import device_commands as stored
from appliance.store.device_keys import notify_device_keys
from appliance.store.pool import Db, Pool

LOCATE_SECONDS = 60
ITSELF = Actor("carbonseed", "commands")


async def listed(db: Db, scope: Scope, device_id: DeviceId) -> list[Command]:
    """The commands of a device in scope, newest first."""
    await device_in(db, scope, device_id)
    return await stored.select_device_commands(db, device_id)


async def give(
    db: Pool, scope: Scope, actor: Actor, device_id: DeviceId, asked: NewCommand, now: datetime
) -> Command:
    """Have a command wait for a device in scope; Conflict if the same one waits already."""
    if asked.do == "locate":
        asked = msgspec.structs.replace(asked, seconds=asked.seconds or LOCATE_SECONDS)
    elif asked.seconds is not None:
        raise Unprocessable(f"The command {asked.do} takes no seconds; only locate does.")
    async with db.acquire() as connection, connection.transaction():
        device = await device_in(connection, scope, device_id)
        command = await stored.insert_device_command(connection, device_id, asked, actor.name, now)
        await notify_device_keys(connection, [device_id])
        told = {name: value for name, value in msgspec.structs.asdict(asked).items() if value}
        entry = AuditEntry(
            at=now,
            actor=actor,
            action="device.command",
            object=f"device {device_id}",
            factory_ids=[device.factory_id],
            new={"id": command.id, **told},
        )
        await audit.record(connection, entry)
    return command


async def take_back(db: Pool, expiry: timedelta, now: datetime) -> None:
    """Delete commands that no device has done in so long: nobody expects them any more."""
    async with db.acquire() as connection, connection.transaction():
        expired = await stored.delete_expired_commands(connection, now - expiry)
        await notify_device_keys(connection, [command.device_id for _, command in expired])
        for factory_id, command in expired:
            entry = AuditEntry(
                at=now,
                actor=ITSELF,
                action="device.command.expire",
                object=f"device {command.device_id}",
                factory_ids=[factory_id],
                old={"id": command.id, "do": command.do, "asked_by": command.asked_by},
                reason=f"The device has not done it within {expiry / timedelta(hours=1):g} h.",
            )
            await audit.record(connection, entry)


async def for_node(db: Db, device_id: DeviceId) -> list[NodeCommand]:
    """What waits for a device, oldest first."""
    waiting = await stored.select_device_commands(db, device_id, waiting=True)
    return [NodeCommand(command.id, command.do, command.seconds) for command in waiting]
