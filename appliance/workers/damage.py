"""Sets damaged files of the archive aside, and takes them back once there is a whole one."""

import asyncio
import hashlib
import logging
import os
import tarfile
from pathlib import Path

from appliance.archive import manifest
from appliance.archive.durable import make_folder, sync_folder
from appliance.archive.layout import QUARANTINE, TEMPORARY
from appliance.archive.merge import Damaged
from appliance.archive.prove import sha256_of
from appliance.model.sealed import FileState, ManifestFile
from appliance.store import sealed
from appliance.store.pool import Connection
from appliance.workers.archiving import Archiving

log = logging.getLogger(__name__)


async def set_aside(db: Connection, archiving: Archiving, damage: Damaged) -> None:
    """Answer a file as a gap from now on, and keep what is left of it where nothing reads it."""
    loop, now = asyncio.get_running_loop(), archiving.clock()
    await sealed.update_sealed_files(db, [damage.file.id], FileState.DAMAGED, str(damage), now)
    await loop.run_in_executor(archiving.blocking, _move_aside, archiving.root, damage.file.path)
    await list_files(db, archiving)
    log.error(
        "%s. Its %d rows are answered as a gap; they come back if a backup holds the file",
        damage,
        damage.file.rows,
    )


async def list_files(db: Connection, archiving: Archiving) -> None:
    """Write manifest.json anew."""
    files = await sealed.select_manifest(db)
    await asyncio.get_running_loop().run_in_executor(
        archiving.blocking, manifest.save, archiving.root, files
    )


def restore(archiving: Archiving, file: ManifestFile) -> bool:
    """Put a file back as it was sealed; False if it is nowhere to be had.

    What could not be read for a while may be all right; else a backup may hold it.
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
    return False


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
