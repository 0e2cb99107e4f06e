"""Firmware releases: checked, signed, kept; deleted when no roll-out needs them."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from appliance.errors import Conflict, NotFound
from appliance.identity import audit, firmware_key
from appliance.model import bundle
from appliance.model.audit import Actor, AuditEntry
from appliance.model.firmware import FirmwareKey, Release
from appliance.store import firmware
from appliance.store.pool import Pool
from appliance.store.rollouts import exists_rollout_of


async def public_key(secrets_dir: Path) -> FirmwareKey:
    """What boards check updates with."""
    return firmware_key.public(await asyncio.to_thread(firmware_key.load_or_make, secrets_dir))


async def add(db: Pool, secrets_dir: Path, actor: Actor, data: bytes, now: datetime) -> Release:
    """Check a bundle, sign it with the appliance's key whoever has signed it before, keep it."""
    signed, manifest, fingerprint = await asyncio.to_thread(_signed, secrets_dir, data)
    async with db.acquire() as connection, connection.transaction():
        release = await firmware.insert_release(
            connection, manifest, signed, fingerprint, actor.name, now
        )
        told = {"version": release.version, "sha256": release.sha256, "key": fingerprint}
        await audit.record(connection, _entry(actor, "firmware.release.add", release.id, told, now))
    return release


async def delete(db: Pool, actor: Actor, release_id: int, now: datetime) -> None:
    """Delete a release; Conflict while a roll-out of it runs."""
    async with db.acquire() as connection, connection.transaction():
        release = await firmware.select_release(connection, release_id)
        if release is None:
            raise NotFound("There is no such release.")
        if await exists_rollout_of(connection, release_id):
            raise Conflict(f"A roll-out of {release.version} runs. Halt it first.")
        await firmware.delete_release(connection, release_id)
        entry = _entry(actor, "firmware.release.delete", release_id, None, now)
        old = {"version": release.version, "sha256": release.sha256}
        await audit.record(connection, msgspec.structs.replace(entry, old=old))


def _signed(secrets_dir: Path, data: bytes) -> tuple[bytes, bundle.Manifest, str]:
    given = bundle.read(data)
    key = firmware_key.load_or_make(secrets_dir)
    manifest = bundle.manifest_of(given.manifest.version, given.files)
    signature = firmware_key.sign(key, manifest)
    packed = bundle.pack(given.manifest.version, given.files, signature)
    return packed, bundle.read(packed).manifest, firmware_key.public(key).fingerprint


def _entry(
    actor: Actor, action: str, release_id: int, new: dict[str, Any] | None, now: datetime
) -> AuditEntry:
    return AuditEntry(at=now, actor=actor, action=action, object=f"release {release_id}", new=new)
