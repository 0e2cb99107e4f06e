"""What is usual: robust centre and scale, overall or by hour of week or shift, and how far off.

Learnt with median and MAD, so that a few faults among the readings do not move it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from appliance.analytics.checked import Floats, Integers, at_least, floats

MAD_TO_SIGMA = 1.4826
MEAN_DEVIATION_TO_SIGMA = 1.2533
QUANTISED_SIGMA = 12**-0.5
"""The standard deviation of rounding to steps of one: no scale is finer than the sensor."""
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
HOURS_OF_WEEK = 168


class Usual(NamedTuple):
    """The median, a standard deviation by MAD, and how many values they stand on."""

    centre: float
    scale: float
    number: int


class Seasonal(NamedTuple):
    """The usual of each slot; NaN in a slot that was not seen often enough."""

    centre: Floats
    scale: Floats
    number: Integers


def usual(values: ArrayLike, resolution: float = 0.0) -> Usual:
    """Median and scale of what is finite. Scale: 1.4826 MAD; where that is 0 (a quantised sensor)
    1.2533 × the mean deviation; never below what steps of `resolution` make. NaN of nothing."""
    row = floats(values)
    row = row[np.isfinite(row)]
    if not row.size:
        return Usual(np.nan, np.nan, 0)
    centre = float(np.median(row))
    off = np.abs(row - centre)
    scale = MAD_TO_SIGMA * float(np.median(off))
    if scale == 0:
        scale = MEAN_DEVIATION_TO_SIGMA * float(off.mean())
    return Usual(centre, max(scale, resolution * QUANTISED_SIGMA), row.size)


def robust_z(values: ArrayLike, known: Usual) -> Floats:
    """How many standard deviations off; NaN where a value is missing.

    Where the scale is 0, nothing has ever moved: what is at the centre is 0 off, the rest infinite.
    """
    return _off(floats(values) - known.centre, np.float64(known.scale))


def learn(
    slots: NDArray[np.int64], values: ArrayLike, number: int, resolution: float = 0.0,
    min_count: int = 3,
) -> Seasonal:  # fmt: skip
    """The usual of each of `number` slots; a slot below 0 is not learnt from."""
    at_least(1, number=number, min_count=min_count)
    row = floats(values)
    if slots.shape != row.shape:
        raise ValueError(f"slots {slots.shape} and values {row.shape} do not match")
    learnt = np.isfinite(row) & (slots >= 0)
    slots, row = slots[learnt], row[learnt]
    order = np.argsort(slots, kind="stable")
    parts = np.split(row[order], np.searchsorted(slots[order], np.arange(1, number)))
    each = [usual(part, resolution) for part in parts]
    few = np.array([one.number < min_count for one in each])
    centre, scale = (np.array([one[i] for one in each]) for i in (0, 1))
    centre[few] = scale[few] = np.nan
    return Seasonal(centre, scale, np.array([one.number for one in each]))


def compare(slots: NDArray[np.int64], values: ArrayLike, known: Seasonal) -> Floats:
    """How many standard deviations each value is off what is usual in its slot; NaN: not known."""
    row = floats(values)
    return _off(row - known.centre[slots], known.scale[slots])


def hours_of_week(times_ms: NDArray[np.int64], zone: tzinfo) -> Integers:
    """The slot of each time, 0 for Monday's first hour to 167, by the clock on the plant's wall."""
    hours, inverse = np.unique(times_ms // HOUR_MS, return_inverse=True)
    offsets = np.array([_offset_ms(int(hour) * HOUR_MS, zone) for hour in hours], np.int64)
    local = times_ms + offsets[inverse]
    return (local // HOUR_MS + 3 * 24) % HOURS_OF_WEEK  # 1970 began on a Thursday


def shifts(times_ms: NDArray[np.int64], zone: tzinfo, starts_minutes: Sequence[int]) -> Integers:
    """The shift of each time; shifts begin at these minutes of the plant's day, ascending."""
    hours, inverse = np.unique(times_ms // HOUR_MS, return_inverse=True)
    offsets = np.array([_offset_ms(int(hour) * HOUR_MS, zone) for hour in hours], np.int64)
    minute = (times_ms + offsets[inverse]) % DAY_MS // 60_000
    return (np.searchsorted(starts_minutes, minute, side="right") - 1) % len(starts_minutes)


def within(times_ms: NDArray[np.int64], spans_ms: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Which times lie in any of the spans [from, to): known faults, to be kept from learning."""
    inside = np.zeros(times_ms.shape, np.bool_)
    for begin, end in spans_ms:
        inside |= (times_ms >= begin) & (times_ms < end)
    return inside


def _off(off: Floats, scale: Floats | np.float64) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        z = off / scale
    return np.where((off == 0) & (scale == 0), 0.0, z)


def _offset_ms(time_ms: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(zone).utcoffset()
    return int(offset.total_seconds() * 1000) if offset else 0
