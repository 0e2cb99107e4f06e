"""Holds an archive's folder against its manifest, with nothing else at hand."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from appliance.archive.layout import TEMPORARY, generation_of
from appliance.archive.manifest import Entry, load
from appliance.archive.prove import sha256_of
from appliance.archive.sweep import files_below
from appliance.model.sealed import FileKind, FileState

FOREIGN = "somebody put it there, or a sealing that was broken off left it; nobody reads it"


class Trouble(StrEnum):
    """What can be wrong with a file."""

    MISSING = "missing"
    LENGTH = "length"
    CHANGED = "changed"
    SWAPPED = "swapped"
    ROWS = "rows"
    DAMAGED = "damaged"
    FOREIGN = "foreign"
    UNREADABLE = "unread"


class Fault(msgspec.Struct, frozen=True):
    """One file that is not as it should be."""

    path: str
    fault: Trouble
    said: str


class Verified(msgspec.Struct, frozen=True):
    """What was looked at: live files, the raw readings in them, their bytes; and all faults."""

    files: int
    readings: int
    bytes: int
    faults: tuple[Fault, ...]


def verify(root: Path) -> Verified:
    """Look at every file of an archive; ManifestUnreadable if there is no telling."""
    entries = load(root).files
    live = [entry for entry in entries if entry.state is FileState.LIVE]
    return Verified(
        len(live),
        sum(entry.rows for entry in live if entry.kind is FileKind.READINGS),
        sum(entry.bytes for entry in live),
        tuple(_faults(root, entries)),
    )


def _faults(root: Path, entries: tuple[Entry, ...]) -> Iterator[Fault]:
    by_hash = {entry.sha256: entry.path for entry in entries}
    for entry in entries:
        if generation_of(entry.path) is None:
            yield Fault(entry.path, Trouble.FOREIGN, "the manifest names what is no file of ours")
        elif entry.state is FileState.DAMAGED:
            yield Fault(entry.path, Trouble.DAMAGED, "was found damaged and set aside")
        elif entry.state is FileState.LIVE and (fault := _look(root, entry, by_hash)):
            yield fault
    for path in sorted(set(files_below(root)) - {entry.path for entry in entries}):
        if not path.endswith(TEMPORARY):  # being written, or left so; nobody reads it
            yield Fault(path, Trouble.FOREIGN, FOREIGN)


def _look(root: Path, entry: Entry, by_hash: dict[str, str]) -> Fault | None:
    path = root / entry.path
    try:
        found_bytes, sha256 = path.stat().st_size, sha256_of(path).hex()
        if sha256 == entry.sha256:
            rows = pq.read_metadata(path).num_rows
            said = f"{rows:,} rows, not {entry.rows:,}"
            return None if rows == entry.rows else Fault(entry.path, Trouble.ROWS, said)
    except FileNotFoundError:
        return Fault(entry.path, Trouble.MISSING, f"{entry.rows:,} rows are not there")
    except (OSError, pa.ArrowException) as error:
        return Fault(entry.path, Trouble.UNREADABLE, str(error))
    if sha256 in by_hash:
        return Fault(entry.path, Trouble.SWAPPED, f"it is what {by_hash[sha256]} should be")
    if found_bytes != entry.bytes:
        said = f"{found_bytes:,} bytes, not {entry.bytes:,}"
        return Fault(entry.path, Trouble.LENGTH, said)
    return Fault(entry.path, Trouble.CHANGED, "its SHA-256 is not the one it was sealed with")
