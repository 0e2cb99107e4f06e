"""A device changes its key by itself: it asks for a new one, and using that ends the old one."""

from datetime import datetime

import msgspec

from appliance.errors import Conflict
from appliance.identity import audit, device_keys
from appliance.model.audit import Actor, AuditEntry
from appliance.model.device import KeyHolder
from appliance.store import device_keys as stored_keys
from appliance.store.device_commands import select_device_commands, update_commands_done
from appliance.store.devices import lock_device
from appliance.store.pool import Pool


class NewKey(msgspec.Struct, frozen=True):
    """A device's new key, shown this once."""

    key: str


async def rotate(db: Pool, holder: KeyHolder, address: str, now: datetime) -> NewKey:
    """Give a device that was told to change its key a new one beside the one it has used here.

    A new one that it never used, as its power was cut or the answer lost, is no longer good.
    Conflict: it was not told to.
    """
    async with db.acquire() as connection, connection.transaction():
        await lock_device(connection, holder.device_id)
        waiting = await select_device_commands(connection, holder.device_id, waiting=True)
        if not any(command.do == "rotate-key" for command in waiting):
            raise Conflict("Nobody has asked this device to change its key.")
        revoked = await stored_keys.update_other_keys_revoked(
            connection, holder.device_id, holder.key_id, now
        )
        key_id, key, sha256 = device_keys.make()
        if not await stored_keys.insert_successor_key(
            connection, holder.device_id, key_id, sha256, holder.key_id, now
        ):
            raise Conflict("The key that asked has been revoked.")
        old = {"revoked_key_ids": revoked} if revoked else None
        entry = _entry("device.key.rotate", holder, address, now)
        new = {"key_id": key_id, "replaces": holder.key_id}
        await audit.record(connection, msgspec.structs.replace(entry, old=old, new=new))
    return NewKey(key)


async def hand_over(db: Pool, holder: KeyHolder, address: str, now: datetime) -> None:
    """A device uses its new key: every other one is revoked."""
    async with db.acquire() as connection, connection.transaction():
        await lock_device(connection, holder.device_id)
        revoked = await stored_keys.update_other_keys_revoked(
            connection, holder.device_id, holder.key_id, now
        )
        await update_commands_done(connection, holder.device_id, now, do="rotate-key")
        await stored_keys.notify_device_keys(connection, [holder.device_id])
        if revoked:
            entry = _entry("device.key.revoke", holder, address, now)
            entry = msgspec.structs.replace(
                entry, old={"revoked_key_ids": revoked}, new={"key_id": holder.key_id}
            )
            await audit.record(connection, entry)


def _entry(action: str, holder: KeyHolder, address: str, now: datetime) -> AuditEntry:
    return AuditEntry(
        at=now,
        actor=Actor(f"device {holder.device_id}", address),
        action=action,
        object=f"device {holder.device_id}",
        factory_ids=[holder.factory_id],
    )
