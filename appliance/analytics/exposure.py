"""Exposure over time: 8-hour means, sliding 15-minute means, ceilings, mixtures, time beyond.

A reading holds until the next one, at most hold_ms. What nobody measured is not zero: every figure
carries how much of the time it claims was measured. A fixed sensor is no breathing-zone sample.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from appliance.analytics.checked import Floats, Integers, at_least, readings
from appliance.analytics.kernels import held as kernel

HOUR_MS = 3_600_000
STEL_MS = 900_000
MOLAR_LITRES = 24.45
"""Litres of one mole of gas at 25 °C and 760 torr: 29 CFR 1910.1000, footnote (a)."""


class Dose(NamedTuple):
    """An exposure in the gas's unit, and the share of the time that was measured, 0 to 1."""

    value: float
    coverage: float


class Peak(NamedTuple):
    """The worst mean of any window: NaN if none was measured enough; `at_ms` is its end."""

    value: float
    at_ms: int
    coverage: float


class Beyond(NamedTuple):
    """Time beyond a limit: in all, of the time known, and the longest excursion."""

    beyond_ms: int
    known_ms: int
    excursions: int
    longest_at_ms: int
    longest_ms: int
    furthest: float


def twa(
    times_ms: ArrayLike, values: ArrayLike, start_ms: int, end_ms: int, hold_ms: int,
    hours: float = 8.0,
) -> Dose:  # fmt: skip
    """Σ C·T / hours from start to end; the divisor stays, however long the shift was.

    29 CFR 1910.1000(d)(1). Unmeasured time adds nothing: below the coverage that a report wants,
    the value says nothing.
    """
    at_least(1, hold_ms=hold_ms, duration_ms=end_ms - start_ms)
    begins, ends, held = _spans(times_ms, values, hold_ms, end_ms)
    begins = np.maximum(begins, start_ms)
    durations = np.maximum(ends - begins, 0)
    dose = float(held @ durations) / (hours * HOUR_MS)
    return Dose(dose, int(durations.sum()) / (end_ms - start_ms))


def worst_mean(
    times_ms: ArrayLike, values: ArrayLike, hold_ms: int, window_ms: int = STEL_MS,
    min_coverage: float = 0.9,
) -> Peak:  # fmt: skip
    """The greatest time-weighted mean of any window, not aligned to the clock: STEL, or worst 8 h.

    Between the moments when a reading enters or leaves the window the mean runs one way, so only
    those are looked at, and where the window begins or ceases to be covered enough.
    """
    at_least(1, hold_ms=hold_ms, window_ms=window_ms)
    begins, ends, held = _spans(times_ms, values, hold_ms, np.iinfo(np.int64).max)
    edges = np.concatenate((begins, ends))
    at = np.unique(np.concatenate((edges, edges + window_ms)))
    wanted = max(math.ceil(min_coverage * window_ms), 1)
    _, known = kernel.window_sums(begins, ends, held, at, window_ms)
    at = np.union1d(at, _crossings(at, known, wanted))
    total, known = kernel.window_sums(begins, ends, held, at, window_ms)
    enough = known >= wanted
    if not enough.any():
        return Peak(np.nan, 0, float(known.max(initial=0.0)) / window_ms)
    means = np.full(at.size, -np.inf)
    np.divide(total, known, out=means, where=enough)
    worst = int(means.argmax())
    return Peak(float(means[worst]), int(at[worst]), float(known[worst]) / window_ms)


def above(
    times_ms: ArrayLike, values: ArrayLike, limit: float, end_ms: int, hold_ms: int
) -> Beyond:
    """The time above a limit (a ceiling, set point + tolerance) up to end_ms."""
    return _beyond(_spans(times_ms, values, hold_ms, end_ms), limit, 1.0)


def below(
    times_ms: ArrayLike, values: ArrayLike, limit: float, end_ms: int, hold_ms: int
) -> Beyond:
    """The time below a limit up to end_ms."""
    return _beyond(_spans(times_ms, values, hold_ms, end_ms), limit, -1.0)


def mixture(doses: Sequence[Dose], limits: Sequence[float]) -> Dose:
    """Σ C/L of gases that act together, over the limit above 1: 29 CFR 1910.1000(d)(2).

    The coverage is that of the gas that was measured least.
    """
    parts = [dose.value / limit for dose, limit in zip(doses, limits, strict=True)]
    return Dose(sum(parts), min((dose.coverage for dose in doses), default=0.0))


def mg_per_m3(ppm: float, molar_mass: float) -> float:
    """The mass concentration of a gas at 25 °C and 760 torr; molar mass in g/mol."""
    return ppm * molar_mass / MOLAR_LITRES


def _crossings(at_ms: Integers, known: Floats, wanted: int) -> Integers:
    """When `wanted` milliseconds are just known; between two moments it runs evenly, 1 or −1."""
    before, after = known[:-1], known[1:]
    up = (before < wanted) & (after > wanted)
    down = (before > wanted) & (after < wanted)
    rising = at_ms[:-1][up] + (wanted - before[up]).astype(np.int64)
    return np.concatenate((rising, at_ms[:-1][down] + (before[down] - wanted).astype(np.int64)))


def _spans(
    times_ms: ArrayLike, values: ArrayLike, hold_ms: int, end_ms: int
) -> tuple[Integers, Integers, Floats]:
    at_least(1, hold_ms=hold_ms)
    spans: tuple[Integers, Integers, Floats] = kernel.spans(
        *readings(times_ms, values), hold_ms, end_ms
    )
    return spans


def _beyond(spans: tuple[Integers, Integers, Floats], limit: float, sign: float) -> Beyond:
    total, number, longest_at, longest, furthest = kernel.beyond(*spans, float(limit), sign)
    return Beyond(total, int((spans[1] - spans[0]).sum()), number, longest_at, longest, furthest)
