"""Identities for boards that are flashed far from the appliance: made ahead, signed, reported."""

from datetime import datetime
from typing import Annotated
from uuid import uuid4

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.errors import Conflict, NotFound
from appliance.identity import audit, device_keys
from appliance.identity.device_claims import Home, Mac
from appliance.identity.devices import Milliseconds, NewDevice, refuse_foreign_machine
from appliance.model.audit import Actor, AuditEntry
from appliance.model.device import Device
from appliance.model.ids import DeviceId, GivenFactoryId, GivenMachineId, KeyId
from appliance.model.scope import Scope
from appliance.model.text import Name
from appliance.store import device_macs, devices
from appliance.store.pool import Connection, Pool

PURPOSE = "carbonseed batch"
"""In every signed statement, so that it is taken for nothing else that the same key signs."""


class NewBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Devices to be made before their boards are known, one for each name."""

    factory_id: GivenFactoryId
    names: Annotated[list[Name], msgspec.Meta(min_length=1, max_length=200)]
    machine_id: GivenMachineId | None = None
    expected_interval_ms: Milliseconds = 10_000


class Identity(msgspec.Struct, frozen=True):
    """A device without a board yet, and its key, shown this once."""

    device: Device
    key_id: KeyId
    key: str


class Statement(msgspec.Struct, frozen=True):
    """What the appliance signs: who made which devices when, and where their boards are to send."""

    purpose: str
    id: str
    made_at: datetime
    made_by: str
    home: Home
    devices: list[tuple[DeviceId, str, KeyId]]


class Batch(msgspec.Struct, frozen=True):
    """A batch to be taken along. statement: the signed JSON; signature, public_key: hex."""

    identities: list[Identity]
    statement: str
    signature: str
    public_key: str


class UsedIdentity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device of a batch and the board that has become it."""

    device_id: DeviceId
    mac: Mac


class Used(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What has become of a batch."""

    boards: Annotated[list[UsedIdentity], msgspec.Meta(min_length=1, max_length=200)]


class Refused(msgspec.Struct, frozen=True):
    """A device that cannot run on the board it was reported with, and why."""

    device_id: DeviceId
    mac: str
    detail: str


async def make(
    db: Pool, scope: Scope, actor: Actor, asked: NewBatch, home: Home, secret: bytes, now: datetime
) -> Batch:
    """Add the devices with a key each. secret: of the key that signs the batch (Ed25519)."""
    if asked.factory_id not in scope.factory_ids:
        raise NotFound("There is no such factory.")
    batch_id = str(uuid4())
    async with db.acquire() as connection, connection.transaction():
        made = [await _add(connection, scope, asked, name, now) for name in asked.names]
        told = [(one.device.id, one.device.name, one.key_id) for one in made]
        entry = AuditEntry(
            at=now,
            actor=actor,
            action="device.batch.create",
            object=f"batch {batch_id}",
            factory_ids=[asked.factory_id],
            new={"devices": told},
        )
        await audit.record(connection, entry)
    statement = msgspec.json.encode(Statement(PURPOSE, batch_id, now, actor.name, home, told))
    key = Ed25519PrivateKey.from_private_bytes(secret)
    public = key.public_key().public_bytes_raw().hex()
    return Batch(made, statement.decode(), key.sign(statement).hex(), public)


async def report(
    db: Pool, scope: Scope, actor: Actor, used: Used, now: datetime
) -> tuple[int, list[Refused]]:
    """Note which boards the devices of a batch run on; those that cannot be so, with why."""
    refused = []
    async with db.acquire() as connection, connection.transaction():
        for one in used.boards:
            try:
                async with connection.transaction():
                    await _take(connection, scope, actor, one, now)
            except Conflict as error:
                refused.append(Refused(one.device_id, one.mac, str(error)))
    return len(used.boards) - len(refused), refused


async def _add(db: Connection, scope: Scope, asked: NewBatch, name: str, now: datetime) -> Identity:
    theirs = NewDevice(asked.factory_id, name, asked.machine_id, asked.expected_interval_ms)
    await refuse_foreign_machine(db, theirs)
    device_id = await devices.insert_device(
        db, theirs.factory_id, name, theirs.machine_id, theirs.expected_interval_ms
    )
    key_id, key = await device_keys.issue(db, scope, device_id, now)
    device = await devices.select_device(db, scope, device_id)
    if device is None:
        raise NotFound("There is no such device.")
    return Identity(device, key_id, key)


async def _take(
    db: Connection, scope: Scope, actor: Actor, one: UsedIdentity, now: datetime
) -> None:
    device = await devices.select_device(db, scope, one.device_id)
    if device is None:
        raise NotFound(f"There is no device {one.device_id}.")
    mac = await device_macs.select_mac(db, scope, one.device_id)
    if mac == one.mac.lower():
        return
    if mac is not None:
        raise Conflict(
            f"{device.name} runs on the board {mac} already, and is now reported with {one.mac}: "
            "the batch was used twice. Revoke the device's keys and flash both boards again."
        )
    other = await device_macs.select_device_id_by_mac(db, scope, one.mac)
    if other is not None:
        raise Conflict(
            f"The board {one.mac} is the device {other} already, and now {device.name}. Revoke the "
            "keys of the one that it no longer is."
        )
    await device_macs.update_device_mac(db, scope, one.device_id, one.mac)
    entry = AuditEntry(
        at=now,
        actor=actor,
        action="device.batch.use",
        object=f"device {one.device_id}",
        factory_ids=[device.factory_id],
        new={"mac": one.mac.lower()},
    )
    await audit.record(db, entry)
