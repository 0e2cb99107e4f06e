"""Reads row groups of sealed files; what is damaged is told, never taken for numbers."""

from collections.abc import Sequence
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from appliance.archive import columns
from appliance.archive.kept import Kept
from appliance.errors import CarbonseedError
from appliance.model.sealed import FileState, Located, Readings, Rollup

FOOTERS_BYTES = 16 * 2**20
"""As written; in memory they are some times larger."""
ROLLUPS_BYTES = 16 * 2**20
SMALL_ROWS = 1500
"""The hours of a month or the minutes of a day: reading so few costs more than keeping them does,
and whoever looks at a year looks again, at the same months."""
_VALUES = ("time", "value")
_IDENTIFIED = ("time", "value", "epoch", "row_number", "quality")
_ROLLUP = ("time", "count", "min", "max", "sum", "sum_squares", "first", "last")
_FEW = ("time", "count", "min", "max", "sum")
_DAMAGE = (pa.ArrowException, OSError, ValueError, KeyError, MemoryError)
"""What reading a spoiled file raises."""
_State: TypeAlias = tuple[int, int]


class Unreadable(CarbonseedError):
    """A part of the archive cannot be read."""

    code = "unreadable"


class Archive:
    """The archive's folder, and what was read of it last: footers, and roll-ups in small groups.

    Its methods are for threads.
    """

    def __init__(self, folder: Path, footers_bytes: int = FOOTERS_BYTES) -> None:
        self.folder = folder
        self.footers: Kept[str, pq.FileMetaData] = Kept(footers_bytes)
        self._rollups: Kept[tuple[str, int], tuple[_State | None, Rollup]] = Kept(ROLLUPS_BYTES)

    def values(self, located: Located) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Times and values of a row group of readings; Unreadable says why not."""
        table = self._group(located, _VALUES)
        return columns.to_numpy(table.column("time")), columns.to_values(table.column("value"))

    def readings(self, located: Located) -> Readings:
        """A row group of readings; Unreadable says why not."""
        return columns.to_readings(self._group(located, _IDENTIFIED))

    def rollup(self, located: Located) -> Rollup:
        """A row group of roll-ups; Unreadable says why not."""
        _refuse_damaged(located)
        key = located.path, located.group.row_group
        state = self._state(located.path)
        kept = self._rollups.get(key)
        if kept and state and kept[0] == state:
            return kept[1]
        table = self._group(located, _ROLLUP)
        read = Rollup(*(columns.to_numpy(table.column(name)) for name in _ROLLUP))
        if located.group.rows <= SMALL_ROWS:
            self._rollups.put(key, (state, read), table.nbytes)
        return read

    def rollups(self, located: Sequence[Located]) -> list[Rollup]:
        """Several row groups of one file of roll-ups; Unreadable says why not.

        Without what few ask for: sums of squares, firsts and lasts are left empty.
        """
        table = self._groups(located, _FEW)
        times_ms, *rest = (columns.to_numpy(table.column(name)) for name in _FEW)
        ends = list(accumulate(one.group.rows for one in located))
        none = np.empty(0)
        return [
            Rollup._make([times_ms[begin:end], *(one[begin:end] for one in rest), none, none, none])
            for begin, end in pairwise([0, *ends])
        ]

    def _group(self, located: Located, names: tuple[str, ...]) -> pa.Table:
        return self._groups([located], names)

    def _groups(self, located: Sequence[Located], names: tuple[str, ...]) -> pa.Table:
        """These columns of row groups of one file, which are what the manifest says."""
        path = located[0].path
        _refuse_damaged(located[0])
        try:
            table = self._read(path, [one.group.row_group for one in located], names)
        except FileNotFoundError as error:
            raise Unreadable(f"{path} is missing.") from error
        except _DAMAGE as error:  # of a footer too, and the file may yet be put back
            self.footers.forget(path)
            raise Unreadable(f"{path} is damaged.") from error
        if not _agree(located, table, names):
            self.footers.forget(path)
            raise Unreadable(f"{path} does not hold what the manifest says.")
        return table

    def _read(self, path: str, row_groups: list[int], names: tuple[str, ...]) -> pa.Table:
        with pa.OSFile(f"{self.folder}/{path}") as raw:
            footer = self._footer(path, raw)
            file = pq.ParquetFile(
                raw, metadata=footer, page_checksum_verification=True, pre_buffer=False
            )
            return file.read_row_groups(row_groups, columns=list(names), use_threads=False)

    def _state(self, path: str) -> _State | None:
        """By this it shows that somebody has changed a file. None: it cannot be looked at."""
        try:
            status = (self.folder / path).stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size

    def _footer(self, path: str, raw: pa.NativeFile) -> pq.FileMetaData:
        """A file's footer. Files are never changed, so it stays what it is."""
        footer = self.footers.get(path)
        if footer is None:
            footer = pq.read_metadata(raw)
            self.footers.put(path, footer, footer.serialized_size)
        return footer


def _refuse_damaged(located: Located) -> None:
    if located.state is not FileState.LIVE:
        raise Unreadable(located.reason or f"{located.path} is damaged.")


def _agree(located: Sequence[Located], table: pa.Table, names: tuple[str, ...]) -> bool:
    """The manifest and the layout know better than a footer what must lie there."""
    groups = [one.group for one in located]
    if table.schema != _schema(names, located[0].scale):
        return False
    if table.num_rows != sum(group.rows for group in groups):
        return False
    times_ms = columns.to_numpy(table.column("time"))
    end = 0
    for group in groups:
        begin, end = end, end + group.rows
        if times_ms.item(begin) != group.first_ms or times_ms.item(end - 1) != group.last_ms:
            return False
    return True


@cache
def _schema(names: tuple[str, ...], scale: int | None) -> pa.Schema:
    """What columns of these names are."""
    whole = columns.readings_schema(scale) if "value" in names else columns.rollup_schema()
    return pa.schema([whole.field(name) for name in names])
