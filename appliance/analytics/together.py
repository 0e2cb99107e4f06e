"""Several sensors of one machine looked at together: Hotelling's T², and who makes it large."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from appliance.analytics.checked import Floats
from appliance.analytics.distributions import f_quantile


class Together(NamedTuple):
    """The usual means and the inverse covariance of p sensors, learnt from n rows."""

    mean: Floats
    inverse: Floats
    number: int


class TSquared(NamedTuple):
    """T² of each row, and each sensor's part of it (rows add up to T²); NaN if one is missing."""

    value: Floats
    contributions: Floats


def learn(rows: ArrayLike) -> Together:
    """Learn from rows[n, p] of good times; rows with anything missing are left out.

    ValueError if there are too few rows or sensors say the same.
    """
    table = np.asarray(rows, np.float64)
    if table.ndim != 2:
        raise ValueError(f"rows {table.shape} are no table of rows and sensors")
    table = table[np.isfinite(table).all(axis=1)]
    count, sensors = table.shape
    if count <= sensors + 1:
        raise ValueError(f"{count} whole rows are too few for {sensors} sensors")
    scales = table.std(axis=0)
    if not scales.all():
        raise ValueError("a sensor never moved: leave it out")
    correlation = np.corrcoef(table, rowvar=False).reshape(sensors, sensors)
    if np.linalg.cond(correlation) > 1e12:
        raise ValueError("two sensors say the same: leave one out")
    deviations = table.std(axis=0, ddof=1)
    inverse = np.linalg.inv(correlation) / np.outer(deviations, deviations)
    return Together(table.mean(axis=0), inverse, count)


def t_squared(known: Together, rows: ArrayLike) -> TSquared:
    """T² = d' S⁻¹ d of each row's deviation d; the part of sensor i is d_i (S⁻¹ d)_i.

    A part can be negative: a sensor that moved as its neighbours did lowers T².
    """
    off = np.atleast_2d(np.asarray(rows, np.float64)) - known.mean
    parts = off * (off @ known.inverse)
    return TSquared(parts.sum(axis=1), parts)


def limit(known: Together, share: float = 0.999) -> float:
    """What T² of a new good row stays below that often: p(n+1)(n−1)/(n²−np) · F(p, n−p)."""
    n, p = known.number, known.mean.size
    return p * (n + 1) * (n - 1) / (n * n - n * p) * f_quantile(share, p, n - p)
