"""A board that is being flashed becomes a device, or stays the one it is, with a new key."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from appliance.errors import Conflict, NotFound
from appliance.identity import audit, certificates, device_keys, firmware_key
from appliance.identity.devices import NewDevice, refuse_foreign_machine
from appliance.model.audit import Actor, AuditEntry
from appliance.model.device import Device
from appliance.model.ids import DeviceId, KeyId
from appliance.model.scope import Scope
from appliance.store import device_keys as stored_keys
from appliance.store import device_macs, devices
from appliance.store.pool import Connection, Pool

Mac = Annotated[str, msgspec.Meta(pattern=r"\A([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}\Z")]


class Claim(NewDevice, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The device a board is to be, and the board's address.
    replace: a board that is a device of another name leaves it and becomes this one."""

    mac: Mac
    replace: bool = False


class Home(msgspec.Struct, frozen=True):
    """Where nodes send: the port, the name in its certificate, the authority behind it (PEM).
    modulus: of the key (RSA, hex) that signs the firmware which nodes may run."""

    port: int
    name: str
    ca: str
    modulus: str


class Claimed(msgspec.Struct, frozen=True):
    """The device a board is, and its new key, shown this once. known: it was this device before."""

    device: Device
    known: bool
    key_id: KeyId
    key: str
    home: Home


async def home(certificates_dir: Path, secrets_dir: Path, port: int) -> Home:
    """What a node needs to know of this appliance."""
    authority = certificates.locate(certificates_dir).authority
    ca = await asyncio.to_thread(authority.read_text, "ascii")
    key = await asyncio.to_thread(firmware_key.load_or_make, secrets_dir)
    return Home(port, certificates.DEVICE_NAME, ca, firmware_key.public(key).modulus)


async def claim(
    db: Pool, scope: Scope, actor: Actor, asked: Claim, home: Home, now: datetime
) -> Claimed:
    """Find the board's device or add it, and give it a key.

    The key used last stays good until the new one has proved itself; any other is revoked.
    """
    if asked.factory_id not in scope.factory_ids:
        raise NotFound("There is no such factory.")
    async with db.acquire() as connection, connection.transaction():
        device_id = await device_macs.select_device_id_by_mac(connection, scope, asked.mac)
        left = await _leave(connection, scope, device_id, asked, now)
        if left is not None:
            device_id = None
        known = device_id is not None
        if device_id is None:
            device_id = await _add(connection, scope, asked)
        device = await devices.select_device(connection, scope, device_id)
        if device is None:
            raise NotFound("There is no such device.")
        if known:
            _refuse_another(device, asked)
        spare = await device_macs.select_spare_key_ids(connection, scope, device_id)
        for key_id in spare:
            await stored_keys.update_device_key_revoked(connection, scope, device_id, key_id, now)
        key_id, key = await device_keys.issue(connection, scope, device_id, now)
        entry = AuditEntry(
            at=now,
            actor=actor,
            action="device.claim",
            object=f"device {device_id}",
            factory_ids=[device.factory_id],
            old=_old(spare, left),
            new={"name": device.name, "mac": asked.mac.lower(), "known": known, "key_id": key_id},
        )
        await audit.record(connection, entry)
    return Claimed(device, known, key_id, key, home)


async def _add(db: Connection, scope: Scope, asked: Claim) -> DeviceId:
    await refuse_foreign_machine(db, asked)
    device_id = await devices.insert_device(
        db, asked.factory_id, asked.name, asked.machine_id, asked.expected_interval_ms
    )
    await device_macs.update_device_mac(db, scope, device_id, asked.mac)
    return device_id


async def _leave(
    db: Connection, scope: Scope, device_id: DeviceId | None, asked: Claim, now: datetime
) -> DeviceId | None:
    """The device that loses its board to be replaced, and the keys on it; None: there is none."""
    device = device_id and asked.replace and await devices.select_device(db, scope, device_id)
    if not device or _is_same(device, asked):
        return None
    await device_macs.update_device_mac(db, scope, device.id, None)
    for key in await stored_keys.select_device_keys(db, scope, device.id):
        if key.revoked_at is None:
            await stored_keys.update_device_key_revoked(db, scope, device.id, key.id, now)
    return device.id


def _old(revoked: list[KeyId], left: DeviceId | None) -> dict[str, object] | None:
    told = {"revoked_key_ids": revoked or None, "left_device_id": left}
    return {name: value for name, value in told.items() if value is not None} or None


def _refuse_another(device: Device, asked: Claim) -> None:
    """A known board keeps its name and its factory, or two machines' readings would mix."""
    if not _is_same(device, asked):
        raise Conflict(
            f"The board {asked.mac} is the device {device.name} already. Flash it as "
            f"{device.name}, in its own factory, or with --replace as a new device."
        )


def _is_same(device: Device, asked: Claim) -> bool:
    return (device.factory_id, device.name) == (asked.factory_id, asked.name)
