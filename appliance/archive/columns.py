"""Readings and roll-ups as the columns of a file, and back, to the last bit."""

from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from appliance.model.ids import DeviceId
from appliance.model.sealed import Readings, Rollup

LARGEST_SCALE = 6
PRECISION = 18
AT_ONCE = 8192
"""So many values are looked at together: few enough for the nearest memory."""
EXACT = 2**53
"""Below this every integer is a float64."""
TIME = pa.timestamp("ms", "UTC")
NAME = pa.dictionary(pa.int32(), pa.string())
"""Written as strings: a group has one."""


def least_scale(values: NDArray[np.float64], scale: int | None) -> int | None:
    """The least number of digits, from `scale` on, that writes all values exactly; None: none does.

    Exactly: the integer divided by 10**scale is the same float64 again.
    """
    if scale is None:
        return None
    missing = np.isnan(values)
    there = values[~missing] if missing.any() else values
    for digits in range(scale, LARGEST_SCALE + 1):
        parts = (there[start : start + AT_ONCE] for start in range(0, len(there), AT_ONCE))
        if all(_fits(part, digits) for part in parts):
            return digits
    return None


def _fits(values: NDArray[np.float64], digits: int) -> bool:
    """Whether so many digits write all of these exactly."""
    power = 10.0**digits
    with np.errstate(over="ignore", invalid="ignore"):
        integers = values * power
        np.rint(integers, out=integers)
        exact = integers / power == values
    if not exact.all():
        return False
    return not len(values) or max(float(integers.max()), -float(integers.min())) < EXACT


@cache
def readings_schema(scale: int | None, *, written: bool = False) -> pa.Schema:
    """The columns of raw readings; scale None: values are doubles.

    written: as they are handed to the writer, decimals in half the bytes; the file is the same.
    """
    decimal = pa.decimal64 if written else pa.decimal128
    value = pa.float64() if scale is None else decimal(PRECISION, scale)
    return pa.schema(
        [
            pa.field("device_id", pa.int32(), nullable=False),
            pa.field("device", NAME, nullable=False),
            pa.field("time", TIME, nullable=False),
            pa.field("value", value),
            pa.field("epoch", pa.int64(), nullable=False),
            pa.field("row_number", pa.int64(), nullable=False),
            pa.field("quality", pa.int16(), nullable=False),
        ]
    )


@cache
def rollup_schema() -> pa.Schema:
    """The columns of roll-ups."""
    numbers = ("min", "max", "sum", "sum_squares", "first", "last")
    return pa.schema(
        [
            pa.field("device_id", pa.int32(), nullable=False),
            pa.field("time", TIME, nullable=False),
            pa.field("count", pa.int64(), nullable=False),
            *(pa.field(name, pa.float64(), nullable=False) for name in numbers),
        ]
    )


def readings_table(
    schema: pa.Schema, device_id: DeviceId, device: str, readings: Readings
) -> pa.Table:
    """Readings of one device as rows of a file."""
    return pa.Table.from_arrays(
        [
            _repeated(device_id, len(readings.times_ms)),
            _named(device, len(readings.times_ms)),
            _plain(TIME, readings.times_ms),
            _values(schema.field("value").type, readings.values),
            _plain(pa.int64(), readings.epochs),
            _plain(pa.int64(), readings.row_numbers),
            _plain(pa.int16(), readings.quality),
        ],
        schema=schema,
    )


def rollup_table(schema: pa.Schema, device_id: DeviceId, rollup: Rollup) -> pa.Table:
    """Roll-ups of one device as rows of a file."""
    times_ms, counts, *numbers = rollup
    return pa.Table.from_arrays(
        [
            _repeated(device_id, len(times_ms)),
            _plain(TIME, times_ms),
            _plain(pa.int64(), counts),
            *(_plain(pa.float64(), column) for column in numbers),
        ],
        schema=schema,
    )


def to_readings(table: pa.Table) -> Readings:
    """Rows of a file as readings again."""
    return Readings(
        to_numpy(table.column("time")),
        to_values(table.column("value")),
        to_numpy(table.column("epoch")),
        to_numpy(table.column("row_number")),
        to_numpy(table.column("quality")),
    )


def to_rollup(table: pa.Table) -> Rollup:
    """Rows of a file as roll-ups again."""
    times_ms, *rest = table.column_names[1:]
    return Rollup._make(to_numpy(table.column(name)) for name in (times_ms, *rest))


def to_numpy(column: pa.ChunkedArray) -> NDArray[Any]:
    """A column without nulls; times as int64 milliseconds. Not a copy if it is in one piece."""
    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if pa.types.is_timestamp(whole.type):
        whole = whole.view(pa.int64())
    array: NDArray[Any] = whole.to_numpy()
    return array


def to_values(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """The values, NaN where there is none; a decimal is divided, which gives back its float64."""
    type_ = column.type
    if not pa.types.is_decimal(type_):
        values: NDArray[np.float64] = column.to_numpy()  # null becomes NaN
        return values
    parts = [_decimals(chunk, 10.0**type_.scale) for chunk in column.chunks if len(chunk)]
    return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0), *parts])


def _decimals(array: pa.Array, over: float) -> NDArray[np.float64]:
    """An array of decimals, NaN for null: the low halves of 128 bits, divided."""
    _, data = array.buffers()
    halves = np.frombuffer(data, np.int64)[2 * array.offset :: 2][: len(array)]
    values: NDArray[np.float64] = halves / over
    if array.null_count:
        values[array.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return values


def _values(type_: pa.DataType, values: NDArray[np.float64]) -> pa.Array:
    missing = np.isnan(values)
    present = None
    if missing.any():
        present = pa.py_buffer(np.packbits(~missing, bitorder="little"))
        values = np.where(missing, 0.0, values)
    data: NDArray[Any] = np.ascontiguousarray(values)
    if pa.types.is_decimal(type_):
        data = _scaled(values, 10.0**type_.scale)
    return pa.Array.from_buffers(type_, len(values), [present, pa.py_buffer(data)])


def _scaled(values: NDArray[np.float64], power: float) -> NDArray[np.int64]:
    """The integers that the decimals are."""
    integers = np.empty(len(values), np.int64)
    for start in range(0, len(values), AT_ONCE):
        some = values[start : start + AT_ONCE] * power
        integers[start : start + AT_ONCE] = np.rint(some, out=some)
    return integers


def _plain(type_: pa.DataType, values: NDArray[Any]) -> pa.Array:
    buffer = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(type_, len(values), [None, buffer])


def _repeated(value: int, times: int) -> pa.Array:
    return _plain(pa.int32(), np.full(times, value, np.int32))


def _named(name: str, times: int) -> pa.Array:
    places = _plain(pa.int32(), np.zeros(times, np.int32))
    return pa.DictionaryArray.from_arrays(places, pa.array([name], pa.string()), safe=False)
