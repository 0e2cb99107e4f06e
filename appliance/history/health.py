"""The health score of machines at a moment: the same from hot readings and from the archive."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeAlias

import numpy as np

from appliance.analytics import health
from appliance.analytics.baseline import HOUR_MS
from appliance.analytics.pieces import hold
from appliance.analytics.standards import shipped
from appliance.history.baselines import RUNS, Minutes, read_minutes
from appliance.history.limits import VIBRATION, limits_of, zones_of
from appliance.history.looks import MINUTE_MS, drift_at, hold_ms
from appliance.history.readings import Asked, Source
from appliance.model.health import HealthScore, Reason
from appliance.model.ids import DeviceId, FactoryId, MachineId
from appliance.model.insight import LimitAt
from appliance.model.limit import Limit
from appliance.model.scope import Scope
from appliance.store.baselines import UsualAt, select_usual_at
from appliance.store.health_scores import LookAt, select_looks_at, select_standing_alarms
from appliance.store.signals import RUNNING, KnownSignal, select_signals

WINDOW_MS = 10 * MINUTE_MS
DRIFT_LAG_MS = 30 * MINUTE_MS
"""So long the hourly looks may take before the score turns to them."""
ALARM_LIMITS = (1.0, 2.0, 3.0)
"""An alarm of priority 4, 3, 2 that stands takes 10, 40, 70 of 100; of priority 1 all."""
ALARM_READINGS = {4: 1.0, 3: 2.0, 2: 3.0, 1: 3.75}
USUAL_LIMITS = (3.0, 6.0, 9.0)
USUAL_WEIGHS = 0.5
RULE_LIMITS = (0.8, 1.0, 2.0)
"""Of the way from the middle to the first limit; 2 is the second one."""
SECOND_LIMIT = 1.25
"""Where a rule has no second limit, it is assumed so far beyond, of the way to the first."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Drifts: TypeAlias = dict[tuple[DeviceId, str, int], float]
"""Drift by device, metric and the full hour up to which it was found."""


class Input(NamedTuple):
    """A signal as the score sees it. kind: as `against` of a Reason."""

    kind: str
    signal: health.Signal
    device_id: DeviceId | None
    metric: str | None
    value: float
    version: int | None


class Basis(NamedTuple):
    """What the machines' scores of one minute have in common."""

    at_ms: int
    signals: Mapping[MachineId, list[KnownSignal]]
    looks: Sequence[LookAt]
    usual: Mapping[tuple[DeviceId, str], UsualAt]
    alarms: Mapping[MachineId, list[int]]
    limits: Sequence[Limit]


async def score(
    source: Source, factory_id: FactoryId, machine_id: MachineId, at: datetime
) -> HealthScore:
    """The score of one machine at a moment, from what is stored now, wherever it lies.

    The caller has seen that the machine is in scope.
    """
    basis = await read_basis(source, [factory_id], at)
    return await score_machine(source, basis, machine_id, {})


async def read_basis(
    source: Source, factory_ids: Sequence[FactoryId] | None, at: datetime
) -> Basis:
    """What is needed for the scores of the minute that ends at or just before `at`."""
    at_ms = round(at.timestamp() * 1000) // MINUTE_MS * MINUTE_MS
    moment = _EPOCH + timedelta(milliseconds=at_ms)
    signals: dict[MachineId, list[KnownSignal]] = defaultdict(list)
    for one in await select_signals(source.db, factory_ids):
        if one.machine_id is not None:
            signals[one.machine_id].append(one)
    alarms: dict[MachineId, list[int]] = defaultdict(list)
    for alarm in await select_standing_alarms(source.db, moment):
        alarms[alarm.machine_id].append(alarm.priority)
    return Basis(
        at_ms=at_ms,
        signals=signals,
        looks=await select_looks_at(source.db, factory_ids, moment),
        usual=await select_usual_at(source.db, factory_ids, moment),
        alarms=alarms,
        limits=await source.run(shipped),
    )


async def score_machine(
    source: Source, basis: Basis, machine_id: MachineId, drifts: Drifts
) -> HealthScore:
    """The score of one machine; drifts that are not there yet are found and added."""
    end_ms = drift_end_ms(basis.at_ms)
    recent: dict[tuple[DeviceId, str], tuple[float, float]] = {}
    signals = basis.signals.get(machine_id, [])
    for one in signals:
        minutes = await read_minutes(source, *_window(one, basis.at_ms))
        recent[one.device_id, one.metric] = _recent(minutes, one, basis.at_ms)
        key = (one.device_id, one.metric, end_ms)
        if (one.device_id, one.metric) in basis.usual and key not in drifts:
            drifts[key] = await drift_at(source, one, end_ms)
    return compose(machine_id, basis, recent, drifts)


def drift_end_ms(at_ms: int) -> int:
    """The full hour up to which drift counts at a moment."""
    return (at_ms - DRIFT_LAG_MS) // HOUR_MS * HOUR_MS


def compose(
    machine_id: MachineId,
    basis: Basis,
    recent: Mapping[tuple[DeviceId, str], tuple[float, float]],
    drifts: Drifts,
) -> HealthScore:
    """The score of means of the last minutes and the share of them that came, by signal."""
    inputs = []
    for one in basis.signals.get(machine_id, []):
        if one.metric != RUNNING:
            value, quality = recent[one.device_id, one.metric]
            runs = True
            if one.running_id is not None:
                runs = not recent.get((one.running_id, RUNNING), (math.nan, 0.0))[0] < RUNS
            drift = drifts.get((one.device_id, one.metric, drift_end_ms(basis.at_ms)), math.nan)
            found = _input(one, basis, (value, quality, drift), runs=runs)
            if found is not None:
                inputs.append(found)
    inputs.append(_alarms(basis.alarms.get(machine_id, ()), inputs))
    return _told(machine_id, basis.at_ms, inputs)


def _input(
    one: KnownSignal, basis: Basis, found: tuple[float, float, float], *, runs: bool
) -> Input | None:
    """How a signal is judged; None: there is nothing to compare it with."""
    value, quality, drift = found
    usual = basis.usual.get((one.device_id, one.metric))
    limits = [
        each
        for each in limits_of(basis.looks, (one.device_id, one.metric), basis.limits)
        if each.source == "rule"
    ]
    triple, critical = RULE_LIMITS, True
    if one.metric == VIBRATION:
        kind, reading = "zone", max(value, 0.0) if value == value else value  # noqa: PLR0124 - NaN
        triple = zones_of(basis.looks, one.device_id, basis.limits).values
    elif limits and not math.isnan(
        reading := distance(value, math.nan if usual is None else usual.mid, limits, low=runs)
    ):
        kind = "limits"
    elif usual is not None and not math.isnan(usual.mid):
        kind, triple, critical = "usual", USUAL_LIMITS, False
        reading = _deviations(value, usual)
        if not (runs or math.isnan(value)):
            reading = 0.0
    elif math.isnan(value) and (limits or usual is not None):
        kind, reading = "limits" if limits else "usual", math.nan
    else:
        return None
    signal = health.Signal(
        f"{one.device}, {one.metric}",
        reading,
        triple,
        drift=drift,
        weight=1.0 if critical else USUAL_WEIGHS,
        critical=critical,
        quality=quality,
    )
    version = None if usual is None else usual.version
    return Input(kind, signal, one.device_id, one.metric, value, version)


def distance(value: float, mid: float, limits: Iterable[LimitAt], *, low: bool = True) -> float:
    """How far a value is on its way from the middle to a rule's limits: 1 at the first, 2 at the
    second, the farther side counts. NaN: a missing value, or no limit it can be compared with.

    Without a middle a positive upper limit is compared with 0. low: whether lower limits count.
    """
    if math.isnan(value):
        return math.nan
    by_level: dict[str, float] = {}
    for one in limits:  # of several rules the strictest
        strictest = max if one.level in ("l", "ll") else min
        by_level[one.level] = strictest(by_level.get(one.level, one.limit), one.limit)
    sides = [(1.0, [by_level[name] for name in ("h", "hh") if name in by_level])]
    if low:
        sides.append((-1.0, [by_level[name] for name in ("l", "ll") if name in by_level]))
    found = [
        _way(sign * (value - start), [sign * (limit - start) for limit in levels])
        for sign, levels in sides
        if levels
        for start in [_start(mid, sign, levels)]
        if sign * (levels[0] - start) > 0
    ]
    return max(found) if found else math.nan


def _start(mid: float, sign: float, levels: Sequence[float]) -> float:
    if not math.isnan(mid) and sign * (levels[0] - mid) > 0:
        return mid
    return 0.0


def _way(gone: float, levels: Sequence[float]) -> float:
    first = levels[0]
    second = levels[-1] if levels[-1] > first else SECOND_LIMIT * first
    return float(np.interp(max(gone, 0.0), (0, first, second), (0, 1, 2))) + max(
        0.0, (gone - second) / second
    )


def _deviations(value: float, usual: UsualAt) -> float:
    return abs(value - usual.mid) / usual.scale if usual.scale > 0 else math.nan


def _alarms(priorities: Iterable[int], inputs: Sequence[Input]) -> Input:
    """The alarms that stand, as one signal: always there, so that one more never helps."""
    worst = max((ALARM_READINGS[priority] for priority in priorities), default=0.0)
    measured = any(not math.isnan(one.signal.reading) for one in inputs)
    reading = worst if worst or measured else math.nan
    priority = float(min(priorities, default=math.nan))
    return Input(
        "alarms", health.Signal("alarms", reading, ALARM_LIMITS), None, None, priority, None
    )


def _told(machine_id: MachineId, at_ms: int, inputs: Sequence[Input]) -> HealthScore:
    found = health.health([one.signal for one in inputs])
    by_name = {one.signal.name: one for one in inputs}
    reasons = []
    for part in found.parts:
        one = by_name[part.name]
        reasons.append(
            Reason(
                name=part.name,
                against=one.kind,
                loss=part.loss,
                by_limits=part.by_limits,
                by_drift=part.by_drift,
                device_id=one.device_id,
                metric=one.metric,
                value=None if math.isnan(one.value) else one.value,
                reading=one.signal.reading,
                limits=one.signal.limits,
                drift=0.0 if math.isnan(one.signal.drift) else one.signal.drift,
                critical=one.signal.critical,
                quality=one.signal.quality,
                baseline_version=one.version,
            )
        )
    return HealthScore(
        machine_id=machine_id,
        at=_EPOCH + timedelta(milliseconds=at_ms),
        score=found.score,
        quality=min((one.signal.quality for one in inputs if one.kind != "alarms"), default=0.0),
        version=found.version,
        reasons=tuple(reasons),
        unmeasured=tuple(name for name in found.unmeasured if name != "alarms"),
    )


def window_ms(one: KnownSignal) -> int:
    """How far a score looks back at a signal."""
    return max(WINDOW_MS, -(-hold_ms(one) // MINUTE_MS) * MINUTE_MS)


def _window(one: KnownSignal, at_ms: int) -> tuple[Asked, int, int]:
    asked = Asked(Scope((one.factory_id,)), one.device_id, one.metric)
    return asked, at_ms - window_ms(one), at_ms


def _recent(minutes: Minutes, one: KnownSignal, at_ms: int) -> tuple[float, float]:
    """The mean of the minutes of the window, and the share of its time that they cover."""
    if not minutes.times_ms.size:
        return math.nan, 0.0
    _, from_ms, to_ms = _window(one, at_ms)
    covered = hold(minutes.times_ms, minutes.means, to_ms, hold_ms(one)).length_ms.sum()
    return float(minutes.means.mean()), min(1.0, float(covered) / (to_ms - from_ms))
