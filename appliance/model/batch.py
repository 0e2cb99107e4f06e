"""The batch as it is stored: rows with their place in time."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.model.ids import DeviceId, Epoch
from appliance.model.reading import Health

POINTS = Epoch(0)
"""Not a start of a node: the one stream of a device that numbers no rows. In it a point, one value
of one metric, is known by its time, and rows get their numbers when they are stored."""


class PlacedBatch(msgspec.Struct, frozen=True, eq=False):
    """A batch whose rows have their place in time, ready to be stored.

    times_ms: int64[rows], UTC milliseconds, ascending. values: float64[metrics, rows], NaN where
    the sensor gave nothing. quality: 0 measured clock, 1 bounded. Row i has number first_row + i.
    reset: why the node began this epoch, if it said so in it.
    """

    device_id: DeviceId
    epoch: Epoch
    boot: int | None
    first_row: int
    metric_ids: tuple[int, ...]
    times_ms: NDArray[np.int64]
    values: NDArray[np.float64]
    quality: int
    received_ms: int
    base_ms: int | None
    dropped: int
    health: Health | None = None
    reset: str | None = None


class Stored(msgspec.Struct, frozen=True):
    """What became of a batch's rows: how many were new, how many were there already.

    Of points, which are counted one by one, also: conflicting with another value that was there,
    and set aside since their time is beyond belief. Both are in quarantine.
    """

    stored: int
    duplicate: int
    conflicting: int = 0
    set_aside: int = 0
