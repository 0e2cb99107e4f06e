"""Sealed history: the files of the archive and what lies where in them."""

from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.model.ids import DeviceId, FactoryId, MetricId


class FileKind(StrEnum):
    """Raw readings, or roll-ups by the minute or the hour."""

    READINGS = "readings"
    MINUTE = "minute"
    HOUR = "hour"


class FileState(StrEnum):
    """Live: the truth. Replaced: by a later generation. Damaged: answered as a gap.

    Released: deleted by a rule of retention.
    """

    LIVE = "live"
    REPLACED = "replaced"
    DAMAGED = "damaged"
    RELEASED = "released"


class SealedGroup(msgspec.Struct, frozen=True):
    """A row group of a file: one device, first_ms .. last_ms (inclusive) in UTC milliseconds."""

    row_group: int
    device_id: DeviceId
    rows: int
    first_ms: int
    last_ms: int


class SealedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of one factory for whole UTC days, first_day .. last_day (inclusive).

    path: below the archive's folder. scale: digits after the point of its decimals; None: doubles.
    """

    factory_id: FactoryId
    metric_id: MetricId
    kind: FileKind
    first_day: date
    last_day: date
    generation: int
    path: str
    rows: int
    size_bytes: int
    sha256: bytes
    scale: int | None
    sealed_at: datetime
    groups: tuple[SealedGroup, ...]


class ManifestFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as the manifest knows it; days and scale as in SealedFile."""

    id: int
    factory_id: FactoryId
    metric_id: MetricId
    metric: str
    kind: FileKind
    first_day: date
    last_day: date
    generation: int
    path: str
    rows: int
    size_bytes: int
    sha256: bytes
    scale: int | None
    sealed_at: datetime
    state: FileState
    reason: str
    changed_at: datetime


class Located(msgspec.Struct, frozen=True, kw_only=True):
    """A row group that a question touches. state: live or damaged (a gap, with its reason)."""

    path: str
    scale: int | None
    state: FileState
    reason: str
    group: SealedGroup


class Readings(NamedTuple):
    """Readings of one device and metric, all of one length; sealed ones lie in this order:
    time, epoch, row number.

    times_ms: int64 UTC milliseconds. values: float64, NaN where the sensor gave nothing.
    epochs, row_numbers: int64, the reading's identity. quality: int16.
    """

    times_ms: NDArray[np.int64]
    values: NDArray[np.float64]
    epochs: NDArray[np.int64]
    row_numbers: NDArray[np.int64]
    quality: NDArray[np.int16]


class Rollup(NamedTuple):
    """What a device measured by the minute or the hour; only buckets in which there is a value.

    times_ms: where each bucket begins. sums: of its values in order of time (hours: of its
    minutes' sums in order), so that whoever adds in that order has the same to the last digit.
    """

    times_ms: NDArray[np.int64]
    counts: NDArray[np.int64]
    minima: NDArray[np.float64]
    maxima: NDArray[np.float64]
    sums: NDArray[np.float64]
    sums_squares: NDArray[np.float64]
    firsts: NDArray[np.float64]
    lasts: NDArray[np.float64]
