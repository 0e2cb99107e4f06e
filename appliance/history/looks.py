"""The hourly look at a signal's last two weeks: drift, trend, and this week against the last."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from appliance.analytics.baseline import DAY_MS, HOUR_MS, hours_of_week
from appliance.analytics.drift import ewma
from appliance.analytics.pieces import Pieces, hold
from appliance.history.baselines import (
    RUNS,
    Floats,
    Integers,
    Minutes,
    read_minutes,
    read_running,
)
from appliance.history.forecast import trend_of
from appliance.history.limits import first_upper
from appliance.history.plan import HOLD_INTERVALS
from appliance.history.readings import Asked, Source
from appliance.model.baseline import Baseline
from appliance.model.insight import LimitAt, SignalLook, Week
from appliance.model.scope import Scope
from appliance.store.baselines import select_baseline
from appliance.store.signals import RUNNING, KnownSignal

WEEK_MS = 7 * DAY_MS
MINUTE_MS = 60_000
TAU_MS = float(DAY_MS)
OFF = 3.0
"""Standard deviations from which an hour's mean is off."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Hours(NamedTuple):
    """Means of the hours' minutes, the hour of the week, and how far off they are; NaN: unknown."""

    times_ms: Integers
    means: Floats
    slots: Integers
    z: Floats


class _Seen(NamedTuple):
    """What a look is made of."""

    signal: KnownSignal
    minutes: Minutes
    running: Minutes
    baseline: Baseline | None
    limits: Sequence[LimitAt]
    end_ms: int


async def look_at(
    source: Source, signal: KnownSignal, limits: Sequence[LimitAt], end_ms: int
) -> SignalLook:
    """Look at what there is up to end_ms, a full hour."""
    monday_ms = await source.run(week_start_ms, end_ms, signal.time_zone)
    from_ms = min(monday_ms - WEEK_MS, end_ms - WEEK_MS) // HOUR_MS * HOUR_MS
    minutes = await _read(source, signal, from_ms, end_ms)
    running = await read_running(source, signal, from_ms, end_ms)
    baseline = await select_baseline(source.db, signal.device_id, signal.metric, _time(end_ms))
    seen = _Seen(signal, minutes, running, baseline, limits, end_ms)
    return await source.run(_look, seen, monday_ms)


async def drift_at(source: Source, signal: KnownSignal, end_ms: int) -> float:
    """The drift that a look at end_ms finds, read by itself; NaN if nothing is known."""
    baseline = await select_baseline(source.db, signal.device_id, signal.metric, _time(end_ms))
    if baseline is None:
        return float("nan")
    minutes = await _read(source, signal, end_ms - WEEK_MS, end_ms)
    running = await read_running(source, signal, end_ms - WEEK_MS, end_ms)
    return await source.run(drift_of, signal, minutes, running, baseline, end_ms)


def drift_of(
    signal: KnownSignal,
    minutes: Minutes,
    running: Minutes,
    baseline: Baseline | None,
    end_ms: int,
) -> float:
    """The drift at end_ms, of the minutes of the week before; NaN if nothing is known."""
    if baseline is None:
        return float("nan")
    week_ms = end_ms - WEEK_MS, end_ms
    seen = _Seen(signal, minutes.between(*week_ms), running.between(*week_ms), baseline, (), end_ms)
    return _last_ewma(_hours(seen))


def week_start_ms(at_ms: int, time_zone: str) -> int:
    """The plant's last Monday midnight, as a full hour."""
    local = _time(at_ms).astimezone(ZoneInfo(time_zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - timedelta(days=midnight.weekday())
    return round(monday.timestamp() * 1000) // HOUR_MS * HOUR_MS


def hold_ms(signal: KnownSignal) -> int:
    """For how long a minute's mean holds when no other follows."""
    return max(MINUTE_MS, HOLD_INTERVALS * signal.interval_ms)


def week(
    minutes: Minutes, running: Minutes, span: tuple[int, int], limit: float | None, holds_ms: int
) -> Week:
    """A signal in a stretch of time, weighted by time."""
    pieces = _pieces(minutes, span, holds_ms)
    known = float(pieces.length_ms.sum())
    share = running_share(running, span, holds_ms)
    if not known:
        return Week(mean=None, p95=None, max=None, above_seconds=None, running=share, coverage=0.0)
    above = None if limit is None else float(pieces.length_ms[pieces.values > limit].sum()) / 1000
    return Week(
        mean=float(pieces.values @ pieces.length_ms) / known,
        p95=weighted_quantile(pieces.values, pieces.length_ms, 0.95),
        max=float(minutes.between(*span).maxima.max()),
        above_seconds=above,
        running=share,
        coverage=min(1.0, known / (span[1] - span[0])),
    )


def running_share(running: Minutes, span: tuple[int, int], holds_ms: int) -> float | None:
    """The share of the known time of a stretch in which the machine ran; None: nothing is known."""
    ran = _pieces(running, span, holds_ms)
    known = float(ran.length_ms.sum())
    return float(ran.length_ms[ran.values >= RUNS].sum()) / known if known else None


def weighted_quantile(values: Floats, weights: NDArray[np.generic], share: float) -> float:
    """The least value that, with all below it, has this share of the weight."""
    order = np.argsort(values, kind="stable")
    grown = np.cumsum(weights[order].astype(np.float64))
    place = int(np.searchsorted(grown, share * grown[-1]))
    return float(values[order][min(place, values.size - 1)])


def _look(seen: _Seen, monday_ms: int) -> SignalLook:
    signal, end_ms = seen.signal, seen.end_ms
    hours = _hours(seen)
    since_ms, by = _off(hours)
    drift = _last_ewma(hours)
    limit = first_upper(seen.limits)
    own = seen.minutes if signal.metric == RUNNING else seen.running
    this_week, last_week = (
        week(seen.minutes, own, span, limit, hold_ms(signal))
        for span in ((monday_ms, end_ms), (monday_ms - WEEK_MS, end_ms - WEEK_MS))
    )
    return SignalLook(
        to=_time(end_ms),
        drift=None if np.isnan(drift) else drift,
        off_since=None if since_ms is None else _time(since_ms),
        off_by=by,
        baseline_version=None if seen.baseline is None else seen.baseline.version,
        trend=trend_of(hours.times_ms, hours.means, hours.slots, seen.limits, signal.unit_label),
        limit=limit,
        this_week=this_week,
        last_week=last_week,
        day_running=running_share(own, (end_ms - DAY_MS, end_ms), hold_ms(signal)),
    )


def _last_ewma(hours: Hours) -> float:
    known = np.isfinite(hours.z)
    if not known.any():
        return float("nan")
    return float(ewma(hours.times_ms[known], hours.z[known], TAU_MS)[-1])


def _hours(seen: _Seen) -> Hours:
    """The hours of the last seven days; minutes in which the machine stood still are left out."""
    stopped = seen.running.times_ms[seen.running.means < RUNS]
    minutes = seen.minutes.between(seen.end_ms - WEEK_MS, seen.end_ms).without(stopped)
    times, places = np.unique(minutes.times_ms // HOUR_MS * HOUR_MS, return_inverse=True)
    means = np.bincount(places, minutes.means, times.size) / np.maximum(
        np.bincount(places, minlength=times.size), 1
    )
    slots = hours_of_week(times, ZoneInfo(seen.signal.time_zone))
    if seen.baseline is None:
        return Hours(times, means, slots, np.full(times.size, np.nan))
    usual, scale = (np.array(row)[slots] for row in (seen.baseline.mid, seen.baseline.scale))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(scale > 0, (means - usual) / scale, np.nan)
    return Hours(times, means, slots, z)


def _off(hours: Hours) -> tuple[int | None, float | None]:
    """Since when the hours have been off without a break, and how far the last one is."""
    off = np.abs(np.nan_to_num(hours.z)) > OFF
    if not off.size or not off[-1]:
        return None, None
    calm = np.flatnonzero(~off)
    first = int(calm[-1]) + 1 if calm.size else 0
    return int(hours.times_ms[first]), float(hours.z[-1])


def _pieces(minutes: Minutes, span: tuple[int, int], holds_ms: int) -> Pieces:
    inside = minutes.between(*span)
    return hold(inside.times_ms, inside.means, span[1], holds_ms)


async def _read(source: Source, signal: KnownSignal, from_ms: int, to_ms: int) -> Minutes:
    asked = Asked(Scope((signal.factory_id,)), signal.device_id, signal.metric)
    return await read_minutes(source, asked, from_ms, to_ms)


def _time(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
