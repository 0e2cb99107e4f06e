"""Devices: registered with a key of their own, and given another when one is to be replaced."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType, structs

from appliance.errors import NotFound, Unprocessable
from appliance.identity import audit, device_keys
from appliance.model.audit import Actor, AuditEntry
from appliance.model.device import Device, DeviceKey
from appliance.model.ids import DeviceId, FactoryId, GivenFactoryId, GivenMachineId, KeyId
from appliance.model.scope import Scope
from appliance.model.text import Name
from appliance.store import device_keys as stored_keys
from appliance.store import devices, machines
from appliance.store.intervals import insert_interval
from appliance.store.pool import Connection, Db, Pool

Milliseconds = Annotated[int, msgspec.Meta(ge=100, le=24 * 3600 * 1000)]


class NewDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device to be registered. `expected_interval_ms`: how often it is to be heard of."""

    factory_id: GivenFactoryId
    name: Name
    machine_id: GivenMachineId | None = None
    expected_interval_ms: Milliseconds = 10_000


class DeviceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change of a device; what is not named stays. No machine: null."""

    name: Name | UnsetType = UNSET
    machine_id: GivenMachineId | UnsetType | None = UNSET
    expected_interval_ms: Milliseconds | UnsetType = UNSET


class Registered(msgspec.Struct, frozen=True):
    """A new device and its key, shown this once."""

    device: Device
    key: str


class IssuedKey(msgspec.Struct, frozen=True):
    """A new key, shown this once."""

    id: KeyId
    key: str


async def register(
    db: Pool, scope: Scope, actor: Actor, asked: NewDevice, now: datetime
) -> Registered:
    """Add a device to a factory in scope, with its first key."""
    if asked.factory_id not in scope.factory_ids:
        raise NotFound("There is no such factory.")
    async with db.acquire() as connection, connection.transaction():
        await refuse_foreign_machine(connection, asked)
        device_id = await devices.insert_device(
            connection, asked.factory_id, asked.name, asked.machine_id, asked.expected_interval_ms
        )
        key_id, key = await device_keys.issue(connection, scope, device_id, now)
        device = await _one(connection, scope, device_id)
        told = {**msgspec.to_builtins(asked), "key_id": key_id}
        entry = _entry(actor, "device.create", device, now)
        await audit.record(connection, msgspec.structs.replace(entry, new=told))
    return Registered(device, key)


async def change(
    db: Pool, scope: Scope, actor: Actor, device_id: DeviceId, asked: DeviceChange, now: datetime
) -> Device:
    """Change a device in scope; what was expected of it before is kept with its time."""
    wanted = {name: value for name, value in structs.asdict(asked).items() if value is not UNSET}
    async with db.acquire() as connection, connection.transaction():
        await devices.lock_device(connection, device_id)
        device = await _one(connection, scope, device_id)
        old = {name: getattr(device, name) for name in wanted}
        if old == wanted:
            return device
        if wanted.get("machine_id") is not None:
            theirs = NewDevice(device.factory_id, device.name, wanted["machine_id"])
            await refuse_foreign_machine(connection, theirs)
        if wanted.get("expected_interval_ms", device.expected_interval_ms) != (
            device.expected_interval_ms
        ):
            await insert_interval(connection, device_id, now, device.expected_interval_ms)
        await devices.update_device(connection, structs.replace(device, **wanted))
        entry = _entry(actor, "device.change", device, now)
        await audit.record(connection, structs.replace(entry, old=old, new=wanted))
        return await _one(connection, scope, device_id)


async def issue_key(
    db: Pool, scope: Scope, actor: Actor, device_id: DeviceId, now: datetime
) -> IssuedKey:
    """Give a device a second key; a third one is a Conflict."""
    async with db.acquire() as connection, connection.transaction():
        device = await _one(connection, scope, device_id)
        key_id, key = await device_keys.issue(connection, scope, device_id, now)
        entry = _entry(actor, "device.key.create", device, now)
        await audit.record(connection, msgspec.structs.replace(entry, new={"key_id": key_id}))
    return IssuedKey(key_id, key)


async def revoke_key(
    db: Pool, scope: Scope, actor: Actor, device_id: DeviceId, key_id: KeyId, now: datetime
) -> None:
    """Make a key useless at once."""
    async with db.acquire() as connection, connection.transaction():
        device = await _one(connection, scope, device_id)
        if not await stored_keys.update_device_key_revoked(
            connection, scope, device_id, key_id, now
        ):
            raise NotFound("The device has no such key, or it is revoked already.")
        entry = _entry(actor, "device.key.revoke", device, now)
        await audit.record(connection, msgspec.structs.replace(entry, old={"key_id": key_id}))


async def keys(db: Db, scope: Scope, device_id: DeviceId) -> list[DeviceKey]:
    """The keys of a device in scope, revoked ones included."""
    await _one(db, scope, device_id)
    return await stored_keys.select_device_keys(db, scope, device_id)


async def refuse_foreign_machine(db: Connection, asked: NewDevice) -> None:
    """Refuse a machine that is not in the device's own factory."""
    if asked.machine_id is None:
        return
    theirs = Scope((FactoryId(asked.factory_id),))
    if await machines.select_machine(db, theirs, asked.machine_id) is None:
        raise Unprocessable("There is no such machine in this factory.")


async def _one(db: Db, scope: Scope, device_id: DeviceId) -> Device:
    device = await devices.select_device(db, scope, device_id)
    if device is None:
        raise NotFound("There is no such device.")
    return device


def _entry(actor: Actor, action: str, device: Device, now: datetime) -> AuditEntry:
    return AuditEntry(
        at=now,
        actor=actor,
        action=action,
        object=f"device {device.id}",
        factory_ids=[device.factory_id],
    )
