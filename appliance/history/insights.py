"""What is known of one signal now: windows, what is usual, rate, limits, and its hourly look."""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from appliance.analytics.baseline import DAY_MS, HOUR_MS, hours_of_week
from appliance.analytics.pieces import Pieces, hold
from appliance.analytics.rolling import slope
from appliance.analytics.standards import shipped
from appliance.errors import NotFound
from appliance.history.baselines import RUNS, Floats, Minutes, read_minutes
from appliance.history.latest import status
from appliance.history.limits import limits_of
from appliance.history.looks import MINUTE_MS, hold_ms, weighted_quantile
from appliance.history.plan import HOLD_INTERVALS
from appliance.history.readings import Asked, Source, pages
from appliance.model.baseline import Baseline
from appliance.model.device import DeviceDetail
from appliance.model.ids import DeviceId
from appliance.model.insight import Band, BandVersion, SignalInsight, Usual, Window
from appliance.model.scope import Scope
from appliance.store.baselines import UsualAt, select_baselines, select_usual_at
from appliance.store.health_scores import select_looks_at
from appliance.store.readings import select_signal
from appliance.store.signals import RUNNING, KnownSignal, select_looks, select_signals

BAND = 3.0
MOST_POINTS = 200_000
"""Of an hour of a very fast sensor the minutes' means are taken instead."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def signal_insight(
    source: Source, scope: Scope, device_id: DeviceId, metric: str, now: datetime
) -> SignalInsight:
    """All that is known of a signal in scope."""
    signal = await find_signal(source, scope, device_id, metric)
    factories = [signal.factory_id]
    now_ms = round(now.timestamp() * 1000)
    told = await status(source.db, scope, device_id, now)
    value, time = _newest(told, metric)
    running = await _runs(source, scope, signal, now)
    usual_at = (await select_usual_at(source.db, factories, now)).get((device_id, metric))
    looks = await select_looks_at(source.db, factories, now)
    limits = await source.run(shipped)
    asked = Asked(Scope((signal.factory_id,)), device_id, metric)
    hour, holds_ms = await _hour(source, asked, signal, now_ms)
    day_ms = now_ms // MINUTE_MS * MINUTE_MS
    minutes = await read_minutes(source, asked, day_ms - DAY_MS, day_ms)
    rate = await source.run(_rate, hour)
    known = await select_looks(source.db, signal.factory_id, device_id, metric)
    return SignalInsight(
        device_id=device_id,
        device=signal.device,
        machine_id=signal.machine_id,
        machine=signal.machine,
        metric=metric,
        unit=signal.unit,
        unit_label=signal.unit_label,
        digits=signal.digits,
        at=now,
        value=value,
        time=time,
        running=running,
        hour=await source.run(_window, hour, (now_ms - HOUR_MS, now_ms), holds_ms),
        day=await source.run(_window, minutes, (day_ms - DAY_MS, day_ms), hold_ms(signal)),
        rate_per_hour=rate,
        usual=None if usual_at is None else _usual(usual_at),
        z=_z(value, usual_at) if running is not False else None,
        limits=limits_of(looks, (device_id, metric), limits),
        look=known.get((device_id, metric)),
    )


async def find_signal(
    source: Source, scope: Scope, device_id: DeviceId, metric: str
) -> KnownSignal:
    """A signal in scope that has been told of; NotFound: there is none."""
    await select_signal(source.db, scope, device_id, metric)
    found = await select_signals(source.db, scope.factory_ids, device_id=device_id, metric=metric)
    if not found:
        raise NotFound(f"Device {device_id} has never told of {metric}.")
    return found[0]


async def band(
    source: Source, scope: Scope, wanted: tuple[DeviceId, str], between: tuple[int, int]
) -> Band:
    """The baseline at each full hour that a stretch of time touches, as it was valid then."""
    signal = await find_signal(source, scope, *wanted)
    from_ms, to_ms = between
    begin, end = (_EPOCH + timedelta(milliseconds=each) for each in between)
    known = await select_baselines(source.db, *wanted, begin, end)
    if not known:  # the stretch is before the first: that one is shown
        known = (
            await select_baselines(source.db, *wanted, begin, datetime.max.replace(tzinfo=UTC))
        )[:1]
    times = np.arange(from_ms // HOUR_MS * HOUR_MS, to_ms, HOUR_MS)
    mid, scale = await source.run(_columns, known, times, signal.time_zone)
    return Band(
        device_id=wanted[0],
        metric=wanted[1],
        deviations=BAND,
        versions=[BandVersion(one.version, one.learnt_at) for one in known],
        times=times.tolist(),
        low=_nulls(mid - BAND * scale),
        mid=_nulls(mid),
        high=_nulls(mid + BAND * scale),
    )


def _columns(
    known: list[Baseline], times_ms: np.ndarray[tuple[int], np.dtype[np.int64]], time_zone: str
) -> tuple[Floats, Floats]:
    mid, scale = np.full(times_ms.size, np.nan), np.full(times_ms.size, np.nan)
    slots = hours_of_week(times_ms, ZoneInfo(time_zone))
    for place, one in enumerate(known):
        since_ms = round(one.learnt_at.timestamp() * 1000) // HOUR_MS * HOUR_MS
        valid = times_ms >= since_ms if place else np.ones(times_ms.size, np.bool_)
        mid[valid] = np.array(one.mid)[slots[valid]]
        scale[valid] = np.array(one.scale)[slots[valid]]
    return mid, scale


async def _hour(
    source: Source, asked: Asked, signal: KnownSignal, now_ms: int
) -> tuple[Minutes, int]:
    """The readings of the last hour as if each were a minute, or the minutes where they are many;
    and for how long one holds."""
    if HOUR_MS // signal.interval_ms > MOST_POINTS:
        end_ms = now_ms // MINUTE_MS * MINUTE_MS
        return await read_minutes(source, asked, end_ms - HOUR_MS, end_ms), hold_ms(signal)
    found = [page async for page in pages(source, *asked, now_ms - HOUR_MS, now_ms)]
    times = np.concatenate([np.empty(0, np.int64), *(page.times_ms for page in found)])
    values = np.concatenate([np.empty(0), *(page.values for page in found)])
    there = ~np.isnan(values)
    times, values = times[there], values[there]
    holds_ms = HOLD_INTERVALS * signal.interval_ms
    return Minutes(times, values, np.zeros(values.size), values, values), holds_ms


def _window(minutes: Minutes, span: tuple[int, int], holds_ms: int) -> Window:
    """Figures of what is known in a stretch of time, each value weighted by how long it held."""
    pieces: Pieces = hold(minutes.times_ms, minutes.means, span[1], holds_ms)
    lasts = pieces.length_ms.astype(np.float64)
    known, hours = float(lasts.sum()), (span[1] - span[0]) / HOUR_MS
    if not known:
        return Window(
            hours=hours, mean=None, std=None, min=None, max=None, median=None, coverage=0.0
        )
    mean = float(pieces.values @ lasts) / known
    variance = float(((pieces.values - mean) ** 2 + minutes.variances) @ lasts) / known
    return Window(
        hours=hours,
        mean=mean,
        std=variance**0.5,
        min=float(minutes.minima.min()),
        max=float(minutes.maxima.max()),
        median=weighted_quantile(pieces.values, lasts, 0.5),
        coverage=min(1.0, known / (span[1] - span[0])),
    )


def _rate(hour: Minutes) -> float | None:
    """The slope over the last hour, in units an hour."""
    if hour.times_ms.size < 3:
        return None
    rate = 3600 * float(slope(hour.times_ms, hour.means, 2 * HOUR_MS)[-1])
    return rate if math.isfinite(rate) else None


async def _runs(source: Source, scope: Scope, signal: KnownSignal, now: datetime) -> bool | None:
    if signal.running_id is None or signal.metric == RUNNING:
        return None
    value, _ = _newest(await status(source.db, scope, signal.running_id, now), RUNNING)
    return None if value is None else value >= RUNS


def _newest(told: DeviceDetail | None, metric: str) -> tuple[float | None, datetime | None]:
    for one in told.latest if told else ():
        if one.metric == metric and not math.isnan(one.value):
            return one.value, one.time
    return None, None


def _usual(at: UsualAt) -> Usual:
    return Usual(
        version=at.version,
        learnt_at=at.learnt_at,
        by=at.hours,
        mid=_null(at.mid),
        scale=_null(at.scale),
        low=_null(at.mid - BAND * at.scale),
        high=_null(at.mid + BAND * at.scale),
    )


def _z(value: float | None, usual: UsualAt | None) -> float | None:
    if value is None or usual is None or not usual.scale > 0:
        return None
    return _null((value - usual.mid) / usual.scale)


def _null(value: float) -> float | None:
    return None if math.isnan(value) else value


def _nulls(values: Floats) -> list[float | None]:
    return [_null(value) for value in values.tolist()]
