"""The trend of a signal's last days, and when it would pass a limit if it went on."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from appliance.analytics.baseline import DAY_MS
from appliance.analytics.trend import Slope, theil_sen
from appliance.model.insight import Crossing, LimitAt, Trend

LEAST_HOURS, LEAST_MS = 36, 2 * DAY_MS
FARTHEST_DAYS = 365.0
FRIDAY_ENDS = 5 * 24
UPWARD = frozenset({"h", "hh", "B/C", "C/D"})
DOWNWARD = frozenset({"l", "ll"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def trend_of(
    times_ms: NDArray[np.int64],
    means: NDArray[np.float64],
    slots: NDArray[np.int64],
    limits: Sequence[LimitAt],
    unit_label: str,
) -> Trend:
    """The trend of hours' means; slots: the hour of the plant's week of each.

    Only the same hours of working days, and of weekends, are compared with each other: that a day
    is warmer than the night is no trend.
    """
    span_ms = int(times_ms[-1] - times_ms[0]) if times_ms.size else 0
    if times_ms.size < LEAST_HOURS or span_ms < LEAST_MS:
        return Trend(
            days=span_ms / DAY_MS,
            per_day=None,
            per_day_low=None,
            per_day_high=None,
            significant=False,
            text="No trend: fewer than two days of readings.",
        )
    seasons = slots % 24 + 24 * (slots >= FRIDAY_ENDS)
    found = theil_sen((times_ms - times_ms[-1]) / DAY_MS, means, seasons)
    days = span_ms / DAY_MS
    crossings = tuple(_crossings(found, int(times_ms[-1]), limits)) if found.significant else ()
    return Trend(
        days=days,
        per_day=_finite(found.slope),
        per_day_low=_finite(found.low),
        per_day_high=_finite(found.high),
        significant=found.significant,
        text=_text(found, days, unit_label),
        crossings=crossings,
    )


def _crossings(slope: Slope, last_ms: int, limits: Sequence[LimitAt]) -> list[Crossing]:
    """The limits ahead, the nearest first. The steeper edge of the interval is there earliest."""
    rises = slope.slope > 0
    steep, flat = (slope.high, slope.low) if rises else (slope.low, slope.high)
    found = []
    for one in limits:
        ahead = one.limit - slope.level
        if one.level not in (UPWARD if rises else DOWNWARD) or (ahead > 0) is not rises:
            continue
        days = ahead / slope.slope
        if days <= FARTHEST_DAYS:
            latest = ahead / flat
            found.append(
                Crossing(
                    level=one.level,
                    limit=one.limit,
                    at=_after(last_ms, days),
                    earliest=_after(last_ms, ahead / steep),
                    latest=_after(last_ms, latest) if latest <= FARTHEST_DAYS else None,
                )
            )
    return sorted(found, key=lambda one: one.at)


def _text(slope: Slope, days: float, unit_label: str) -> str:
    if not slope.significant:
        return f"No trend: over {days:.1f} days the changes are no more than chance makes."
    word = "Rises" if slope.slope > 0 else "Falls"
    size, low, high = (abs(each) for each in (slope.slope, slope.low, slope.high))
    low, high = min(low, high), max(low, high)
    unit = f" {unit_label}" if unit_label else ""
    return f"{word} by {size:.3g}{unit} a day ({low:.3g} to {high:.3g}, 95 %)."


def _after(last_ms: int, days: float) -> datetime:
    return _EPOCH + timedelta(milliseconds=round(last_ms + days * DAY_MS))


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
