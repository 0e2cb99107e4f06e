"""Learning what is usual of a signal, from all its history wherever it lies."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from appliance.analytics import baseline
from appliance.analytics.baseline import DAY_MS, HOUR_MS, HOURS_OF_WEEK
from appliance.history.readings import Asked, Source
from appliance.history.rolled import rollups
from appliance.model.baseline import Baseline, Learnt
from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.model.sealed import FileKind
from appliance.model.series import Gap
from appliance.store.signals import RUNNING, KnownSignal, select_faults

LONGEST_MS = 56 * DAY_MS
LEAST_MS = 3 * DAY_MS
BY_WEEK_MS = 21 * DAY_MS
"""From so much on each hour of the week is learnt by itself."""
SEEN_DAYS, SEEN_WEEKEND_DAYS = 3, 2
"""On so many days an hour must have been seen; of weekends, while hours of the day are learnt."""
RUNS = 0.5
MID_MOVED, SCALE_MOVED = 0.5, 1.35
"""A version is new if a middle moves by so many scales, or a scale by this factor."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Minutes(NamedTuple):
    """Minutes' means, and the variance and the extremes of the readings within each."""

    times_ms: Integers
    means: Floats
    variances: Floats
    minima: Floats
    maxima: Floats

    def between(self, from_ms: int, to_ms: int) -> "Minutes":
        """Those with from_ms <= time < to_ms."""
        begin, end = np.searchsorted(self.times_ms, (from_ms, to_ms)).tolist()
        return Minutes._make(column[begin:end] for column in self)

    def without(self, times_ms: Integers) -> "Minutes":
        """Those that begin at none of these times."""
        return Minutes._make(column[~np.isin(self.times_ms, times_ms)] for column in self)


NO_MINUTES = Minutes(np.empty(0, np.int64), *[np.empty(0)] * 4)


async def read_minutes(
    source: Source, asked: Asked, from_ms: int, to_ms: int, gaps: list[Gap] | None = None
) -> Minutes:
    """The minutes with from_ms <= time < to_ms; bounds are whole minutes.

    gaps: is given what could not be read.
    """
    parts = [NO_MINUTES]
    gaps = [] if gaps is None else gaps
    async for rolled in rollups(source, asked, from_ms, to_ms, FileKind.MINUTE, gaps):
        with np.errstate(invalid="ignore", over="ignore"):
            means = rolled.sums / rolled.counts
            variances = np.maximum(rolled.sums_squares / rolled.counts - means**2, 0)
        minutes = Minutes(rolled.times_ms, means, variances, rolled.minima, rolled.maxima)
        known = np.isfinite(means)  # infinities are missing, as everywhere
        parts.append(Minutes._make(column[known] for column in minutes))
    return Minutes._make(map(np.concatenate, zip(*parts, strict=True)))


async def learn(source: Source, signal: KnownSignal, now: datetime) -> Learnt | None:
    """What is usual of a signal in the weeks before now; None if there is too little to say."""
    to_ms = _ms(now) // HOUR_MS * HOUR_MS
    from_ms = max(to_ms - LONGEST_MS, signal.first_ms // HOUR_MS * HOUR_MS)
    if to_ms - from_ms < LEAST_MS:
        return None
    scope = Scope((signal.factory_id,))
    minutes = await read_minutes(
        source, Asked(scope, signal.device_id, signal.metric), from_ms, to_ms
    )
    if not minutes.times_ms.size:
        return None
    faults = await read_faults(source, signal.device_id, (from_ms, to_ms))
    running = await read_running(source, signal, from_ms, to_ms)
    stopped = running.times_ms[running.means < RUNS]
    return await source.run(_learnt, minutes, faults, stopped, signal, to_ms)


async def read_running(source: Source, signal: KnownSignal, from_ms: int, to_ms: int) -> Minutes:
    """Minutes of whether the signal's machine ran; none for a signal that says so itself."""
    if signal.running_id is None or signal.metric == RUNNING:
        return NO_MINUTES
    asked = Asked(Scope((signal.factory_id,)), signal.running_id, RUNNING)
    return await read_minutes(source, asked, from_ms, to_ms)


async def read_faults(
    source: Source, device_id: DeviceId, span: tuple[int, int]
) -> list[tuple[int, int]]:
    """When something was known to be wrong, [from, to) in UTC milliseconds."""
    begin, end = (_EPOCH + timedelta(milliseconds=each) for each in span)
    found = await select_faults(source.db, device_id, begin, end)
    return [(_ms(first), span[1] if last is None else _ms(last)) for first, last in found]


def learn_from(
    minutes: Minutes, left_out: NDArray[np.bool_], zone: ZoneInfo, resolution: float
) -> tuple[Floats, Floats, str]:
    """Middle and scale of 168 hours, and what they were learnt by; NaN: not seen often enough.

    The scale is of single readings: what the minutes' means scatter, and the readings in them.
    """
    slots = baseline.hours_of_week(minutes.times_ms, zone)
    # the plant's midnight before each minute, as a number of its own for each day
    days = (minutes.times_ms - slots % 24 * HOUR_MS) // HOUR_MS // 24
    span_ms = int(minutes.times_ms[-1] - minutes.times_ms[0])
    by = "week" if span_ms >= BY_WEEK_MS - DAY_MS else "day"
    number, spread = HOURS_OF_WEEK, np.arange(HOURS_OF_WEEK)
    least = np.full(number, SEEN_DAYS)
    if by == "day":
        number = 48
        spread = np.arange(HOURS_OF_WEEK) % 24 + 24 * (np.arange(HOURS_OF_WEEK) >= 5 * 24)
        slots = spread[slots]
        least = np.repeat([SEEN_DAYS, SEEN_WEEKEND_DAYS], 24)
    slots = np.where(left_out, -1, slots)
    seen = np.unique(np.stack([slots, days])[:, slots >= 0], axis=1)[0]
    rare = np.bincount(seen, minlength=number) < least
    slots = np.where((slots >= 0) & ~rare[slots], slots, -1)
    learnt = baseline.learn(slots, minutes.means, number, resolution)
    within = baseline.learn(slots, minutes.variances, number).centre
    return learnt.centre[spread], np.sqrt(learnt.scale**2 + within)[spread], by


def is_news(learnt: Learnt, known: Baseline | None) -> bool:
    """Whether what was learnt differs enough from the last version to be one of its own."""
    if known is None:
        return not np.isnan(learnt.mid).all()
    mid, scale = np.array(learnt.mid), np.array(learnt.scale)
    old_mid, old_scale = np.array(known.mid), np.array(known.scale)
    if (np.isnan(mid) != np.isnan(old_mid)).any():
        return True
    there = ~np.isnan(mid)
    mid, scale, old_mid, old_scale = (each[there] for each in (mid, scale, old_mid, old_scale))
    least = max(learnt.resolution, 1e-12)
    moved = np.abs(mid - old_mid) > MID_MOVED * np.maximum(old_scale, least)
    wider = np.maximum(scale, least) / np.maximum(old_scale, least)
    return bool((moved | (wider > SCALE_MOVED) | (wider < 1 / SCALE_MOVED)).any())


def _learnt(
    minutes: Minutes,
    faults: Sequence[tuple[int, int]],
    stopped: Integers,
    signal: KnownSignal,
    to_ms: int,
) -> Learnt:
    left_out = baseline.within(minutes.times_ms, faults) | np.isin(minutes.times_ms, stopped)
    resolution = 10.0**-signal.digits
    mid, scale, by = learn_from(minutes, left_out, ZoneInfo(signal.time_zone), resolution)
    return Learnt(
        from_ms=int(minutes.times_ms[0]),
        to_ms=to_ms,
        mid=tuple(mid.tolist()),
        scale=tuple(scale.tolist()),
        resolution=resolution,
        by=by,
    )


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
