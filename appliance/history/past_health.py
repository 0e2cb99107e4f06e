"""The health of a machine over a stretch of the past, minute by minute, as `score` finds each.

What a score is made of is read once for some weeks, wherever it lies, and composed by the minute:
the same means, limits, baselines and alarms as of that minute, and so the same number.
"""

from bisect import bisect_right
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from appliance.analytics.baseline import DAY_MS, HOUR_MS, hours_of_week
from appliance.analytics.standards import shipped
from appliance.history.baselines import NO_MINUTES, Floats, Integers, Minutes, read_minutes
from appliance.history.health import Basis, Drifts, compose, drift_end_ms, window_ms
from appliance.history.looks import MINUTE_MS, WEEK_MS, drift_of
from appliance.history.readings import Asked, Source
from appliance.model.baseline import Baseline
from appliance.model.ids import DeviceId, FactoryId, MachineId
from appliance.model.limit import Limit
from appliance.model.scope import Scope
from appliance.model.series import Gap
from appliance.store.baselines import UsualAt, select_baselines
from appliance.store.health_scores import (
    LookAt,
    StoodAlarm,
    select_alarms_stood,
    select_looks_at,
    select_looks_changed,
)
from appliance.store.signals import RUNNING, KnownSignal, select_signals

CHUNK_MS = 28 * DAY_MS
BEFORE_MS = WEEK_MS + 2 * HOUR_MS
"""What is read before a stretch: the week of the drift, which ends up to two hours earlier."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Key = tuple[DeviceId, str]


class _Known(NamedTuple):
    """All that the scores of a stretch are made of."""

    machine_id: MachineId
    signals: Sequence[KnownSignal]
    minutes: Mapping[Key, Minutes]
    baselines: Mapping[Key, Sequence[Baseline]]
    looks: Sequence[tuple[datetime, Sequence[LookAt]]]
    alarms: Sequence[StoodAlarm]
    limits: Sequence[Limit]


class Scores(NamedTuple):
    """Scores by the end of their minute; minutes of which nothing is known are left out."""

    times_ms: Integers
    values: Floats


async def scores(
    source: Source,
    machine: tuple[FactoryId, MachineId],
    from_ms: int,
    to_ms: int,
    gaps: list[Gap],
) -> AsyncIterator[Scores]:
    """The scores of the full minutes of from_ms <= t < to_ms, in order.

    The caller has seen that the machine is in scope. gaps: is given what could not be read.
    """
    factory_id, machine_id = machine
    limits = await source.run(shipped)
    signals = [
        one for one in await select_signals(source.db, [factory_id]) if one.machine_id == machine_id
    ]
    first_ms = -(-from_ms // MINUTE_MS) * MINUTE_MS
    for begin_ms in range(first_ms, to_ms, CHUNK_MS):
        end_ms = min(begin_ms + CHUNK_MS, to_ms)
        known = _Known(machine_id, signals, {}, {}, (), (), limits)
        known = await _read(source, factory_id, known, (begin_ms, end_ms), gaps)
        yield await source.run(_scores, known, begin_ms, end_ms)


async def _read(
    source: Source,
    factory_id: FactoryId,
    known: _Known,
    span: tuple[int, int],
    gaps: list[Gap],
) -> _Known:
    begin, end = (_EPOCH + timedelta(milliseconds=each) for each in span)
    minutes, baselines = {}, {}
    for one in known.signals:
        key = (one.device_id, one.metric)
        asked = Asked(Scope((factory_id,)), *key)
        before_ms = max(BEFORE_MS, window_ms(one))
        to_ms = -(-span[1] // MINUTE_MS) * MINUTE_MS
        minutes[key] = await read_minutes(source, asked, span[0] - before_ms, to_ms, gaps)
        since = begin - timedelta(milliseconds=BEFORE_MS)
        baselines[key] = await select_baselines(source.db, *key, since, end)
    changed = [begin, *await select_looks_changed(source.db, factory_id, begin, end)]
    looks = [(at, await select_looks_at(source.db, [factory_id], at)) for at in changed]
    alarms = await select_alarms_stood(source.db, known.machine_id, begin, end)
    return known._replace(minutes=minutes, baselines=baselines, looks=looks, alarms=alarms)


def _scores(known: _Known, begin_ms: int, end_ms: int) -> Scores:
    times = np.arange(begin_ms, end_ms, MINUTE_MS)
    if not known.signals or not times.size:
        return Scores(times[:0], np.empty(0))
    means = {
        (one.device_id, one.metric): _means(one, known, times).tolist() for one in known.signals
    }
    slots = hours_of_week(times, ZoneInfo(known.signals[0].time_zone)).tolist()
    drifts: Drifts = {}
    found = np.full(times.size, np.nan)
    for number, at_ms in enumerate(times.tolist()):
        basis = _basis(known, at_ms, slots[number])
        _find_drifts(known, basis, drifts)
        recent = {key: (values[number], 1.0) for key, values in means.items()}
        score = compose(known.machine_id, basis, recent, drifts).score
        found[number] = np.nan if score is None else score
    there = np.isfinite(found)
    return Scores(times[there], found[there])


def _means(one: KnownSignal, known: _Known, times_ms: Integers) -> Floats:
    """The mean of the window before each minute's end."""
    minutes = known.minutes[one.device_id, one.metric]
    begins = np.searchsorted(minutes.times_ms, times_ms - window_ms(one)).tolist()
    ends = np.searchsorted(minutes.times_ms, times_ms).tolist()
    return np.array(
        [
            minutes.means[begin:end].mean() if end > begin else np.nan
            for begin, end in zip(begins, ends, strict=True)
        ]
    )


def _basis(known: _Known, at_ms: int, slot: int) -> Basis:
    at = _EPOCH + timedelta(milliseconds=at_ms)
    usual = {}
    for key, versions in known.baselines.items():
        if (one := _valid(versions, at)) is not None:
            usual[key] = UsualAt(one.version, one.learnt_at, one.by, one.mid[slot], one.scale[slot])
    stood = [
        one.priority
        for one in known.alarms
        if one.raised_at <= at and (one.cleared_at is None or one.cleared_at > at)
    ]
    number = bisect_right(known.looks, at, key=lambda each: each[0])
    return Basis(
        at_ms=at_ms,
        signals={known.machine_id: list(known.signals)},
        looks=known.looks[number - 1][1],
        usual=usual,
        alarms={known.machine_id: stood},
        limits=known.limits,
    )


def _find_drifts(known: _Known, basis: Basis, drifts: Drifts) -> None:
    end_ms = drift_end_ms(basis.at_ms)
    end = _EPOCH + timedelta(milliseconds=end_ms)
    for one in known.signals:
        key = (one.device_id, one.metric)
        if key in basis.usual and (*key, end_ms) not in drifts:
            running = NO_MINUTES
            if one.running_id is not None and one.metric != RUNNING:
                running = known.minutes.get((one.running_id, RUNNING), NO_MINUTES)
            valid = _valid(known.baselines[key], end)
            drifts[*key, end_ms] = drift_of(one, known.minutes[key], running, valid, end_ms)


def _valid(versions: Sequence[Baseline], at: datetime) -> Baseline | None:
    """The version that was valid at a moment."""
    return next((one for one in reversed(versions) if one.learnt_at <= at), None)
