"""The figures of a period's alarms: read, counted, and given names."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from appliance.alarms import kpis
from appliance.model.alarm_kpis import (
    AlarmKpis,
    Chatter,
    Flood,
    Frequent,
    Load,
    PriorityShare,
    Stale,
)
from appliance.model.ids import AlertId, DeviceId
from appliance.model.scope import Scope
from appliance.store import alarm_figures
from appliance.store.alarm_figures import Hidden, Raised
from appliance.store.pool import Db

MOST_ROWS = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Period(NamedTuple):
    """from <= t < to, and how many operators share the load."""

    from_at: datetime
    to_at: datetime
    operators: int


class _Named(NamedTuple):
    """Figures that name what they are of by the position of one of its alarms."""

    chattering: list[tuple[int, kpis.ChatterCount]]
    stale: list[int]
    top: list[tuple[int, int]]


async def statistics(
    db: Db, scope: Scope, device_id: DeviceId | None, period: Period, now: datetime
) -> AlarmKpis:
    """The alarms in scope, or of one device in it; what still stands ends now."""
    end = min(period.to_at, max(now, period.from_at))
    raised = await alarm_figures.select_raised(db, scope, device_id, period.from_at, end)
    hidden = await alarm_figures.select_hidden(db, scope, device_id)
    named = _named(raised, _ms(period.from_at))
    wanted = [at for at, _ in (*named.chattering, *named.top)] + named.stale
    ids = [AlertId(int(raised.alert_ids[at])) for at in wanted]
    sources = await alarm_figures.select_sources(db, scope, ids)

    def source(at: int) -> dict[str, Any]:
        fields = ("rule_id", "level", "device", "message")
        return dict(zip(fields, sources[AlertId(int(raised.alert_ids[at]))], strict=True))

    fresh = raised.raised_ms >= _ms(period.from_at)
    total = int(np.count_nonzero(fresh))
    chattering = [
        Chatter(**source(at), times=one.times, worst_minute=one.worst)
        for at, one in named.chattering
    ]
    stale = [
        Stale(
            **source(at),
            alert_id=AlertId(int(raised.alert_ids[at])),
            raised_at=_time(int(raised.raised_ms[at])),
            hours=round(float(raised.ended_ms[at] - raised.raised_ms[at]) / 3_600_000, 1),
        )
        for at in named.stale
    ]
    top = [
        Frequent(**source(at), alarms=number, percent=_percent(number, total))
        for at, number in named.top
    ]
    counted = _counted(raised, fresh, period._replace(to_at=end), hidden)
    return AlarmKpis(
        from_at=period.from_at,
        to_at=period.to_at,
        operators=period.operators,
        chattering=chattering[:MOST_ROWS],
        stale=stale[:MOST_ROWS],
        top=top,
        top_percent=_percent(sum(one.alarms for one in top), total),
        cut=max(len(chattering), len(stale), len(counted["floods"])) > MOST_ROWS,
        **counted | {"floods": counted["floods"][:MOST_ROWS]},
    )


def _named(raised: Raised, from_ms: int) -> _Named:
    firsts: dict[tuple[int, str], int] = {}
    pairs = zip(raised.rule_ids.tolist(), raised.levels, strict=True)
    sources = np.array([firsts.setdefault(pair, at) for at, pair in enumerate(pairs)], np.int64)
    fresh = raised.raised_ms >= from_ms
    return _Named(
        [(one.source, one) for one in kpis.chattering(raised.raised_ms[fresh], sources[fresh])],
        kpis.stale(raised.raised_ms, raised.ended_ms).tolist(),
        kpis.most_frequent(sources[fresh]),
    )


def _counted(raised: Raised, fresh: Any, period: Period, hidden: Hidden) -> dict[str, Any]:
    from_ms, to_ms = _ms(period.from_at), _ms(period.to_at)
    times = raised.raised_ms[fresh]
    begins, counts = kpis.in_bins(times, from_ms, to_ms)
    floods = kpis.floods(begins, counts, period.operators)
    worst, worst_ms = kpis.worst_stretch(times)
    seconds = raised.acknowledged_seconds[fresh]
    seconds = np.maximum(seconds[~np.isnan(seconds)], 0.0)
    median, p95 = kpis.response(seconds)
    load = kpis.load(counts, period.operators)
    span = max(to_ms - from_ms, 1)
    each = len(times) / period.operators
    return {
        "alarms": len(times),
        "per_10_minutes": round(each * kpis.BIN_MS / span, 3),
        "per_day": round(each * kpis.DAY_MS / span, 1),
        "worst_10_minutes": worst,
        "worst_from": None if worst_ms is None else _time(worst_ms),
        "over_10_percent": round(load[-1][1], 2),
        "load": [Load(name, round(percent, 2)) for name, percent in load],
        "floods": [
            Flood(
                from_at=_time(one.begin_ms),
                to_at=_time(one.end_ms),
                alarms=one.alarms,
                worst_10_minutes=one.worst,
            )
            for one in floods
        ],
        "flood_percent": _flood_percent(floods, len(begins)),
        "priorities": _mix(raised.priorities[fresh]),
        "acknowledged": len(seconds),
        "acknowledge_median_seconds": None if median is None else round(median, 1),
        "acknowledge_p95_seconds": None if p95 is None else round(p95, 1),
        "shelved_now": hidden.shelved,
        "suppressed_now": hidden.suppressed,
        "out_of_service_now": hidden.out_of_service,
    }


def _flood_percent(floods: Sequence[kpis.FloodSpan], intervals: int) -> float:
    flooded = sum(one.end_ms - one.begin_ms for one in floods) // kpis.BIN_MS
    return _percent(flooded, intervals)


def _mix(priorities: kpis.Ints) -> list[PriorityShare]:
    counts = np.bincount(priorities, minlength=5)
    return [
        PriorityShare(priority, int(counts[priority]), _percent(counts[priority], len(priorities)))
        for priority in range(1, 5)
    ]


def _percent(part: float, whole: int) -> float:
    return round(100 * float(part) / whole, 2) if whole else 0.0


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _time(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
