"""What `carbonseed doctor` looks at: each check says how it stands and what to do about it."""

import ctypes
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import msgspec
import psutil

from appliance.data_dir import orphans
from appliance.errors import CarbonseedError
from appliance.identity import certificates
from appliance.listeners.sockets import PortBusy, listen
from appliance.running import read_running
from appliance.settings import Settings
from appliance.store.postgres import binaries

GIB = 1024**3
NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "ceph"}
CLOCK_UNSYNCHRONISED = 5
"""What adjtimex(2) returns when nothing keeps the clock right."""


class Level(StrEnum):
    """How bad it is."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that was looked at; `fix` says what to do unless all is well."""

    name: str
    level: Level
    said: str
    fix: str = ""


def examine(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Look at everything, the ground first."""
    yield from (
        check(settings)
        for check in (_data_folder, _file_system, _disk_space, _disk_speed, _memory, _clock)
    )
    yield from _ports(settings)
    yield _postgres(settings)
    yield from _orphans()
    yield from _archive(settings)
    yield from _certificates(settings, now)


def _data_folder(settings: Settings) -> Finding:
    name, folder = "Data folder", settings.data_dir
    if not folder.exists():
        ground = _ground(folder)
        if os.access(ground, os.W_OK):
            return Finding(name, Level.OK, f"{folder} will be made at the first start")
        return Finding(
            name,
            Level.FAIL,
            f"{folder} does not exist, and this user may not make it in {ground}",
            "Run as another user, or name another folder with --data-dir.",
        )
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding(
            name,
            Level.FAIL,
            f"this user may not write {folder}",
            f"Run as the folder's owner, {_owner(folder)}.",
        )
    if folder.stat().st_mode & 0o066:
        return Finding(
            name, Level.WARN, f"others may look into {folder}", f"Run: chmod go-rw {folder}"
        )
    return Finding(name, Level.OK, str(folder))


def _file_system(settings: Settings) -> Finding:
    ground = _ground(settings.data_dir).resolve()
    mounts = [
        part for part in psutil.disk_partitions(all=True) if ground.is_relative_to(part.mountpoint)
    ]
    kind = max(mounts, key=lambda part: len(part.mountpoint)).fstype if mounts else "unknown"
    if kind in NETWORK_FILE_SYSTEMS:
        return Finding(
            "File system",
            Level.FAIL,
            f"{ground} lies on the network ({kind}); PostgreSQL may lose data there",
            "Choose a folder on a disk of this machine.",
        )
    return Finding("File system", Level.OK, kind)


def _archive(settings: Settings) -> Iterator[Finding]:
    """Sealed history, by its manifest alone: `carbonseed verify` reads every file."""
    from appliance.archive import manifest  # noqa: PLC0415  half a second of libraries

    if not (settings.archive_dir / "manifest.json").exists():
        return
    fix = f"Run: carbonseed verify {settings.archive_dir}"
    try:
        files = manifest.load(settings.archive_dir).files
    except CarbonseedError as error:
        yield Finding("Archive", Level.WARN, str(error), fix)
        return
    if damaged := [file for file in files if file.state == "damaged"]:
        said = f"{len(damaged)} damaged files are answered as gaps, the first is {damaged[0].path}"
        fix = f"Put a backup that holds them into {settings.backups_dir}: they come back from it."
        yield Finding("Archive", Level.WARN, said, fix)
    else:
        live = sum(file.state == "live" for file in files)
        yield Finding("Archive", Level.OK, f"{live} files of sealed history")


def _disk_space(settings: Settings) -> Finding:
    usage = shutil.disk_usage(_ground(settings.data_dir))
    said = f"{usage.free / GIB:.1f} GB free of {usage.total / GIB:.0f} GB"
    fix = "Make room, or put the data folder on a larger disk."
    if usage.free < GIB:
        return Finding("Disk space", Level.FAIL, said, fix)
    if usage.free < 20 * GIB:
        return Finding("Disk space", Level.WARN, f"{said}; a year of a plant takes about 20", fix)
    return Finding("Disk space", Level.OK, said)


def _disk_speed(settings: Settings) -> Finding:
    name = "Disk speed"
    try:
        median_ms = statistics.median(_sync_times_ms(_ground(settings.data_dir)))
    except OSError as error:
        return Finding(name, Level.WARN, f"could not be measured: {error.strerror}")
    said = f"a write is safe on the disk after {median_ms:.1f} ms"
    fix = "Use an SSD: each answer to a device waits for one such write."
    level = Level.OK if median_ms < 20 else Level.WARN if median_ms < 200 else Level.FAIL
    return Finding(name, level, said, "" if level is Level.OK else fix)


def _sync_times_ms(folder: Path) -> list[float]:
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(15):
            file.write(os.urandom(8192))
            file.flush()
            begun = time.perf_counter()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - begun) * 1000)
    return times


def _memory(_: Settings) -> Finding:
    total = psutil.virtual_memory().total
    said = f"{total / GIB:.1f} GB, {os.cpu_count()} processors"
    if total < 1.8 * GIB:
        return Finding("Memory", Level.WARN, said, "2 GB or more keep the dashboards quick.")
    return Finding("Memory", Level.OK, said)


def _clock(_: Settings) -> Finding:
    if datetime.now(UTC).year < 2026:
        return Finding(
            "Clock",
            Level.FAIL,
            f"this machine believes it is {datetime.now(UTC):%Y-%m-%d}",
            "Set the clock: readings take their time from it.",
        )
    if _is_unsynchronised():
        return Finding(
            "Clock",
            Level.WARN,
            "nothing keeps it right",
            "Set up chrony or systemd-timesyncd: readings take their time from this clock.",
        )
    return Finding("Clock", Level.OK, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")


def _is_unsynchronised() -> bool:
    try:
        adjtimex = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return False
    state: int = adjtimex(ctypes.create_string_buffer(512))
    return state == CLOCK_UNSYNCHRONISED


def _ports(settings: Settings) -> Iterator[Finding]:
    """Where the appliance listens, if it runs, and else where it would."""
    running = read_running(settings.running_file)
    where = running or settings
    for name, port in (
        ("People's port", where.people_port),
        ("Devices' port", where.device_port),
        ("Plain HTTP port", where.http_port),
    ):
        if not port:
            continue
        if running and _listener(port)[0] in {running.pid, None}:
            yield Finding(name, Level.OK, f"{port}, the appliance itself listens there")
        else:
            yield _port(name, where.host, port)


def _port(name: str, host: str, port: int) -> Finding:
    try:
        listen(host, port).close()
    except PortBusy:
        _, program = _listener(port)
        return Finding(
            name,
            Level.FAIL,
            f"{port} is taken by {program}",
            "Stop that program, or choose another port.",
        )
    except CarbonseedError as error:
        return Finding(name, Level.FAIL, f"{port} cannot be used", str(error))
    return Finding(name, Level.OK, f"{port} is free")


def _listener(port: int) -> tuple[int | None, str]:
    """The process that listens on a port, as far as this user may know."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status != psutil.CONN_LISTEN or not connection.laddr:
                continue
            if connection.laddr.port == port and connection.pid:
                program = psutil.Process(connection.pid).name()
                return connection.pid, f"{program} (process {connection.pid})"
    except psutil.Error:
        pass
    return None, "another program (run as root to see which)"


def _postgres(settings: Settings) -> Finding:
    if settings.database_url:
        return Finding("PostgreSQL", Level.OK, "a server of yours, see CARBONSEED_DATABASE_URL")
    version_file = settings.cluster_dir / "data" / "PG_VERSION"
    try:
        major = int(version_file.read_text()) if version_file.exists() else None
        found = binaries.choose(
            settings.pg_bin, binaries.SYSTEM, settings.cluster_dir / "programs", major
        )
    except CarbonseedError as error:
        return Finding("PostgreSQL", Level.FAIL, "no programs that fit", str(error))
    except OSError as error:
        return Finding(
            "PostgreSQL", Level.WARN, f"{error.filename} cannot be read", "Run as the data's owner."
        )
    return Finding("PostgreSQL", Level.OK, f"{found.label} in {found.folder}")


def _orphans() -> Iterator[Finding]:
    for folder in orphans():
        yield Finding(
            "Orphan",
            Level.WARN,
            f"no data folder leads to the PostgreSQL data in {folder}",
            f"If its data folder was removed on purpose: rm -r {folder}",
        )


def _certificates(settings: Settings, now: datetime) -> Iterator[Finding]:
    found = certificates.locate(settings.certificates_dir)
    if not found.authority.exists():
        yield Finding("Certificates", Level.OK, "will be made at the first start")
        return
    people = settings.certificate_file or found.people.certificate
    yield _expiry("Plant CA", found.authority, now, timedelta(days=365), "See docs/operations.md.")
    yield _expiry(
        "People's certificate",
        people,
        now,
        timedelta(days=20),
        "Put a new one in its place and restart."
        if settings.certificate_file
        else "Start the appliance: it renews it by itself.",
    )


def _expiry(name: str, file: Path, now: datetime, early: timedelta, fix: str) -> Finding:
    try:
        left = certificates.expires(file) - now
    except CarbonseedError as error:
        return Finding(name, Level.FAIL, str(error), fix)
    said = f"good for {left.days} more days"
    level = Level.OK if left > early else Level.WARN if left > timedelta(0) else Level.FAIL
    return Finding(name, level, said, "" if level is Level.OK else fix)


def _ground(folder: Path) -> Path:
    """The folder itself or the nearest one above it that exists."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


def _owner(folder: Path) -> str:
    try:
        return folder.owner()
    except KeyError:
        return str(folder.stat().st_uid)
