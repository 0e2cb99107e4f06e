"""Readings as pieces of time, so that figures can be summed page by page, however long it is.

A reading holds until the next one, for `hold_ms` at most; the time beyond that is unknown and
counts neither way.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.analytics.kernels import held as kernel

Times = NDArray[np.int64]
Values = NDArray[np.float64]


class Pieces(NamedTuple):
    """What is known of a signal: value[i] from start_ms[i] on for length_ms[i]; starts ascend."""

    start_ms: Times
    length_ms: Times
    values: Values


def hold(times_ms: Times, values: Values, end_ms: int, hold_ms: int) -> Pieces:
    """The readings as pieces of time, the last one up to end_ms; times ascend, NaN is left out."""
    if times_ms.shape != values.shape or times_ms.ndim != 1:
        raise ValueError(f"times {times_ms.shape} and values {values.shape} do not match")
    given = ~np.isnan(values)
    times_ms, values = times_ms[given], values[given]
    length_ms = np.diff(times_ms, append=max(end_ms, times_ms[-1] if times_ms.size else end_ms))
    return Pieces(times_ms, np.minimum(length_ms, hold_ms), values)


class Integral(NamedTuple):
    """The sum of weight x known milliseconds, from the first piece up to any moment."""

    pieces: Pieces
    weights: Values
    before: Values
    """Up to the start of each piece, and up to the end of the last."""

    def at(self, moments_ms: Times) -> Values:
        """Up to each of these moments."""
        start_ms, length_ms, _ = self.pieces
        if not start_ms.size:
            return np.zeros(moments_ms.size)
        piece = np.searchsorted(start_ms, moments_ms, side="right") - 1
        inside = np.minimum(moments_ms - start_ms[piece], length_ms[piece])
        return np.where(piece < 0, 0.0, self.before[piece] + self.weights[piece] * inside)

    def between(self, edges_ms: Times) -> Values:
        """float64[edges - 1]: between neighbouring edges, which ascend."""
        return np.diff(self.at(edges_ms))


def integral(pieces: Pieces, weights: NDArray[np.generic]) -> Integral:
    """Of a weight for each piece: its value, 1 for the known time, or whether it is chosen."""
    as_floats = weights.astype(np.float64)
    before = np.zeros(as_floats.size + 1)
    np.cumsum(as_floats * pieces.length_ms, out=before[1:])
    return Integral(pieces, as_floats, before)


def known(pieces: Pieces) -> Integral:
    """The known milliseconds."""
    return integral(pieces, np.ones(pieces.values.size))


def spells(pieces: Pieces, chosen: NDArray[np.bool_], from_ms: int, to_ms: int) -> Times:
    """int64[2, spells]: start and end of each unbroken time in which the chosen pieces hold."""
    start = np.clip(pieces.start_ms[chosen], from_ms, to_ms)
    end = np.clip((pieces.start_ms + pieces.length_ms)[chosen], from_ms, to_ms)
    lasting = end > start
    return join(np.stack([start[lasting], end[lasting]]))


def join(times: Times) -> Times:
    """Spells int64[2, n] in order of time, those that touch made one."""
    if not times.shape[1]:
        return times
    apart = times[0, 1:] > times[1, :-1]
    return np.stack([times[0, np.append(True, apart)], times[1, np.append(apart, True)]])


def highest_mean(
    pieces: Pieces, window_ms: int, share: float, from_ms: int, to_ms: int
) -> tuple[float, int] | None:
    """The highest mean of any window of window_ms that ends in from_ms < end <= to_ms, and its end.

    Of the window at least `share` must be known; None if there is no such window. Between two
    moments at which a piece enters or leaves the window its mean only rises or only falls, so
    those moments are all that need be looked at.
    """
    end_ms = pieces.start_ms + pieces.length_ms
    bounds = (pieces.start_ms, end_ms, pieces.start_ms + window_ms, end_ms + window_ms)
    ends = np.sort(np.concatenate([*bounds, [to_ms]]), kind="stable")  # merges what is sorted
    ends = ends[(ends > from_ms) & (ends <= to_ms)]
    total, known_ms = kernel.window_sums(pieces.start_ms, end_ms, pieces.values, ends, window_ms)
    enough = known_ms >= share * window_ms
    if not enough.any():
        return None
    mean = total[enough] / known_ms[enough]
    best = int(np.argmax(mean))
    return float(mean[best]), int(ends[enough][best])
