"""The backup's file: a tar of its parts that ends with their SHA-256, for sha256sum too."""

import hashlib
import tarfile
from collections.abc import Generator, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Self

import msgspec

from appliance.backup import BackupDamaged
from appliance.errors import NotFound

MANIFEST = "manifest.json"
DUMP = "database.dump"
SUMS = "SHA256SUMS"
"""The last part: nothing is whole without it."""
FOLDERS = ("certificates", "secrets", "archive")
FORMAT = 1
CHUNK_BYTES = 1 << 20


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds, and who has made it when.

    migrations: steps of the schema. postgres, pg_dump: major versions of the server and of the
    program that dumped it. bytes: what the parts take when restored. faulty: files of sealed
    history that were missing or damaged already.
    """

    format: int
    made_at: datetime
    version: str
    migrations: int
    postgres: int
    pg_dump: int
    streams: int
    batches: int
    bytes: int
    faulty: list[str]


class Writer:
    """Writes a backup to a file that can be sought in."""

    def __init__(self, file: BinaryIO, made_at: datetime) -> None:
        self._file = file
        self._made_at = made_at
        self._sums: dict[str, str] = {}

    def add(self, name: str, chunks: Iterable[bytes], mode: int = 0o600) -> str:
        """Write a part, of whatever length; its SHA-256 in hex."""
        info = tarfile.TarInfo(name)
        info.mode, info.mtime = mode, int(self._made_at.timestamp())
        start = self._file.tell()
        self._file.write(info.tobuf(tarfile.GNU_FORMAT))
        digest = hashlib.sha256()
        for chunk in chunks:
            digest.update(chunk)
            info.size += len(chunk)
            self._file.write(chunk)
        self._file.write(bytes(-info.size % tarfile.BLOCKSIZE))
        end = self._file.tell()
        self._file.seek(start)
        self._file.write(info.tobuf(tarfile.GNU_FORMAT))
        self._file.seek(end)
        self._sums[name] = digest.hexdigest()
        return self._sums[name]

    def finish(self, manifest: Manifest) -> None:
        """Write what the backup holds and the hashes of everything."""
        self.add(MANIFEST, [msgspec.json.format(msgspec.json.encode(manifest)) + b"\n"])
        lines = "".join(f"{sha256}  {name}\n" for name, sha256 in self._sums.items())
        self.add(SUMS, [lines.encode()])
        self._file.write(bytes(2 * tarfile.BLOCKSIZE))


class Bundle:
    """A backup to be read. What is wrong with it is a BackupDamaged."""

    def __init__(self, path: Path, parts: Iterable[tarfile.TarInfo]) -> None:
        self.path = path
        self._parts = {part.name: part for part in parts}
        self.sums = self._read(SUMS)
        self._expected = {
            name: sha256
            for sha256, _, name in (line.partition("  ") for line in self.sums.splitlines())
        }
        if set(self._expected) != set(self._parts) - {SUMS} or not all(
            part.isreg() and _is_ours(name) for name, part in self._parts.items()
        ):
            raise BackupDamaged(f"{path} is damaged: its parts are not those that it names.")
        self._check(MANIFEST)
        try:
            self.manifest = msgspec.json.decode(self._read(MANIFEST), type=Manifest)
        except msgspec.DecodeError as error:
            raise BackupDamaged(f"{path} is no backup that this version reads: {error}") from error

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a backup; NotFound: there is no such file. Its parts are not looked at yet."""
        try:
            with tarfile.open(path, "r:") as tar:
                return cls(path, tar.getmembers())
        except (FileNotFoundError, IsADirectoryError) as error:
            raise NotFound(f"There is no backup {path}: {error.strerror}.") from error
        except (tarfile.TarError, UnicodeDecodeError) as error:
            raise BackupDamaged(f"{path} is not a whole backup of Carbonseed: {error}.") from error

    def check(self) -> None:
        """Read everything and hold it against its hashes."""
        for name in self._expected:
            self._check(name)

    def chunks(self, name: str) -> Generator[bytes, None, None]:
        """A part's bytes. Close it if it is not read to its end."""
        part = self._parts.get(name)
        if part is None:
            raise BackupDamaged(f"{self.path} is not a whole backup: {name} is missing.")
        with self.path.open("rb") as file:
            file.seek(part.offset_data)
            left = part.size
            while chunk := file.read(min(left, CHUNK_BYTES)):
                left -= len(chunk)
                yield chunk
        if left:
            raise BackupDamaged(f"{self.path} is cut off in {name}.")

    def files(self) -> Iterator[tuple[str, int]]:
        """The parts that are files of the data folder, each with its mode."""
        for name, part in self._parts.items():
            if "/" in name:
                yield name, part.mode & 0o755

    def _read(self, name: str) -> str:
        return b"".join(self.chunks(name)).decode()

    def _check(self, name: str) -> None:
        digest = hashlib.sha256()
        for chunk in self.chunks(name):
            digest.update(chunk)
        if digest.hexdigest() != self._expected.get(name):
            raise BackupDamaged(
                f"{self.path} is damaged: {name} is not what was backed up. Nothing was changed; "
                "use another backup."
            )


def _is_ours(name: str) -> bool:
    """Whether a part has its place: nothing lies outside of the folders, wherever it comes from."""
    first, *rest = name.split("/")
    if not rest:
        return name in {MANIFEST, DUMP, SUMS}
    return first in FOLDERS and not {"", ".", ".."} & set(rest)
