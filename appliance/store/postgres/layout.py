"""What lies where in the cluster's folder: its lock, its secrets and its address."""

import fcntl
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from appliance.errors import AlreadyRunning
from appliance.store.postgres import ClusterError
from appliance.store.postgres.owner import Owner, user_name

APPLICATION = "carbonseed"
"""The role the appliance signs in with, and the database that role owns."""
SUPERUSER = "postgres"
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")
"""Bytes that the kernel's sockaddr_un leaves for the folder."""


@dataclass(frozen=True)
class Layout:
    """The cluster's folder."""

    folder: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """Folder of the server's log: a file for each day of the week."""
        return self.folder / "log"

    @property
    def early_log(self) -> Path:
        """What the server says before it has its log."""
        return self.folder / "start.log"

    @property
    def programs(self) -> Path:
        """Folder of copies of the wheel's programs."""
        return self.folder / "programs"

    @cached_property
    def sockets(self) -> Path:
        """Folder of the server's socket: ours, or a short one where ours makes too long a path."""
        inside = self.folder / "run"
        plain = re.fullmatch(r"[\w./@+~ -]+", str(inside))
        if plain and len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
            return inside
        short = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path("/run" if os.geteuid() == 0 else "/tmp", f"carbonseed-{short}")  # noqa: S108

    @property
    def data_major(self) -> int | None:
        """The major version of PostgreSQL that wrote the data; None before there is any."""
        if not self.data.exists():
            return None
        try:
            return int((self.data / "PG_VERSION").read_text())
        except (FileNotFoundError, ValueError):
            raise ClusterError(
                f"{self.data} is there, but holds no PostgreSQL data. Move it away, or name "
                "another data folder."
            ) from None

    def secret(self, role: str) -> Path:
        """The file with the role's password."""
        return self.folder / f"{role}.password"

    def password(self, role: str) -> str:
        """Return the role's password, made at the first call."""
        if not self.secret(role).exists():
            write_secret(self.secret(role), secrets.token_hex(32))
        return self.secret(role).read_text()

    def url(self, role: str, password: str, database: str) -> str:
        """Return the role's address and password, as asyncpg and libpq take them."""
        return f"postgresql://{role}:{password}@/{database}?host={quote(str(self.sockets))}"

    def make_folders(self, owner: Owner) -> None:
        """Make the folders: ours to us, and those the server writes to for its owner's eyes only.

        What root writes, runs or locks lies where the server's user cannot put anything.
        """
        if not self.folder.exists():
            self.folder.mkdir(parents=True)
            self.folder.chmod(0o711 if owner.identity else 0o700)
        if (holder := self.folder.stat().st_uid) != os.geteuid():
            raise ClusterError(
                f"{self.folder} belongs to the user {user_name(holder)}. Start the appliance as "
                "that user, or name another data folder."
            )
        if not owner.may_enter(self.folder):
            raise ClusterError(
                f"PostgreSQL runs as the user {owner.name}, who may not enter {self.folder}. "
                "Let that user pass through its parent folders (chmod o+x), or name another data "
                "folder, such as /var/lib/carbonseed."
            )
        self.programs.mkdir(mode=0o755, exist_ok=True)
        for folder in (self.log, self.sockets):
            if not os.path.lexists(folder):
                folder.mkdir(mode=0o700)
                owner.own(folder)
        found = self.sockets.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner.uid or found.st_mode & 0o077:
            raise ClusterError(
                f"{self.sockets} is to hold PostgreSQL's socket, but is not a folder of the user "
                f"{owner.name} alone. Remove it and start again."
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other appliance off this folder; the lock goes when this process ends."""
        handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(handle, 20, 0).decode().strip()
                raise AlreadyRunning(
                    f"Another appliance (process {holder}) runs on {self.folder}. "
                    "Stop it first, or name another data folder."
                ) from None
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(handle)


def write_secret(path: Path, text: str) -> None:
    """Write a file that only we can read: whole or not at all."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)


def sync_folder(folder: Path) -> None:
    """Put the folder's own entries on the disk, so that what was renamed stays so."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
