"""manifest.json: what lies in the archive, for whoever reads it without the appliance."""

import os
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import msgspec

from appliance.archive.durable import make_folder, sync_folder
from appliance.archive.layout import MANIFEST, TEMPORARY
from appliance.errors import CarbonseedError
from appliance.model.sealed import FileKind, FileState, ManifestFile

VERSION = 1


class ManifestUnreadable(CarbonseedError):
    """manifest.json cannot be read."""

    code = "manifest-unreadable"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A file; days inclusive, sha256 in hexadecimal. state replaced: it is deleted soon."""

    path: str
    kind: FileKind
    factory_id: int
    metric: str
    first_day: date
    last_day: date
    generation: int
    rows: int
    bytes: int
    sha256: str
    scale: int | None
    sealed_at: datetime
    state: FileState


class Manifest(msgspec.Struct, frozen=True):
    """The content of manifest.json."""

    version: int
    files: tuple[Entry, ...]


def load(root: Path) -> Manifest:
    """Read the manifest of an archive."""
    try:
        manifest = msgspec.json.decode((root / MANIFEST).read_bytes(), type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ManifestUnreadable(f"{root / MANIFEST} is damaged: {error}") from error
    if manifest.version != VERSION:
        raise ManifestUnreadable(
            f"{root / MANIFEST} has version {manifest.version}, this Carbonseed reads {VERSION}."
        )
    return manifest


def save(root: Path, files: Iterable[ManifestFile]) -> None:
    """Write the manifest unless it says the same already; a crash leaves the old or the new."""
    entries = tuple(
        Entry(
            path=file.path,
            kind=file.kind,
            factory_id=file.factory_id,
            metric=file.metric,
            first_day=file.first_day,
            last_day=file.last_day,
            generation=file.generation,
            rows=file.rows,
            bytes=file.size_bytes,
            sha256=file.sha256.hex(),
            scale=file.scale,
            sealed_at=file.sealed_at,
            state=file.state,
        )
        for file in files
    )
    data = msgspec.json.format(msgspec.json.encode(Manifest(VERSION, entries)), indent=1)
    place = root / MANIFEST
    if place.exists() and place.read_bytes() == data:
        return
    make_folder(root)
    temporary = place.with_name(MANIFEST + TEMPORARY)
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(place)
    sync_folder(root)
