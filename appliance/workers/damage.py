"""Sets damaged files of the archive aside, and takes them back once there is a whole one."""

import asyncio
import hashlib
import logging
import os
import tarfile
from datetime import datetime
from pathlib import Path

from appliance.archive import manifest
from appliance.archive.durable import make_folder, sync_folder
from appliance.archive.layout import QUARANTINE, TEMPORARY
from appliance.archive.merge import Damaged
from appliance.archive.mirror import Mirror, MirrorAway
from appliance.archive.prove import sha256_of
from appliance.identity import audit
from appliance.model.audit import Actor, AuditEntry
from appliance.model.sealed import FileState, ManifestFile
from appliance.store import sealed
from appliance.store.pool import Connection
from appliance.workers.archiving import Archiving

APPLIANCE = Actor("system", "archive")
"""Who acts where nobody does: the appliance itself."""

log = logging.getLogger(__name__)


async def set_aside(db: Connection, archiving: Archiving, damage: Damaged) -> None:
    """Answer a file as a gap from now on, and keep what is left of it where nothing reads it."""
    loop, now = asyncio.get_running_loop(), archiving.clock()
    async with db.transaction():
        await sealed.update_sealed_files(db, [damage.file.id], FileState.DAMAGED, str(damage), now)
        await _record(db, "archive.damage", damage.file, str(damage), now)
    await loop.run_in_executor(archiving.blocking, _move_aside, archiving.root, damage.file.path)
    await list_files(db, archiving)
    log.error(
        "%s. Its %d rows are answered as a gap until a backup or the bucket gives them back",
        damage,
        damage.file.rows,
    )


async def take_back(db: Connection, archiving: Archiving, file: ManifestFile) -> None:
    """Answer a damaged file again, which is there as it was sealed."""
    now = archiving.clock()
    async with db.transaction():
        await sealed.update_sealed_files(db, [file.id], FileState.LIVE, "", now)
        await _record(db, "archive.restore", file, None, now)
    await list_files(db, archiving)
    log.warning("%s is there again as it was sealed", file.path)


async def list_files(db: Connection, archiving: Archiving) -> None:
    """Write manifest.json anew."""
    files = await sealed.select_manifest(db)
    await asyncio.get_running_loop().run_in_executor(
        archiving.blocking, manifest.save, archiving.root, files
    )


def restore(archiving: Archiving, file: ManifestFile) -> bool:
    """Put a file back as it was sealed; False if it is nowhere to be had.

    What could not be read for a while may be all right; else a backup or the bucket may hold it.
    """
    place = archiving.root / file.path
    for there in (place, archiving.root / QUARANTINE / file.path):
        if _is_whole(there, file):
            make_folder(place.parent)
            there.replace(place)
            sync_folder(place.parent)
            return True
    for backup in sorted(archiving.backups.glob("carbonseed-*.tar"), reverse=True):
        data = _held(backup, f"archive/{file.path}")
        if data is not None and hashlib.sha256(data).digest() == file.sha256:
            make_folder(place.parent)
            temporary = place.with_name(place.name + TEMPORARY)
            with temporary.open("wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(place)
            sync_folder(place.parent)
            return True
    return archiving.mirror is not None and _fetch(archiving.mirror, place, file)


def _fetch(mirror: Mirror, place: Path, file: ManifestFile) -> bool:
    make_folder(place.parent)
    temporary = place.with_name(place.name + TEMPORARY)
    try:
        with temporary.open("wb") as out:
            if not mirror.fetch(file, out):
                return False
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(place)
    except MirrorAway as error:
        log.warning("%s", error)
        return False
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(place.parent)
    return True


async def _record(
    db: Connection, action: str, file: ManifestFile, reason: str | None, now: datetime
) -> None:
    entry = AuditEntry(
        at=now,
        actor=APPLIANCE,
        action=action,
        object=f"file {file.path}",
        factory_ids=[file.factory_id],
        new={"rows": file.rows, "sha256": file.sha256.hex()},
        reason=reason,
    )
    await audit.record(db, entry)


def _is_whole(place: Path, file: ManifestFile) -> bool:
    try:
        return place.stat().st_size == file.size_bytes and sha256_of(place) == file.sha256
    except OSError:
        return False


def _held(backup: Path, name: str) -> bytes | None:
    """A part of a backup; None: it has none such, or is damaged itself."""
    try:
        with tarfile.open(backup, "r:") as tar:
            part = tar.extractfile(name)
            return part.read() if part else None
    except (KeyError, OSError, tarfile.TarError):
        return None


def _move_aside(root: Path, path: str) -> None:
    aside = root / QUARANTINE / path
    make_folder(aside.parent)
    try:
        (root / path).replace(aside)
    except FileNotFoundError:
        return
    sync_folder(aside.parent)
    sync_folder((root / path).parent)
