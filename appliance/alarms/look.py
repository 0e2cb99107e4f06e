"""What a rule compares with which limits: its figure, made of readings, and its levels."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, tzinfo
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from appliance.alarms.threshold import GAP_MS, Bound
from appliance.analytics.baseline import HOUR_MS, hours_of_week
from appliance.analytics.kernels import indicators as kernel
from appliance.analytics.standards import exposure_limit, zone_boundaries
from appliance.analytics.vibration import SIGNIFICANT_CHANGE
from appliance.model.baseline import Baseline as Usual
from appliance.model.limit import Limit
from appliance.model.look import (
    Baseline,
    Drift,
    Exposure,
    Health,
    Level,
    Model,
    Rate,
    Stuck,
    Threshold,
    Vibration,
)
from appliance.model.rule import Rule

AHEAD_MS = 3_600_000
"""A TWA that will pass its limit so soon raises, where the rule names no time to respond."""
STEL_BUCKET_MS, STEL_BUCKETS = 15_000, 60
TWA_BUCKET_MS, TWA_BUCKETS = 300_000, 96
STALE_INTERVALS = 3
STEP = 1.001
"""A step of the last digit, and what rounding may add to it."""

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Figure: TypeAlias = Callable[[Integers, Floats, Floats], tuple[Floats, Floats | None]]
"""Of times, values and memory: a figure for each reading, NaN for none, and its forecast."""


class Facts(NamedTuple):
    """What is known beside a rule and its readings."""

    interval_ms: int
    digits: int = 0
    """Of the rule's metric after the point."""
    zone: tzinfo = UTC
    """The plant's."""
    baseline: Usual | None = None
    limits: Sequence[Limit] = ()


class View(NamedTuple):
    """How a rule is evaluated. figure: None where readings are compared as they are.

    needs: why it cannot be evaluated yet.
    """

    bounds: tuple[Bound, ...]
    gap_ms: int
    figure: Figure | None = None
    memory: int = 0
    needs: str | None = None


def view(rule: Rule, facts: Facts) -> View:
    """How this rule is evaluated; an error of the caller's if its limit is not one that ships."""
    gap_ms = max(GAP_MS, STALE_INTERVALS * facts.interval_ms)
    match rule.look:
        case Threshold():
            made = View(tuple(_levels(rule, rule.look)), gap_ms)
        case Rate() as look:
            bucket_ms = round(look.window_seconds * 1000 / kernel.RATE_BUCKETS)
            gap_ms = max(gap_ms, STALE_INTERVALS * bucket_ms)
            figure, sign = partial(_rate, bucket_ms), 1.0 if look.per_minute > 0 else -1.0
            made = _view(rule, gap_ms, look.per_minute, figure, kernel.RATE_MEMORY, sign)
        case Stuck() as look:
            figure = partial(_still, STEP * 10.0**-facts.digits, gap_ms)
            made = _view(rule, gap_ms, look.seconds, figure, kernel.STILL_MEMORY)
        case Exposure() as look:
            made = _exposure(rule, look, facts, gap_ms)
        case Health() as look:
            made = _view(rule, gap_ms, look.below, sign=-1.0)
        case Model() as look:
            made = _view(rule, max(gap_ms, round(3000 * look.every_seconds)), look.above)
        case Baseline() | Drift() | Vibration():
            made = _against_usual(rule, facts, gap_ms)
        case _:
            raise ValueError(f"a rule of kind {rule.kind} is not about readings")
    return made


def limit_of(rule: Rule, level: str) -> float | None:
    """What the value is held against, where the rule itself says it."""
    look = rule.look
    if isinstance(look, Threshold):
        limit: float | None = getattr(look, level)
        return limit
    for name in ("per_minute", "seconds", "deviations", "below", "above"):
        if hasattr(look, name):
            return float(getattr(look, name))
    return None


def _levels(rule: Rule, look: Threshold) -> Iterator[Bound]:
    for level, limit in ((Level.LL, look.ll), (Level.L, look.l)):
        if limit is not None:
            yield _bound(rule, level, limit, -1.0)
    for level, limit in ((Level.H, look.h), (Level.HH, look.hh)):
        if limit is not None:
            yield _bound(rule, level, limit, 1.0)


def _exposure(rule: Rule, look: Exposure, facts: Facts, gap_ms: int) -> View:
    limit = exposure_limit(facts.limits, look.limit, look.measure).value
    if look.measure == "ceiling":
        return _view(rule, gap_ms, limit)
    if look.measure == "stel":
        figure = partial(_stel, gap_ms)
        return _view(rule, gap_ms, limit, figure, kernel.HELD_MEMORY + 2 * (STEL_BUCKETS + 1))
    ahead_ms = AHEAD_MS if rule.respond_seconds is None else round(1000 * rule.respond_seconds)
    figure = partial(_twa, gap_ms, (limit, ahead_ms))
    return _view(rule, gap_ms, limit, figure, kernel.HELD_MEMORY + 2 * (TWA_BUCKETS + 1))


def _against_usual(rule: Rule, facts: Facts, gap_ms: int) -> View:
    look = rule.look
    if isinstance(look, Vibration):
        group = f"{look.group}, {look.foundation}"
        _, middle, high = (limit.value for limit in zone_boundaries(facts.limits, group))
        if not look.change:
            return _view(rule, gap_ms, middle if look.zone == "B/C" else high)
    if facts.baseline is None:
        needs = (
            f"No baseline of {rule.metric} has been learnt yet; one needs some weeks of readings."
        )
        return View((), gap_ms, needs=needs)
    usual = _Usual(facts.baseline, facts.zone)
    if isinstance(look, Vibration):
        return _view(rule, gap_ms, SIGNIFICANT_CHANGE * middle, usual.change)
    if isinstance(look, Drift):
        figure = partial(usual.drift, look)
        return _view(rule, gap_ms, look.deviations, figure, kernel.DRIFT_MEMORY)
    if isinstance(look, Baseline):
        return _view(rule, gap_ms, look.deviations, usual.deviations)
    raise ValueError(f"a rule of kind {rule.kind} has no baseline")


class _Usual:
    """What is usual at a time, by the hour of the week; the hour of now is remembered."""

    def __init__(self, baseline: Usual, zone: tzinfo) -> None:
        self._mid = np.array(baseline.mid, np.float64)
        self._scale = np.array(baseline.scale, np.float64)
        self._zone = zone
        self._hour = -1
        self._slot = 0

    def change(
        self, times_ms: Integers, values: Floats, _memory: Floats
    ) -> tuple[Floats, Floats | None]:
        """How far off, in the metric's unit."""
        return np.abs(values - self._mid[self._slots(times_ms)]), None

    def deviations(
        self, times_ms: Integers, values: Floats, _memory: Floats
    ) -> tuple[Floats, Floats | None]:
        """How far off, in standard deviations."""
        return np.abs(self._off(times_ms, values)), None

    def drift(
        self, look: Drift, times_ms: Integers, values: Floats, memory: Floats
    ) -> tuple[Floats, Floats | None]:
        """How far the means of a minute have strayed, in standard deviations."""
        off, out = self._off(times_ms, values), np.full(values.size, np.nan)
        known = np.isfinite(off)
        some = np.empty(int(known.sum()))
        tau_ms, weighted = look.hours * HOUR_MS, look.method == "ewma"
        kernel.drift(times_ms[known], off[known], tau_ms, weighted, memory, some)
        out[known] = some
        return out, None

    def _off(self, times_ms: Integers, values: Floats) -> Floats:
        slots = self._slots(times_ms)
        scale = self._scale[slots]
        known = scale > 0
        off: Floats = np.where(
            known, (values - self._mid[slots]) / np.where(known, scale, 1), np.nan
        )
        return off

    def _slots(self, times_ms: Integers) -> Integers | int:
        hour = int(times_ms[0]) // HOUR_MS
        if int(times_ms[-1]) // HOUR_MS != hour:
            return hours_of_week(times_ms, self._zone)
        if hour != self._hour:
            self._hour, self._slot = hour, int(hours_of_week(times_ms[:1], self._zone)[0])
        return self._slot


def _rate(
    bucket_ms: int, times_ms: Integers, values: Floats, memory: Floats
) -> tuple[Floats, Floats | None]:
    out = np.empty(values.size)
    kernel.rate(times_ms, values, bucket_ms, memory, out)
    return out, None


def _still(
    tolerance: float, gap_ms: int, times_ms: Integers, values: Floats, memory: Floats
) -> tuple[Floats, Floats | None]:
    out = np.empty(values.size)
    kernel.still(times_ms, values, tolerance, gap_ms, memory, out)
    return out, None


def _stel(
    hold_ms: int, times_ms: Integers, values: Floats, memory: Floats
) -> tuple[Floats, Floats | None]:
    out = np.empty(values.size)
    kernel.held_mean(times_ms, values, STEL_BUCKET_MS, hold_ms, memory, out)
    return out, None


def _twa(
    hold_ms: int,
    warned: tuple[float, int],
    times_ms: Integers,
    values: Floats,
    memory: Floats,
) -> tuple[Floats, Floats | None]:  # fmt: skip
    out = np.empty((2, values.size))
    kernel.projected_mean(times_ms, values, TWA_BUCKET_MS, hold_ms, warned, memory, out)
    return out[0], out[1]


def _view(
    rule: Rule, gap_ms: int, limit: float, figure: Figure | None = None, memory: int = 0,
    sign: float = 1.0,
) -> View:  # fmt: skip
    return View((_bound(rule, Level.ON, limit, sign),), gap_ms, figure, memory)


def _bound(rule: Rule, level: str, limit: float, sign: float) -> Bound:
    on_ms, off_ms = round(rule.on_delay_seconds * 1000), round(rule.off_delay_seconds * 1000)
    return Bound(level, limit, sign, rule.deadband, on_ms, off_ms)
