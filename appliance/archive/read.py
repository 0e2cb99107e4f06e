"""Reads row groups of sealed files; what is damaged is told, never taken for numbers."""

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from appliance.archive import columns
from appliance.errors import CarbonseedError
from appliance.model.sealed import FileState, Located, Readings, Rollup

FOOTERS_BYTES = 16 * 2**20
"""As written; in memory they are some times larger."""
_IDENTIFIED = ("time", "value", "epoch", "row_number", "quality")
_ROLLUP = ("time", "count", "min", "max", "sum", "sum_squares", "first", "last")
_FEW = ("time", "count", "min", "max", "sum")
_DAMAGE = (pa.ArrowException, OSError, ValueError, KeyError, MemoryError)
"""What reading a spoiled file raises."""


class Unreadable(CarbonseedError):
    """A part of the archive cannot be read."""

    code = "unreadable"


class Archive:
    """The archive's folder, and the footers that were read last. Its methods are for threads."""

    def __init__(self, folder: Path, footers_bytes: int = FOOTERS_BYTES) -> None:
        self.folder = folder
        self._most = footers_bytes
        self.held_bytes = 0
        self._footers: OrderedDict[str, pq.FileMetaData] = OrderedDict()
        self._lock = Lock()

    def values(self, located: Located) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Times and values of a row group of readings; Unreadable says why not."""
        table = self._group(located, ("time", "value"))
        return columns.to_numpy(table.column("time")), columns.to_values(table.column("value"))

    def readings(self, located: Located) -> Readings:
        """A row group of readings; Unreadable says why not."""
        return columns.to_readings(self._group(located, _IDENTIFIED))

    def rollup(self, located: Located) -> Rollup:
        """A row group of roll-ups; Unreadable says why not."""
        table = self._group(located, _ROLLUP)
        return Rollup(*(columns.to_numpy(table.column(name)) for name in _ROLLUP))

    def rollups(self, located: Sequence[Located]) -> list[Rollup]:
        """Several row groups of one file of roll-ups; Unreadable says why not.

        Without what few ask for: sums of squares, firsts and lasts are left empty.
        """
        table = self._read(located[0], _FEW, [one.group.row_group for one in located])
        groups = [one.group for one in located]
        ends = np.cumsum([group.rows for group in groups])
        begins = ends - [group.rows for group in groups]
        if table.num_rows != ends[-1] or table.schema.types != _types(located[0], table):
            raise Unreadable(_disagreeing(located[0]))
        times_ms, *rest = (columns.to_numpy(table.column(name)) for name in _FEW)
        agrees = (times_ms[begins] == [group.first_ms for group in groups]) & (
            times_ms[ends - 1] == [group.last_ms for group in groups]
        )
        if not agrees.all():
            raise Unreadable(_disagreeing(located[0]))
        none = np.empty(0)
        return [
            Rollup._make([times_ms[begin:end], *(one[begin:end] for one in rest), none, none, none])
            for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
        ]

    def _group(self, located: Located, names: Sequence[str]) -> pa.Table:
        table = self._read(located, names, [located.group.row_group])
        self._agree(located, table)
        return table

    def _read(self, located: Located, names: Sequence[str], row_groups: Sequence[int]) -> pa.Table:
        if located.state is not FileState.LIVE:
            raise Unreadable(located.reason or f"{located.path} is damaged.")
        path = self.folder / located.path
        try:
            with path.open("rb") as raw:
                footer = self._footer(located.path, raw)
                file = pq.ParquetFile(raw, metadata=footer, page_checksum_verification=True)
                table = file.read_row_groups(
                    list(row_groups), columns=list(names), use_threads=False
                )
                return table.select(names)
        except FileNotFoundError as error:
            raise Unreadable(f"{located.path} is missing.") from error
        except _DAMAGE as error:
            raise Unreadable(f"{located.path} is damaged.") from error

    def _footer(self, name: str, raw: object) -> pq.FileMetaData:
        """A file's footer. Files are never changed, so it stays what it is."""
        with self._lock:
            if name in self._footers:
                self._footers.move_to_end(name)
                return self._footers[name]
        footer = pq.read_metadata(raw)
        with self._lock:
            if name not in self._footers:
                self._footers[name] = footer
                self.held_bytes += footer.serialized_size
            while self.held_bytes > self._most and len(self._footers) > 1:
                _, oldest = self._footers.popitem(last=False)
                self.held_bytes -= oldest.serialized_size
        return footer

    @staticmethod
    def _agree(located: Located, table: pa.Table) -> None:
        """The manifest and the layout know better than a footer what must lie there."""
        group = located.group
        if table.num_rows == group.rows and table.schema.types == _types(located, table):
            times_ms = columns.to_numpy(table.column("time").slice(0, 1)).tolist()
            times_ms += columns.to_numpy(table.column("time").slice(group.rows - 1)).tolist()
            if times_ms == [group.first_ms, group.last_ms]:
                return
        raise Unreadable(_disagreeing(located))


def _disagreeing(located: Located) -> str:
    return f"{located.path} does not hold what the manifest says."


def _types(located: Located, table: pa.Table) -> list[pa.DataType]:
    """The types that columns of these names have."""
    is_raw = "value" in table.column_names
    schema = columns.readings_schema(located.scale) if is_raw else columns.rollup_schema()
    return [schema.field(name).type for name in table.column_names]
