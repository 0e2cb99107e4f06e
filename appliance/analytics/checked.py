"""What every kernel is given: contiguous arrays of one length, times ascending."""

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Number = TypeVar("Number", bound=np.generic)
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def floats(values: ArrayLike) -> Floats:
    """One contiguous row of float64."""
    row = np.ascontiguousarray(values, np.float64)
    if row.ndim != 1:
        raise ValueError(f"values {row.shape} are not one row")
    return row


def readings(times_ms: ArrayLike, values: ArrayLike) -> tuple[Integers, Floats]:
    """Times and values of one length, times ascending (equal ones may follow each other)."""
    times, row = np.ascontiguousarray(times_ms, np.int64), floats(values)
    if times.shape != row.shape:
        raise ValueError(f"times {times.shape} and values {row.shape} do not match")
    if times.size and (times[1:] < times[:-1]).any():
        raise ValueError("times do not ascend; sort the readings first")
    return times, row


def read_only(values: NDArray[Number]) -> NDArray[Number]:
    """The same numbers, which a kernel may only read.

    What comes out of a sealed file is so already, and to the compiler that is another kind of
    array: a kernel that gets both is compiled twice, the second time while somebody waits.
    """
    view = values.view()
    view.flags.writeable = False
    return view


def at_least(least: int, **given: float) -> None:
    """Refuse a window or a count that is too small, by name."""
    for name, value in given.items():
        if value < least:
            raise ValueError(f"{name} is {value}; it must be {least} or more")
