"""Reads files back: are they what was written, are they still what they were?"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from appliance.archive import columns
from appliance.archive.layout import GROUP_ROWS
from appliance.errors import CarbonseedError
from appliance.model.sealed import FileKind, Readings, Rollup, SealedGroup

AT_ONCE = 8192
"""So many numbers are hashed together: few enough for the nearest memory."""
_WEIGHTS = np.random.default_rng(0xCA4B05EED).integers(0, 2**64, GROUP_ROWS, np.uint64) | 1


class NotAsWritten(CarbonseedError):
    """A file does not hold what was written to it."""

    code = "not-as-written"


class Proof(NamedTuple):
    """What a file is known by."""

    rows: int
    size_bytes: int
    sha256: bytes


def prove(path: Path, kind: FileKind, groups: Sequence[SealedGroup], sums: Sequence[int]) -> Proof:
    """Read a file back, decode and compare every row group; NotAsWritten if one differs."""
    with path.open("rb") as raw:
        sha256 = hashlib.file_digest(raw, "sha256").digest()
        size = raw.tell()
        try:
            file = pq.ParquetFile(raw, page_checksum_verification=True, pre_buffer=False)
            _compare(file, kind, groups, sums)
        except (pa.ArrowException, OSError, NotAsWritten) as error:
            raise NotAsWritten(
                f"{path} is not what was written to it ({error}); is the disk all right?"
            ) from error
    return Proof(sum(group.rows for group in groups), size, sha256)


def sha256_of(path: Path) -> bytes:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def checksum(rows: Readings | Rollup) -> int:
    """A hash over the rows' numbers; one NaN is like another, and so are the two zeros.

    Each number is multiplied by a random one of its place (multilinear hashing): rows that differ
    have the same hash once in 2**60 times at most, and memory is the bound.
    """
    total = 0
    column: NDArray[Any]
    for column in rows:
        total = (total * 3 + _hash(column)) % 2**64
    return total


def _hash(column: NDArray[Any]) -> int:
    """The sum of the numbers, each times the weight of its place, modulo 2**64."""
    if column.dtype == np.int64:
        return _weighted(column, 0)
    total = 0
    for start in range(0, len(column), AT_ONCE):
        some = column[start : start + AT_ONCE]
        if column.dtype == np.float64:
            some = some + 0.0
            missing = np.isnan(some)
            if missing.any():
                some[missing] = np.nan
        else:
            some = some.astype(np.int64)
        total += _weighted(some, start)
    return total % 2**64


def _weighted(numbers: NDArray[Any], start: int) -> int:
    bits = np.ascontiguousarray(numbers).view(np.uint64)
    return int(np.dot(bits, _WEIGHTS[start : start + len(bits)]))


def _compare(
    file: pq.ParquetFile, kind: FileKind, groups: Sequence[SealedGroup], sums: Sequence[int]
) -> None:
    if file.num_row_groups != len(groups):
        raise NotAsWritten(f"{file.num_row_groups} row groups, not {len(groups)}")
    names = [name for name in file.schema_arrow.names if name != "device"]
    is_raw = kind is FileKind.READINGS
    for some in _together(groups):
        table = file.read_row_groups(
            [group.row_group for group in some], columns=names, use_threads=False
        )
        rows: Readings | Rollup = columns.to_readings(table) if is_raw else columns.to_rollup(table)
        device_ids = columns.to_numpy(table.column("device_id"))
        end = 0
        for group in some:
            begin, end = end, end + group.rows
            part = type(rows)._make(column[begin:end] for column in rows)
            is_its = bool((device_ids[begin:end] == group.device_id).all())
            if not is_its or checksum(part) != sums[group.row_group]:
                raise NotAsWritten(f"row group {group.row_group} differs")
        if end != table.num_rows:
            raise NotAsWritten(f"row group {some[-1].row_group} has more rows than were written")


def _together(groups: Sequence[SealedGroup]) -> Iterator[list[SealedGroup]]:
    """Groups to be read at once, GROUP_ROWS at the most: of small ones each has its costs."""
    some: list[SealedGroup] = []
    for group in groups:
        if some and sum(one.rows for one in some) + group.rows > GROUP_ROWS:
            yield some
            some = []
        some.append(group)
    if some:
        yield some
