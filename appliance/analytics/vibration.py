"""Vibration severity: RMS velocity from acceleration, its zone, and whether it has changed."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from appliance.analytics.checked import Floats, floats

STANDARD_GRAVITY = 9.80665
BAND_HZ = (10.0, 1000.0)
SAMPLES_PER_HIGHEST = 2.56
"""A node must sample this many times the highest frequency, behind an anti-alias filter."""
ZONES = "ABCD"
SIGNIFICANT_CHANGE = 0.25
"""Of the boundary between zones B and C: ISO 20816-3, criterion of change (unconfirmed)."""


class Velocity(NamedTuple):
    """RMS velocity in mm/s; `indicative` where the sampling cannot vouch for the whole band."""

    rms: float
    indicative: bool


class Change(NamedTuple):
    """Velocity less baseline in mm/s, up or down, and whether that is significant."""

    by: float
    significant: bool


def velocity_rms(
    acceleration: ArrayLike, sampled_hz: float, band_hz: tuple[float, float] = BAND_HZ
) -> Velocity:
    """RMS velocity in the band, from acceleration in m/s² at an even pace.

    Hann window, spectrum divided by j2πf inside the band, Parseval back. Any missing sample or
    fewer than four periods of the lowest frequency: NaN.
    """
    row = floats(acceleration)
    low, high = band_hz
    if not 0 < low < high or not sampled_hz > 0:
        raise ValueError(f"no band {low} to {high} Hz at {sampled_hz} samples a second")
    indicative = sampled_hz < SAMPLES_PER_HIGHEST * high
    if row.size < 4 * sampled_hz / low or not np.isfinite(row).all():
        return Velocity(np.nan, indicative)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(row.size) / row.size)
    spectrum = np.abs(np.fft.rfft((row - row.mean()) * window))
    hertz = np.fft.rfftfreq(row.size, 1 / sampled_hz)
    inside = (hertz >= low) & (hertz <= min(high, sampled_hz / 2))
    velocity = spectrum[inside] / (2 * np.pi * hertz[inside])
    power = 2 * float(velocity @ velocity) / (row.size * float(window @ window))
    return Velocity(1000 * power**0.5, indicative)


def zone(velocity: float, boundaries: Sequence[float]) -> str | None:
    """A, B, C or D; boundaries A/B, B/C and C/D in mm/s. On a boundary it is the better zone."""
    if np.isnan(velocity):
        return None
    return ZONES[sum(velocity > boundary for boundary in boundaries)]


def zones(velocities: ArrayLike, boundaries: Sequence[float]) -> Floats:
    """0 for A to 3 for D of each velocity, NaN where it is missing."""
    row = floats(velocities)
    placed = np.searchsorted(np.asarray(boundaries, np.float64), row, side="left")
    return np.where(np.isnan(row), np.nan, placed)


def changed(velocity: float, baseline: float, boundary_bc: float) -> Change:
    """Whether the machine's own usual velocity was left, up or down, even inside zone A or B."""
    by = velocity - baseline
    return Change(by, abs(by) > SIGNIFICANT_CHANGE * boundary_bc)
