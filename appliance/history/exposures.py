"""Today's exposures to gases, against the limits that the rules of a machine's devices name."""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from appliance.analytics.pieces import highest_mean, hold, known
from appliance.analytics.standards import pick
from appliance.errors import NotFound
from appliance.history.baselines import Minutes, read_minutes
from appliance.history.looks import MINUTE_MS, hold_ms
from appliance.history.readings import Asked, Source
from appliance.model.ids import RuleId
from appliance.model.insight import Exposure, Verdict
from appliance.model.limit import Limit
from appliance.model.look import Exposure as ExposureLook
from appliance.model.scope import Scope
from appliance.store.health_scores import LookAt
from appliance.store.signals import KnownSignal

LEAST_COVERAGE = 0.75
"""Of a window's time: with less, nothing is said."""
NAMES = {"twa": "TWA", "stel": "STEL", "ceiling": "ceiling"}
EIGHT_HOURS, QUARTER = 28_800, 900
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def exposures(
    source: Source,
    signals: Iterable[KnownSignal],
    looks: Iterable[LookAt],
    limits: Sequence[Limit],
    now: datetime,
) -> list[Exposure]:
    """The exposures of these signals, one for each exposure rule whose limit ships."""
    by_signal = {(one.device_id, one.metric): one for one in signals}
    found = []
    for look in looks:
        signal = by_signal.get((look.device_id, look.metric or ""))
        if signal is None or not isinstance(look.look, ExposureLook):
            continue
        limit = _limit(look.look, limits)
        if limit is not None:
            span = await source.run(_today, now, signal.time_zone)
            window = _window_seconds(look.look, limit)
            asked = Asked(Scope((signal.factory_id,)), signal.device_id, signal.metric)
            minutes = await read_minutes(source, asked, span[0] - 1000 * (window or 0), span[1])
            told = await source.run(_exposure, minutes, signal, (look, limit), span)
            found.append(told)
    return found


def _exposure(
    minutes: Minutes, signal: KnownSignal, rule: tuple[LookAt, Limit], span: tuple[int, int]
) -> Exposure:
    look, limit = rule
    if not isinstance(look.look, ExposureLook):
        raise TypeError(f"rule {look.rule_id} is about no exposure")
    window = _window_seconds(look.look, limit)
    value, at_ms, coverage = (
        _ceiling(minutes, span, hold_ms(signal))
        if window is None
        else _mean(minutes, span, hold_ms(signal), window)
    )
    is_known = not math.isnan(value) and (coverage >= LEAST_COVERAGE or value > limit.value)
    verdict: Verdict = "insufficient data"
    if is_known:
        verdict = "above" if value > limit.value else "within"
    return Exposure(
        device_id=signal.device_id,
        device=signal.device,
        rule_id=RuleId(look.rule_id),
        subject=limit.subject,
        measure=look.look.measure,
        source=f"{limit.source}, {limit.edition}",
        confirmed=limit.confirmed,
        limit=limit.value,
        unit=limit.unit,
        window_seconds=window,
        value=value if is_known else None,
        at=_EPOCH + timedelta(milliseconds=at_ms) if is_known else None,
        share=value / limit.value if is_known else None,
        coverage=coverage,
        least_coverage=LEAST_COVERAGE,
        verdict=verdict,
    )


def _mean(
    minutes: Minutes, span: tuple[int, int], holds_ms: int, window_seconds: int
) -> tuple[float, int, float]:
    """The greatest mean of a window that ends today, its end, and how much of it is known; where no
    window is known enough, how much the last one is."""
    today_ms, now_ms = span
    held = hold(minutes.times_ms, minutes.means, now_ms, holds_ms)
    window_ms = 1000 * window_seconds
    found = highest_mean(held, window_ms, LEAST_COVERAGE, today_ms, max(now_ms, today_ms))
    value, end_ms = (math.nan, now_ms) if found is None else found
    covered = known(held).between(np.array([end_ms - window_ms, end_ms]))
    return value, end_ms, float(covered[0]) / window_ms


def _ceiling(minutes: Minutes, span: tuple[int, int], holds_ms: int) -> tuple[float, int, float]:
    """The greatest reading today, when, and how much of today is known."""
    today = minutes.between(*span)
    if not today.times_ms.size or span[1] <= span[0]:
        return math.nan, 0, 0.0
    lasts = np.minimum(np.diff(today.times_ms, append=span[1]), holds_ms)
    top = int(today.maxima.argmax())
    coverage = min(1.0, float(lasts.sum()) / (span[1] - span[0]))
    return float(today.maxima[top]), int(today.times_ms[top]), coverage


def _limit(look: ExposureLook, limits: Sequence[Limit]) -> Limit | None:
    subject, _, source = look.limit.partition(", ")
    try:
        return pick(limits, "gas_concentration", subject, NAMES[look.measure], source)
    except NotFound:
        return None


def _window_seconds(look: ExposureLook, limit: Limit) -> int | None:
    if look.measure == "ceiling":
        return limit.window_seconds
    return EIGHT_HOURS if look.measure == "twa" else limit.window_seconds or QUARTER


def _today(now: datetime, time_zone: str) -> tuple[int, int]:
    """From the plant's midnight to now, in whole minutes."""
    midnight = now.astimezone(ZoneInfo(time_zone)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    begin, end = (round(each.timestamp() * 1000) for each in (midnight, now))
    return begin // MINUTE_MS * MINUTE_MS, end // MINUTE_MS * MINUTE_MS
