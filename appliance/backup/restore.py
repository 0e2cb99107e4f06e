"""Puts a backup back: into a folder or schema of its own first, and then into its place."""

import asyncio
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from appliance import data_dir
from appliance.backup import BackupDamaged, BackupTooNew, NoSpace, swap
from appliance.backup.bundle import DUMP, FOLDERS, FORMAT, Bundle, Manifest
from appliance.errors import AlreadyRunning, Unavailable
from appliance.running import read_running
from appliance.settings import Settings
from appliance.store import snapshots
from appliance.store.database import with_password
from appliance.store.migrate import packaged
from appliance.store.pool import TROUBLE, Connection, connect
from appliance.store.postgres import ClusterError, binaries, dump, server
from appliance.store.postgres.binaries import Binaries
from appliance.store.postgres.cluster import open_cluster
from appliance.store.postgres.layout import Layout
from appliance.store.postgres.owner import user_name

SCRATCH = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""Settings of a server whose data is looked at once and thrown away."""


class Restored(NamedTuple):
    """What was restored, and where what was there before lies now: folders, schemas."""

    manifest: Manifest
    aside: list[str]


async def verify(settings: Settings, file: Path) -> Manifest:
    """Read a backup whole and load its database into a scratch server; what it holds."""
    found = await asyncio.to_thread(_open, file)
    await asyncio.to_thread(found.check)
    scratch = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="carbonseed-verify-"))
    try:
        await asyncio.to_thread(scratch.chmod, 0o711)  # the server may be another user
        await asyncio.to_thread(_need_room, scratch, found.manifest)
        await _into_own(scratch / "postgres", settings.pg_bin, found, SCRATCH)
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
    return found.manifest


async def restore(settings: Settings, file: Path, now: datetime) -> Restored:
    """Put a backup in the place of what is there, which is set aside.

    Nothing is touched before the backup is proved. AlreadyRunning: an appliance runs on the data.
    """
    found = await asyncio.to_thread(_open, file)
    await asyncio.to_thread(_refuse_running, settings)
    await asyncio.to_thread(found.check)
    made = await asyncio.to_thread(data_dir.make_folder, settings)
    try:
        with ExitStack() as held:
            await asyncio.to_thread(held.enter_context, _held(settings))
            folder, aside = settings.data_dir, list[Path | None]()
            resumed = await asyncio.to_thread(swap.is_ready, folder, found.sums)
            schema = await asyncio.to_thread(swap.noted_schema, folder) if resumed else None
            if await asyncio.to_thread(swap.is_pending, folder):
                aside.append(await asyncio.to_thread(swap.finish, folder, now))
            if not resumed:
                schema = await _stage(settings, found, now)
                aside.append(await asyncio.to_thread(swap.finish, folder, now))
    except BaseException:
        await asyncio.to_thread(data_dir.take_back, settings, made)
        raise
    places = [str(place) for place in aside if place]
    return Restored(found.manifest, places + ([f"schema {schema}"] if schema else []))


def _open(file: Path) -> Bundle:
    """A backup that this version knows how to read; else BackupTooNew."""
    found = Bundle.open(file)
    made_by, ours = found.manifest.version, version("carbonseed")
    if (
        _numbers(made_by) > _numbers(ours)
        or found.manifest.format > FORMAT
        or found.manifest.migrations > len(packaged())
    ):
        raise BackupTooNew(
            f"Carbonseed {made_by} has made this backup; this is {ours}. Install that "
            "version first. Nothing was changed."
        )
    return found


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)[:3]]


def _refuse_running(settings: Settings) -> None:
    if running := read_running(settings.running_file):
        raise AlreadyRunning(
            f"An appliance (process {running.pid}) runs on {settings.data_dir}. Stop it first: a "
            "restore replaces everything under it."
        )
    if not settings.data_dir.exists():
        return
    if (holder := settings.data_dir.stat().st_uid) != os.geteuid():
        raise PermissionError(1, f"belongs to {user_name(holder)}", str(settings.data_dir))


@contextmanager
def _held(settings: Settings) -> Iterator[None]:
    """Keep every appliance and every other restore off the data folder."""
    with ExitStack() as stack:
        handle = os.open(settings.data_dir, os.O_RDONLY | os.O_DIRECTORY)
        stack.callback(os.close, handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"Another restore works on {settings.data_dir}.") from None
        if settings.cluster_dir.exists():
            layout = Layout(settings.cluster_dir.resolve())
            stack.enter_context(layout.locked())
            server.end_left_behind(layout)
        yield


async def _stage(settings: Settings, found: Bundle, now: datetime) -> str | None:
    """Restore everything beside what is there; the schema that was set aside, if one was."""
    schema = None
    await _take_back(settings)
    await asyncio.to_thread(swap.discard, settings)
    await asyncio.to_thread(_need_room, settings.data_dir, found.manifest)
    try:
        staged = await asyncio.to_thread(swap.staging, settings)
        await asyncio.to_thread(data_dir.prepare, staged)
        await asyncio.to_thread(_extract, found, staged.data_dir)
        if settings.database_url:
            schema = await _into_server(settings, found, now)
        else:
            await _into_own(staged.cluster_dir, settings.pg_bin, found, {})
        await asyncio.to_thread(swap.make_ready, settings.data_dir, found.sums)
    except BaseException as error:
        await _take_back(settings, error)
        await asyncio.to_thread(swap.discard, settings)
        raise
    return schema


async def _take_back(settings: Settings, because: BaseException | None = None) -> None:
    """Put back what was set aside in the plant's server, if a restore that failed has done so.

    Unavailable: it cannot be done now. The note of it stays, and no appliance starts before it is.
    """
    schema = await asyncio.to_thread(swap.noted_schema, settings.data_dir)
    if not schema:
        return
    try:
        db = await connect(_url(settings), command_timeout=None)
        try:
            await snapshots.update_schema_back(db, schema)
        finally:
            await db.close(timeout=5)
    except TROUBLE as error:
        told = f"The restore has failed: {because} " if because else ""
        raise Unavailable(
            f"{told}What was in the database lies in its schema {schema} and cannot be put back "
            f"now: {error} Run `carbonseed restore FILE` again once the server answers: it begins "
            "with that. Until then no appliance starts here."
        ) from error
    await asyncio.to_thread(swap.forget_schema, settings.data_dir)


def _url(settings: Settings) -> str:
    """The plant's own database."""
    return with_password(settings.database_url or "", settings.database_password_file)


def _extract(found: Bundle, into: Path) -> None:
    for name in FOLDERS:
        (into / name).mkdir(mode=0o755 if name == "certificates" else 0o700)
    for name, mode in found.files():
        file = into / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            for chunk in found.chunks(name):
                stream.write(chunk)
            os.fchmod(stream.fileno(), mode)
            stream.flush()
            os.fsync(stream.fileno())


async def _into_own(
    folder: Path, programs: Path | None, found: Bundle, settings: Mapping[str, str]
) -> None:
    """Load the database into a new cluster, and end its server."""
    oldest = found.manifest.pg_dump
    async with open_cluster(folder, binaries=programs, settings=settings, oldest=oldest) as cluster:
        await asyncio.to_thread(_load, found, cluster.binaries, cluster.url)
        db = await connect(cluster.url, command_timeout=None)
        try:
            await _count(db, found)
        finally:
            await db.close(timeout=5)
    await asyncio.to_thread(_remove_sockets, Layout(folder))


def _load(found: Bundle, tools: Binaries, url: str, *, at_once: bool = False) -> None:
    with closing(found.chunks(DUMP)) as chunks:
        dump.load(tools, url, chunks, at_once=at_once)


def _remove_sockets(layout: Layout) -> None:
    """The folder of the sockets, if it lies elsewhere: the cluster will move away from it."""
    layout = Layout(layout.folder.resolve())
    if not layout.sockets.is_relative_to(layout.folder):
        shutil.rmtree(layout.sockets)


async def _into_server(settings: Settings, found: Bundle, now: datetime) -> str | None:
    """Load the database into one of the plant's; the schema that was set aside, if one was."""
    url, schema = _url(settings), None
    db = await connect(url, command_timeout=None)
    try:
        if others := await snapshots.select_other_sessions(db):
            raise AlreadyRunning(
                f"Appliances use this database (sessions {', '.join(others)}). Stop them first."
            )
        major = db.get_server_version().major
        if major < found.manifest.pg_dump:
            raise ClusterError(
                f"The database is on PostgreSQL {major}; this backup needs "
                f"{found.manifest.pg_dump} or newer. Nothing was changed."
            )
        tools = await asyncio.to_thread(
            binaries.tools,
            settings.pg_bin,
            binaries.SYSTEM,
            settings.cluster_dir / "programs",
            range(major, found.manifest.pg_dump - 1, -1),
        )
        if await snapshots.exists_appliance(db):
            schema = f"{dump.SET_ASIDE}{now:%Y%m%d_%H%M%S}"
            await asyncio.to_thread(swap.note_schema, settings.data_dir, schema)
            await snapshots.update_schema_aside(db, schema)
        await asyncio.to_thread(_load, found, tools, url, at_once=True)
        await _count(db, found)
    finally:
        await db.close(timeout=5)
    return schema


async def _count(db: Connection, found: Bundle) -> None:
    extent = await snapshots.select_extent(db)
    there, wanted = ((one.migrations, one.streams, one.batches) for one in (extent, found.manifest))
    if there != wanted:
        raise BackupDamaged(
            f"{found.path} holds {extent.streams} streams and {extent.batches} batches of "
            f"{found.manifest.streams} and {found.manifest.batches}."
        )


def _need_room(folder: Path, manifest: Manifest) -> None:
    free = shutil.disk_usage(folder).free
    if free < manifest.bytes:
        raise NoSpace(
            f"{folder} has {free / 1e9:.1f} GB free; the backup needs about "
            f"{manifest.bytes / 1e9:.1f} GB. Make room first. Nothing was changed."
        )
