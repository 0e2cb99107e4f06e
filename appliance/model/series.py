"""A stretch of one device's metric, raw or down-sampled, as asked for."""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.model.ids import DeviceId


class Series(msgspec.Struct, frozen=True, eq=False):
    """Columns of equal length, times in UTC milliseconds, ascending, values in `unit`.

    source "raw": every reading, `columns` = {"value"}.
    source "buckets": one entry per non-empty bucket of `bucket_ms`; `columns` = {"min", "max",
    "first", "last", "mean", "count"}; `times_ms` = the bucket's start. Gaps stay gaps.
    """

    device_id: DeviceId
    metric: str
    unit: str
    from_ms: int
    to_ms: int
    source: Literal["raw", "buckets"]
    bucket_ms: int | None
    times_ms: NDArray[np.int64]
    columns: dict[str, NDArray[np.float64]]
