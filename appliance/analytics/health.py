"""How healthy a machine is, 0 to 100, and why: parts that add up exactly to what is lost.

Pure and versioned: the same features and the same version give the same number, today and from
the archive. Missing data lowers no score; it is told beside it.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

VERSION = 1
WORST_WEIGHS = 0.6
"""Of a machine's loss: what its worst critical signal gives; the rest is the weighted mean."""
DRIFT_FROM, DRIFT_TO, DRIFT_LOSS = 3.0, 8.0, 30.0
"""A drift of so many standard deviations begins to cost; from the second on it costs this much."""
BEYOND_LAST = 1.25
"""The score is 0 at so many times the last limit: not beyond 1.25 × C/D."""
STEPS = 2.0**32
"""Losses come in steps of 1/STEPS, so that they add up exactly, in any order."""
ZONE_SCORES = (100.0, 90.0, 60.0, 30.0, 0.0)


class Signal(NamedTuple):
    """One signal as the score sees it.

    reading: the larger, the worse; NaN if nothing was measured. limits: where the score is 90, 60
    and 30 (for vibration A/B, B/C and C/D). drift: deviations of a slow average from the baseline,
    either way. quality: the share of the time that was measured, 0 to 1.
    """

    name: str
    reading: float
    limits: tuple[float, float, float]
    drift: float = 0.0
    weight: float = 1.0
    critical: bool = True
    quality: float = 1.0


class Part(NamedTuple):
    """What a signal takes from the score; by_limits and by_drift: of its own 100, unweighed."""

    name: str
    loss: float
    by_limits: float
    by_drift: float


class Health(NamedTuple):
    """The score (None if nothing was measured), its parts, largest first, and the data's quality.

    score = 100 − the sum of the parts' losses, exactly.
    """

    score: float | None
    parts: tuple[Part, ...]
    quality: float
    unmeasured: tuple[str, ...]
    version: int = VERSION


def health(signals: Sequence[Signal]) -> Health:
    """0.6 × the worst critical signal + 0.4 × the weighted mean; a worse reading never helps."""
    for signal in signals:
        _check(signal)
    quality = min((signal.quality for signal in signals), default=0.0)
    unmeasured = tuple(signal.name for signal in signals if math.isnan(signal.reading))
    measured = [signal for signal in signals if not math.isnan(signal.reading)]
    if not measured:
        return Health(None, (), quality, unmeasured)
    losses = [_losses(signal) for signal in measured]
    critical = [i for i, signal in enumerate(measured) if signal.critical]
    lost = [min(100.0, sum(pair)) for pair in losses]
    worst = max(critical or range(len(measured)), key=lost.__getitem__)
    weights = math.fsum(signal.weight for signal in measured)
    parts = []
    for i, (signal, (by_limits, by_drift)) in enumerate(zip(measured, losses, strict=True)):
        loss = _stepped((1 - WORST_WEIGHS) * (signal.weight / weights) * lost[i])
        if i == worst:
            loss += _stepped(WORST_WEIGHS * lost[i])
        parts.append(Part(signal.name, loss, by_limits, by_drift))
    parts.sort(key=lambda part: -part.loss)
    return Health(100 - sum(part.loss for part in parts), tuple(parts), quality, unmeasured)


def _stepped(loss: float) -> float:
    """Rounded down, so that the parts of 100 never exceed it."""
    return math.floor(loss * STEPS) / STEPS


def _losses(signal: Signal) -> tuple[float, float]:
    low, middle, high = signal.limits
    at = (0.0, low, middle, high, BEYOND_LAST * high)
    by_limits = 100 - float(np.interp(signal.reading, at, ZONE_SCORES))
    drift = 0.0 if math.isnan(signal.drift) else abs(signal.drift)
    by_drift = float(np.interp(drift, (DRIFT_FROM, DRIFT_TO), (0.0, DRIFT_LOSS)))
    return by_limits, by_drift


def _check(signal: Signal) -> None:
    low, middle, high = signal.limits
    if not 0 < low < middle < high < math.inf:
        raise ValueError(f"{signal.name}: limits {signal.limits} do not rise from above 0")
    if not (0 < signal.weight < math.inf and 0 <= signal.quality <= 1):
        raise ValueError(f"{signal.name}: no weight {signal.weight}, no quality {signal.quality}")
