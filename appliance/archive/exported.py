"""Readings as a file for others, piece by piece: CSV that spreadsheets open, or Parquet."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from msgspec import structs

from appliance.model.sealed import Readings
from appliance.model.series import Gap, Signal

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a text that begins so for a formula and may run it."""
_CSV = (
    ("time_utc", pa.timestamp("ms")),
    ("device_id", pa.int32()),
    ("device", pa.string()),
    ("metric", pa.string()),
    ("unit", pa.string()),
    ("value", pa.float64()),
    ("quality", pa.int16()),
    ("note", pa.string()),
)
_PARQUET = pa.schema(
    [
        ("time", pa.timestamp("ms", "UTC")),
        *_CSV[1:7],
        ("epoch", pa.int64()),
        ("row_number", pa.int64()),
        ("note", pa.string()),
    ]
)


class CsvFile:
    """UTF-8 with its mark, commas, UTC without a letter after it: what spreadsheets recognise."""

    def __init__(self) -> None:
        self._schema = pa.schema(_CSV)
        self._waiting = "\ufeff".encode() + ",".join(self._schema.names).encode() + b"\r\n"

    def add(self, signal: Signal, rows: Readings) -> bytes:
        """The lines of some readings."""
        return self._lines(_columns(_harmless(signal), rows, None))

    def add_gap(self, signal: Signal, gap: Gap) -> bytes:
        """The line of what cannot be read."""
        return self._lines(_columns(_harmless(signal), _beginning(gap), _told(gap)))

    def end(self) -> bytes:
        """What is left to be said."""
        waiting, self._waiting = self._waiting, b""
        return waiting

    def _lines(self, columns: dict[str, Any]) -> bytes:
        columns["time_utc"] = columns["time"]
        arrays = [columns[field.name].cast(field.type) for field in self._schema]
        sink = pa.BufferOutputStream()
        pa.csv.write_csv(
            pa.Table.from_arrays(arrays, schema=self._schema),
            sink,
            pa.csv.WriteOptions(include_header=False, quoting_style="needed"),
        )
        lines: bytes = sink.getvalue().to_pybytes()
        return self.end() + lines


class ParquetFile:
    """One file, a row group for every piece."""

    def __init__(self) -> None:
        self._pieces = _Pieces()
        self._writer: Any = pq.ParquetWriter(
            pa.PythonFile(self._pieces, mode="w"),
            _PARQUET,
            compression="zstd",
            compression_level=1,
            write_page_checksum=True,
        )

    def add(self, signal: Signal, rows: Readings) -> bytes:
        """The bytes of some readings."""
        return self._write(_columns(signal, rows, None))

    def add_gap(self, signal: Signal, gap: Gap) -> bytes:
        """The bytes of what cannot be read."""
        return self._write(_columns(signal, _beginning(gap), _told(gap)))

    def end(self) -> bytes:
        """The footer."""
        self._writer.close()
        return self._pieces.take()

    def _write(self, columns: dict[str, Any]) -> bytes:
        arrays = [columns[field.name].cast(field.type) for field in _PARQUET]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=_PARQUET))
        return self._pieces.take()


class _Pieces:
    """A file to write to, whose bytes are taken away as they come."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._place = 0

    def write(self, data: bytes) -> int:
        """Hold some bytes."""
        self._pieces.append(bytes(data))
        self._place += len(data)
        return len(data)

    def tell(self) -> int:
        """How many there have been."""
        return self._place

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """The last have been written."""
        self.closed = True

    def take(self) -> bytes:
        """The bytes since last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _columns(signal: Signal, rows: Readings, note: str | None) -> dict[str, Any]:
    number = rows.times_ms.size

    def same(value: Any, type_: pa.DataType) -> pa.Array:
        return pa.repeat(pa.scalar(value, type_), number)

    return {
        "time": pa.array(rows.times_ms, pa.timestamp("ms")),
        "device_id": same(signal.device_id, pa.int32()),
        "device": same(signal.device, pa.string()),
        "metric": same(signal.metric, pa.string()),
        "unit": same(signal.unit, pa.string()),
        "value": pa.array(rows.values, from_pandas=True),  # NaN is null
        "quality": pa.array(rows.quality),
        "epoch": pa.array(rows.epochs),
        "row_number": pa.array(rows.row_numbers),
        "note": same(note, pa.string()),
    }


def _harmless(signal: Signal) -> Signal:
    is_formula = signal.device.startswith(FORMULA)
    return structs.replace(signal, device=f"'{signal.device}") if is_formula else signal


def _beginning(gap: Gap) -> Readings:
    nothing = np.zeros(1, np.int64)
    return Readings(
        np.array([gap.from_ms]), np.array([np.nan]), nothing, nothing, nothing.astype(np.int16)
    )


def _told(gap: Gap) -> str:
    until = datetime.fromtimestamp(gap.to_ms / 1000, UTC)
    return f"cannot be read until {until:%Y-%m-%d %H:%M:%S}: {gap.reason}"
