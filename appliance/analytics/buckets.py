"""Readings in buckets of equal width: min, max, first, last, mean and count of each."""

import numpy as np
from numpy.typing import NDArray

from appliance.analytics.checked import read_only
from appliance.analytics.kernels import buckets as kernel
from appliance.model.sealed import Rollup
from appliance.model.series import Columns


class Buckets:
    """`number` buckets of `width_ms` from `start_ms` on, filled by any number of additions."""

    def __init__(self, start_ms: int, width_ms: int, number: int) -> None:
        if width_ms < 1 or number < 1:
            raise ValueError(f"{number} buckets of {width_ms} ms hold nothing")
        self._start_ms = start_ms
        self._width_ms = width_ms
        self._figures = np.zeros((6, number))
        self._ends_ms = np.zeros((2, number), np.int64)

    def add(self, times_ms: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Add readings (two arrays of one length, times in any order); NaN is skipped."""
        if times_ms.shape != values.shape or times_ms.ndim != 1:
            raise ValueError(f"times {times_ms.shape} and values {values.shape} do not match")
        kernel.add(
            read_only(np.ascontiguousarray(times_ms, np.int64)),
            read_only(np.ascontiguousarray(values, np.float64)),
            self._start_ms,
            self._width_ms,
            self._figures,
            self._ends_ms,
        )

    def add_rolled(self, rollup: Rollup) -> None:
        """Add roll-ups, each of which lies within one bucket whole."""
        kernel.add_rolled(
            read_only(rollup.times_ms),
            read_only(rollup.counts),
            np.stack(
                [rollup.minima, rollup.maxima, rollup.firsts, rollup.lasts, rollup.sums],
            ),
            self._start_ms,
            self._width_ms,
            self._figures,
            self._ends_ms,
        )

    @property
    def count(self) -> int:
        """How many readings have been added."""
        return int(self._figures[5].sum())

    def columns(self) -> tuple[NDArray[np.int64], Columns]:
        """The starts of the buckets that hold anything, and their figures by name."""
        held = np.flatnonzero(self._figures[5])
        low, high, first, last, total, count = self._figures[:, held]
        return self._start_ms + held * self._width_ms, {
            "min": low,
            "max": high,
            "first": first,
            "last": last,
            "mean": total / count,
            "count": count.astype(np.int64),
        }

    def means(self) -> NDArray[np.float64]:
        """The mean of every bucket, NaN where there is nothing."""
        means = np.full(self._figures.shape[1], np.nan)
        total, count = self._figures[4:]
        np.divide(total, count, out=means, where=count > 0)
        return means
