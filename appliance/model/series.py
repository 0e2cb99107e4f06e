"""Stretches of devices' metrics, raw or down-sampled, as asked for."""

from collections.abc import Mapping
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.model.ids import DeviceId

Columns = Mapping[str, NDArray[np.float64] | NDArray[np.int64]]


class Window(msgspec.Struct, frozen=True):
    """The time asked for, from_ms <= t < to_ms in UTC milliseconds, and how many points to show."""

    from_ms: int
    to_ms: int
    points: int = 1000


class Gap(msgspec.Struct, frozen=True):
    """Readings of from_ms <= t < to_ms that are there and cannot be read, with the reason."""

    from_ms: int
    to_ms: int
    reason: str


class Signal(msgspec.Struct, frozen=True):
    """A metric of a device: what it is called and what its values are in."""

    device_id: DeviceId
    device: str
    metric: str
    unit: str
    unit_label: str
    digits: int


class Series(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Columns of equal length, times in UTC milliseconds, ascending, values in the signal's unit.

    source "raw": every reading, `columns` = {"value"}.
    source "buckets": one entry per non-empty bucket of `bucket_ms`; `columns` = {"min", "max",
    "first", "last", "mean", "count"}; `times_ms` = the bucket's start. Gaps stay gaps. Buckets are
    whole: the first begins at or before `from_ms`, the last ends at or after `to_ms`.
    rollup: what was added up for the buckets, None: the readings one by one.
    """

    signal: Signal
    window: Window
    source: Literal["raw", "buckets"]
    bucket_ms: int | None
    rollup: Literal["minute", "hour"] | None
    gaps: tuple[Gap, ...]
    times_ms: NDArray[np.int64]
    columns: Columns


class Chart(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Several series on one time axis: as Series, except that all columns have the length of
    `times_ms` and hold NaN (count: 0) where a series has nothing."""

    window: Window
    source: Literal["raw", "buckets"]
    bucket_ms: int | None
    rollup: Literal["minute", "hour"] | None
    times_ms: NDArray[np.int64]
    series: tuple[Series, ...]
