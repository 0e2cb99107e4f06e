"""Energy performance: what the plant should have used, by regression on what drives it.

The way of ISO 50006: E = b0 + b1·production + b2·degree days + …, fitted on a baseline period.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from appliance.analytics.checked import Floats, floats
from appliance.analytics.distributions import t_p_value


class EnergyBaseline(NamedTuple):
    """Coefficients (b0 first) with p-values, fit figures, and where each driver was seen."""

    coefficients: Floats
    p_values: Floats
    r_squared: float
    cv_rmse: float
    lowest: Floats
    highest: Floats
    number: int


def fit(energy: ArrayLike, drivers: ArrayLike) -> EnergyBaseline:
    """Fit the baseline period: energy[n], drivers[n, k]. Rows with anything missing are left out.

    ValueError if fewer rows than coefficients + 1 remain, or drivers tell the same story.
    """
    rows = _table(drivers)
    used = floats(energy)
    if rows.shape[0] != used.size:
        raise ValueError(f"energy {used.shape} and drivers {rows.shape} do not match")
    whole = np.isfinite(used) & np.isfinite(rows).all(axis=1)
    used, rows = used[whole], rows[whole]
    design = np.column_stack((np.ones(used.size), rows))
    freedom = used.size - design.shape[1]
    if freedom < 1:
        raise ValueError(f"{used.size} whole rows do not fix {design.shape[1]} coefficients")
    scales = np.abs(design).max(axis=0)
    if not scales.all() or np.linalg.matrix_rank(design / scales) < design.shape[1]:
        raise ValueError("the drivers cannot be told apart: leave one out")
    coefficients = np.linalg.lstsq(design / scales, used, rcond=None)[0] / scales
    left = used - design @ coefficients
    variance = float(left @ left) / freedom
    inverse = np.linalg.inv((design / scales).T @ (design / scales))
    errors = np.sqrt(variance * np.diag(inverse)) / scales
    total = float(np.square(used - used.mean()).sum())
    return EnergyBaseline(
        coefficients,
        np.array([_p_value(*pair, freedom) for pair in zip(coefficients, errors, strict=True)]),
        1 - float(left @ left) / total if total else np.nan,
        variance**0.5 / used.mean() if used.mean() else np.nan,
        rows.min(axis=0),
        rows.max(axis=0),
        used.size,
    )


def expected(known: EnergyBaseline, drivers: ArrayLike) -> Floats:
    """What would have been used, row by row; NaN where a driver is missing."""
    rows = _table(drivers)
    used: Floats = known.coefficients[0] + rows @ known.coefficients[1:]
    return used


def savings(known: EnergyBaseline, energy: ArrayLike, drivers: ArrayLike) -> Floats:
    """The running sum of expected less used; a row with anything missing adds nothing."""
    return np.cumsum(np.nan_to_num(expected(known, drivers) - floats(energy)))


def seen_before(known: EnergyBaseline, drivers: ArrayLike) -> NDArray[np.bool_]:
    """Which rows lie within what the baseline period saw; outside, the model only guesses."""
    rows = _table(drivers)
    inside: NDArray[np.bool_] = ((rows >= known.lowest) & (rows <= known.highest)).min(axis=1)
    return inside


def _table(drivers: ArrayLike) -> Floats:
    """Rows of drivers; one row of numbers is one driver."""
    rows = np.asarray(drivers, np.float64)
    return rows if rows.ndim == 2 else rows.reshape(-1, 1)


def _p_value(coefficient: float, error: float, freedom: int) -> float:
    if error == 0:
        return 1.0 if coefficient == 0 else 0.0
    return t_p_value(coefficient / error, freedom)
