"""Makes a backup, while the appliance runs or not: whole under its name, or not there at all."""

import asyncio
import errno
import fcntl
import os
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

from appliance.backup import NoSpace
from appliance.backup.bundle import CHUNK_BYTES, DUMP, FORMAT, Manifest, Writer
from appliance.errors import CarbonseedError, Conflict, NotFound
from appliance.settings import Settings
from appliance.store.database import place_of, reach_database
from appliance.store.pool import connect
from appliance.store.postgres import binaries, dump
from appliance.store.postgres.binaries import Binaries
from appliance.store.postgres.layout import sync_folder
from appliance.store.snapshots import (
    Extent,
    open_snapshot,
    select_extent,
    select_sealed_sha256,
)

UNFINISHED = ".carbonseed-backup.part"
TRIES = 3
"""A file of sealed history may be replaced between the look at the database and the copy."""
NEWEST = 99


async def create(settings: Settings, folder: Path, now: datetime) -> tuple[Path, Manifest]:
    """Write a backup into the folder; its path and what it holds."""
    path = folder / f"carbonseed-{now:%Y%m%dT%H%M%SZ}.tar"
    try:
        async with reach_database(place_of(settings)) as database:
            await (await connect(database.url)).close()  # before anything is made
            file = await asyncio.to_thread(_open, folder)
            try:
                manifest = await _write(settings, file, now, database.url)
                await asyncio.to_thread(_keep, file, path)
            except BaseException:
                await asyncio.to_thread(_discard, file, folder)
                raise
    except OSError as error:
        raise _told(error, folder) from error
    return path, manifest


async def _write(settings: Settings, file: BinaryIO, now: datetime, url: str) -> Manifest:
    tries = TRIES
    while True:
        async with open_snapshot(url) as (db, snapshot):
            extent = await select_extent(db)
            sealed = await select_sealed_sha256(db)
            tools = await asyncio.to_thread(_tools, settings, extent)
            await asyncio.to_thread(_empty, file)
            made = _Backup(settings, tools, now, Writer(file, now))
            faulty = await asyncio.to_thread(made.add_files, sealed)
            tries -= 1
            if not faulty or not tries:
                source = url, snapshot
                return await asyncio.to_thread(made.add_database, extent, source, faulty)


class _Backup:
    """One try; what it adds blocks."""

    def __init__(self, settings: Settings, tools: Binaries, now: datetime, into: Writer) -> None:
        self._settings = settings
        self._tools = tools
        self._now = now
        self._into = into
        self._bytes = 0

    def add_files(self, sealed: Mapping[str, bytes]) -> list[str]:
        """Add certificates, secrets and sealed history; which files of that are not as sealed."""
        for folder in (self._settings.certificates_dir, self._settings.secrets_dir):
            for file in sorted(folder.rglob("*")):
                if file.is_file() and file.suffix != ".new":
                    self._add(folder.name, folder, str(file.relative_to(folder)))
        faulty = []
        for path, sha256 in sorted(sealed.items()):
            try:
                same = self._add("archive", self._settings.archive_dir, path) == sha256.hex()
            except FileNotFoundError:
                same = False
            if not same:
                faulty.append(path)
        return faulty

    def add_database(self, extent: Extent, source: tuple[str, str], faulty: list[str]) -> Manifest:
        """Add the dump of the database (source: its address, its snapshot) and finish."""
        url, snapshot = source
        with closing(dump.dump(self._tools, url, snapshot)) as chunks:
            self._into.add(DUMP, chunks)
        manifest = Manifest(
            format=FORMAT,
            made_at=self._now,
            version=version("carbonseed"),
            migrations=extent.migrations,
            postgres=extent.postgres,
            pg_dump=self._tools.major,
            streams=extent.streams,
            batches=extent.batches,
            bytes=self._bytes + extent.bytes,
            faulty=faulty,
        )
        self._into.finish(manifest)
        return manifest

    def _add(self, room: str, folder: Path, path: str) -> str:
        with (folder / path).open("rb") as stream:
            status = os.fstat(stream.fileno())
            self._bytes += status.st_size
            chunks = iter(lambda: stream.read(CHUNK_BYTES), b"")
            return self._into.add(f"{room}/{path}", chunks, status.st_mode & 0o777)


def _tools(settings: Settings, extent: Extent) -> Binaries:
    return binaries.tools(
        settings.pg_bin,
        binaries.SYSTEM,
        settings.cluster_dir / "programs",
        range(extent.postgres, NEWEST),
    )


def _open(folder: Path) -> BinaryIO:
    """A file for its owner's eyes alone; what a killed run has left in it is overwritten."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.fdopen(os.open(folder / UNFINISHED, os.O_RDWR | os.O_CREAT, 0o600), "w+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise Conflict(f"Another backup is being written to {folder}.") from error
    return file


def _empty(file: BinaryIO) -> None:
    file.seek(0)
    file.truncate()


def _keep(file: BinaryIO, path: Path) -> None:
    """Put the file on the disk, and only then give it its name."""
    file.flush()
    os.fsync(file.fileno())
    path.with_name(UNFINISHED).rename(path)
    file.close()
    sync_folder(path.parent)


def _discard(file: BinaryIO, folder: Path) -> None:
    (folder / UNFINISHED).unlink(missing_ok=True)
    with suppress(OSError):  # what is still to be written finds no room either
        file.close()


def _told(error: OSError, folder: Path) -> Exception:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return NoSpace(
            f"There is no room left in {folder}: {error.strerror}. Nothing is kept of the "
            "unfinished backup; make room, or name another folder with --to."
        )
    if isinstance(error, PermissionError):
        return error
    if isinstance(error, NotADirectoryError | FileNotFoundError | FileExistsError):
        return NotFound(f"{folder} is no folder that a backup could be written to: {error}.")
    return CarbonseedError(f"The backup cannot be written to {folder}: {error}.")
