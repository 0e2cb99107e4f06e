"""What is odd about a device now, in one word and with its cause: pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from appliance.history.missing import held_by, off_by
from appliance.history.plan import HOLD_INTERVALS
from appliance.history.spans import Span, overlap
from appliance.model.completeness import Cause
from appliance.model.device import ConditionKind, DeviceCondition, DeviceState
from appliance.store.conditions import Signs

RECENT = timedelta(hours=1)
"""So long after it came back a device tells why it was away."""
AWAY_LEAST_MS = 60_000
_RECENT_MS = RECENT // timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Seen(NamedTuple):
    """A device's state, when it was last heard of, its newest reading, and what it keeps."""

    state: DeviceState
    received_ms: int
    newest_ms: int
    queue: int
    interval_ms: int


def condition(
    seen: Seen, signs: Signs, downtimes: Sequence[Span], now_ms: int
) -> DeviceCondition | None:
    """What is odd about a device that was heard of, the worst first; None: nothing is.

    downtimes: when the appliance took no readings, in order, since before the device was away.
    """
    least_ms = max(HOLD_INTERVALS * seen.interval_ms, AWAY_LEAST_MS)
    if seen.state is not DeviceState.LIVE:
        return _silent(seen, downtimes, now_ms)
    if signs.beyond_belief_ms is not None:
        since = _time(signs.beyond_belief_ms)
        return DeviceCondition(ConditionKind.CLOCK_WRONG, since, Cause.CLOCK_UNKNOWN)
    if seen.queue and seen.received_ms - seen.newest_ms >= least_ms:
        cause = held_by((seen.newest_ms, seen.received_ms), downtimes)
        since = _time(seen.newest_ms)
        return DeviceCondition(ConditionKind.CATCHING_UP, since, cause, rows=seen.queue)
    return _fault(signs) or _returned(signs, least_ms, downtimes, now_ms)


def _silent(seen: Seen, downtimes: Sequence[Span], now_ms: int) -> DeviceCondition:
    """Silent by the appliance's own fault, if it was up for less than the device may be late."""
    silence = seen.received_ms, now_ms
    down = overlap(silence, downtimes)
    if down and now_ms - seen.received_ms - down < 2 * HOLD_INTERVALS * seen.interval_ms:
        first, last = (next(one for one in downtimes if one[1] > silence[0]), downtimes[-1])
        since = _time(max(first[0], silence[0]))
        return DeviceCondition(ConditionKind.SILENT, since, Cause.BOX_DOWN, _time(last[1]))
    return DeviceCondition(ConditionKind.SILENT, _time(seen.received_ms), Cause.SILENT)


def _fault(signs: Signs) -> DeviceCondition | None:
    """A sensor that is stuck before one that is beyond a limit; of each, the oldest."""
    for rule, kind in (("stuck", ConditionKind.FLAT), ("threshold", ConditionKind.OUT_OF_RANGE)):
        for one in signs.faults:
            if one.kind == rule:
                return DeviceCondition(kind, _time(one.since_ms), metric=one.metric)
    return None


def _returned(
    signs: Signs, least_ms: int, downtimes: Sequence[Span], now_ms: int
) -> DeviceCondition | None:
    """Why it was away last, if that was lately: a new start, or late rows of the same one."""
    found: list[tuple[Span, Cause]] = []
    if signs.started_ms is not None and signs.before_ms is not None:
        found.append(((signs.before_ms, signs.started_ms), off_by(signs.reset)))
    if signs.late is not None:
        found.append((signs.late, held_by(signs.late, downtimes)))
    away = [
        (span, cause)
        for span, cause in found
        if span[1] - span[0] >= least_ms and 0 <= now_ms - span[1] < _RECENT_MS
    ]
    if not away:
        return None
    (since, until), cause = max(away, key=lambda one: one[0][1])
    return DeviceCondition(ConditionKind.RETURNED, _time(since), cause, _time(until))


def _time(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
