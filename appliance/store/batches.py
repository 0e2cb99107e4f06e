"""Batches of readings, one row each, in a partition a day; written as numpy builds them."""

import struct
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import asyncpg
import numpy as np
from numpy.typing import NDArray

from appliance.model.batch import PlacedBatch
from appliance.model.ids import DeviceId
from appliance.store.pool import Connection, Db

INVALID: tuple[type[Exception], ...] = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
)
"""What writing raises because of a batch in it: the others can be written without it."""
CHANNEL = "readings"
"""Devices that were heard of are told here, by id, comma-separated, in that transaction."""
IDS_IN_NOTIFICATION = 700
"""Of at most ten digits, these stay below the 8,000 bytes that a notification may have."""

COLUMNS = (
    "start_at",
    "epoch",
    "first_row",
    "received_at",
    "device_id",
    "quality",
    "metric_ids",
    "offsets_ms",
    "readings",
)
"""In the order of the table; xid, which it has too, is the database's to give."""

_POSTGRES_EPOCH_MS = 946_684_800_000
_INT2, _INT4, _FLOAT8 = 21, 23, 701
"""Type numbers of PostgreSQL that never change."""

# The binary format of COPY: every field and every element of an array comes after its length.
_HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_TRAILER = struct.pack(">h", -1)
_FIXED = struct.Struct(">hiqiqiqiqiiih")
_VECTOR = struct.Struct(">iiiiii")
_MATRIX = struct.Struct(">iiiiiiii")
_INT2_ELEMENT = np.dtype([("length", ">i4"), ("value", ">i2")])
_INT4_ELEMENT = np.dtype([("length", ">i4"), ("value", ">i4")])
_FLOAT8_ELEMENT = np.dtype([("length", ">i4"), ("value", ">f8")])


async def insert_batches(db: Connection, batches: Sequence[PlacedBatch]) -> None:
    """Insert batches, each within one UTC day whose partition is there, in one COPY."""
    source: Any = encode(batches)  # asyncpg takes a buffer; its stubs do not say so
    await db.copy_to_table("batches", source=source, columns=COLUMNS, format="binary")


async def create_partition(db: Db, day: date) -> None:
    """Make the partition of a UTC day unless it is there; readers are not kept waiting."""
    await db.execute("select create_batches_partition($1)", day)


async def notify_readings(db: Db, device_ids: Iterable[DeviceId]) -> None:
    """Tell whoever listens, once this transaction is committed, which devices were heard of."""
    ids = [str(device_id) for device_id in device_ids]
    for start in range(0, len(ids), IDS_IN_NOTIFICATION):
        await db.execute(
            "select pg_notify($1, $2)", CHANNEL, ",".join(ids[start : start + IDS_IN_NOTIFICATION])
        )


def encode(batches: Sequence[PlacedBatch]) -> bytearray:
    """The batches in the binary format of COPY, columns as in COLUMNS."""
    vectors: dict[tuple[int, ...], bytes] = {}
    offsets = _elements(_INT4_ELEMENT, [batch.times_ms - batch.times_ms[0] for batch in batches])
    readings = _elements(_FLOAT8_ELEMENT, [batch.values.ravel() for batch in batches])
    out = bytearray(_HEADER)
    offset = reading = 0
    for batch in batches:
        metrics, rows = batch.values.shape
        out += _fixed(batch)
        if batch.metric_ids not in vectors:
            vectors[batch.metric_ids] = _metric_ids(batch.metric_ids)
        out += vectors[batch.metric_ids]
        size = rows * _INT4_ELEMENT.itemsize
        out += _VECTOR.pack(20 + size, 1, 0, _INT4, rows, 1)
        out += offsets[offset : offset + size]
        offset += size
        size = metrics * rows * _FLOAT8_ELEMENT.itemsize
        out += _MATRIX.pack(28 + size, 2, 0, _FLOAT8, metrics, 1, rows, 1)
        out += readings[reading : reading + size]
        reading += size
    out += _TRAILER
    return out


def _fixed(batch: PlacedBatch) -> bytes:
    return _FIXED.pack(
        len(COLUMNS),
        8,
        (int(batch.times_ms[0]) - _POSTGRES_EPOCH_MS) * 1000,
        8,
        batch.epoch,
        8,
        batch.first_row,
        8,
        (batch.received_ms - _POSTGRES_EPOCH_MS) * 1000,
        4,
        batch.device_id,
        2,
        batch.quality,
    )


def _metric_ids(metric_ids: tuple[int, ...]) -> bytes:
    size = len(metric_ids) * _INT2_ELEMENT.itemsize
    elements = _elements(_INT2_ELEMENT, [np.array(metric_ids)])
    return _VECTOR.pack(20 + size, 1, 0, _INT2, len(metric_ids), 1) + elements


def _elements(dtype: np.dtype[np.void], parts: Sequence[NDArray[np.generic]]) -> bytes:
    values = np.concatenate(parts)
    elements = np.empty(len(values), dtype)
    elements["length"] = dtype["value"].itemsize
    elements["value"] = values
    return elements.tobytes()
