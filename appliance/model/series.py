"""A stretch of one device's metric, raw or down-sampled, as asked for."""

from collections.abc import Mapping
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.model.ids import DeviceId


class Window(msgspec.Struct, frozen=True):
    """The time asked for, from_ms <= t < to_ms in UTC milliseconds, and how many points to show."""

    from_ms: int
    to_ms: int
    points: int = 1000


class Series(msgspec.Struct, frozen=True, eq=False):
    """Columns of equal length, times in UTC milliseconds, ascending, values in `unit`.

    source "raw": every reading, `columns` = {"value"}.
    source "buckets": one entry per non-empty bucket of `bucket_ms`; `columns` = {"min", "max",
    "first", "last", "mean", "count"}; `times_ms` = the bucket's start. Gaps stay gaps. Buckets are
    whole: the first begins at or before `from_ms`, the last ends at or after `to_ms`.
    """

    device_id: DeviceId
    metric: str
    unit: str
    unit_label: str
    digits: int
    from_ms: int
    to_ms: int
    source: Literal["raw", "buckets"]
    bucket_ms: int | None
    times_ms: NDArray[np.int64]
    columns: Mapping[str, NDArray[np.float64] | NDArray[np.int64]]
