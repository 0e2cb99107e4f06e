"""Whether a series rises or falls in the long run, by how much, and how sure that is."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from appliance.analytics.checked import Floats, Integers, floats

NORMAL_95 = 1.959964
MOST_POINTS = 500
"""All pairs are looked at: a quarter of a million slopes."""
DEPENDENT_AT_MOST = 0.98


class Slope(NamedTuple):
    """The median slope with its 95 % interval, and the level the line has at the last time.

    NaN of fewer than three points. An interval that holds 0: no trend can be told from chance.
    """

    slope: float
    low: float
    high: float
    level: float

    @property
    def significant(self) -> bool:
        """Whether the interval lies on one side of 0."""
        return self.low > 0 or self.high < 0


def theil_sen(times: ArrayLike, values: ArrayLike, seasons: ArrayLike | None = None) -> Slope:
    """The median of the slopes of all pairs; the interval by the ranks of Kendall's statistic.

    Sen, J. Am. Stat. Assoc. 63 (1968). seasons: a number for each value; only those of the same
    season are compared, so what comes back with it is no trend (Hirsch, Slack and Smith, Water
    Resour. Res. 18, 1982). Readings that follow each other depend on each other: the variance is
    that of as many independent ones as the lag-1 correlation of the residuals leaves. Missing
    values are left out; of more than MOST_POINTS evenly many are taken.
    """
    x, y = floats(times), floats(values)
    which = np.zeros(x.size, np.int64) if seasons is None else np.asarray(seasons, np.int64)
    there = np.flatnonzero(np.isfinite(y))
    if there.size > MOST_POINTS:
        there = there[np.linspace(0, there.size - 1, MOST_POINTS).round().astype(np.int64)]
    x, y, which = x[there], y[there], which[there]
    first, second = np.triu_indices(x.size, 1)
    pairs = (x[second] > x[first]) & (which[first] == which[second])
    first, second = first[pairs], second[pairs]
    if first.size < 3:
        return Slope(np.nan, np.nan, np.nan, np.nan)
    slopes = np.sort((y[second] - y[first]) / (x[second] - x[first]))
    slope = float(np.median(slopes))
    level = float(np.median(y - slope * x)) + slope * float(x[-1])
    many = np.unique(which, return_counts=True)[1].astype(np.float64)
    variance = float((many * (many - 1) * (2 * many + 5)).sum()) / 18
    low, high = _interval(slopes, variance * _inflation(y - slope * x, which))
    return Slope(slope, low, high, level)


def _interval(slopes: Floats, variance: float) -> tuple[float, float]:
    reach = NORMAL_95 * variance**0.5
    low = round((slopes.size - reach) / 2)
    high = round((slopes.size + reach) / 2)
    if low < 0 or high >= slopes.size:  # too few: nothing can be excluded
        return -np.inf, np.inf
    return float(slopes[low]), float(slopes[high])


def _inflation(residuals: Floats, seasons: Integers) -> float:
    """How many dependent values make one independent one, by their lag-1 correlation."""
    off = residuals.copy()
    for season in np.unique(seasons):
        off[seasons == season] -= np.median(off[seasons == season])
    total = float(off @ off)
    if total == 0:
        return 1.0
    dependent = min(max(float(off[1:] @ off[:-1]) / total, 0.0), DEPENDENT_AT_MOST)
    return (1 + dependent) / (1 - dependent)
