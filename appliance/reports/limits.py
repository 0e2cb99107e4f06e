"""Which limits were in force when, by the rules as they are and the record of their changes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from appliance.model.device import Device
from appliance.model.ids import DeviceId, RuleId
from appliance.model.metric import Metric
from appliance.model.report import Limit, Period
from appliance.model.rule import Level, Rule, RuleMode, priority_of
from appliance.store.reports import RuleDeed

SAME = ("look", "deadband", "on_delay_seconds", "off_delay_seconds", "priority", "mode")
"""A version ends when one of these changes; other words make no other rule."""


class _Version(NamedTuple):
    rule: Rule
    set_at: datetime | None
    set_by: str | None
    since: datetime | None
    """None: for as long as is known."""


class Known(NamedTuple):
    """What the versions of rules are told from."""

    rules: Sequence[Rule]
    deeds: Sequence[RuleDeed]
    changed: Mapping[RuleId, datetime]
    devices: Mapping[DeviceId, Device]
    metrics: Mapping[str, Metric]


def in_force(known: Known, period: Period) -> list[Limit]:
    """The versions that were in force at any time of the period, by device and rule."""
    deeds: dict[RuleId, list[RuleDeed]] = {rule.id: [] for rule in known.rules}
    for deed in known.deeds:
        if deed.rule_id in deeds:
            deeds[deed.rule_id].append(deed)
    found: list[Limit] = []
    for rule in known.rules:
        versions = _merged(_versions(rule, deeds[rule.id], known.changed[rule.id]))
        ends = [*(version.since for version in versions[1:]), None]
        for version, end in zip(versions, ends, strict=True):
            begin = max(version.since or period.begin, period.begin)
            until = min(end or period.until, period.until)
            if begin < until:
                found += _limits(version, known, begin, until)
    return found


def of_signal(limits: Sequence[Limit], device_id: DeviceId, metric: str) -> list[Limit]:
    """The enabled ones that bound a device's metric."""
    return [
        limit
        for limit in limits
        if (limit.device_id, limit.metric) == (device_id, metric)
        and limit.enabled
        and limit.limit is not None
    ]


def _versions(rule: Rule, deeds: Sequence[RuleDeed], changed_at: datetime) -> list[_Version]:
    """The oldest first. What the record does not reach back to held for as long as is known."""
    if not deeds:
        return [_Version(rule, changed_at, None, None)]
    old = deeds[0].old
    before = [] if old is None else [_Version(_as_told(rule, old), None, None, None)]
    return before + [
        _Version(_as_told(rule, deed.new), deed.at, deed.actor, deed.at) for deed in deeds
    ]


def _merged(versions: Sequence[_Version]) -> list[_Version]:
    kept = [versions[0]]
    for version in versions[1:]:
        if any(getattr(version.rule, name) != getattr(kept[-1].rule, name) for name in SAME):
            kept.append(version)
    return kept


def _as_told(rule: Rule, told: Mapping[str, Any]) -> Rule:
    """The rule as it was; what an older record does not tell of is as it is now."""
    return msgspec.convert({**msgspec.to_builtins(rule), **told}, Rule)


def _limits(version: _Version, known: Known, begin: datetime, until: datetime) -> Iterator[Limit]:
    limits = version.rule.limits
    for level in limits or (Level.ON,):
        limit = limits.get(level)
        yield _limit(version, known, (begin, until), level, limit)


def _limit(
    version: _Version,
    known: Known,
    between: tuple[datetime, datetime],
    level: Level,
    limit: float | None,
) -> Limit:
    rule = version.rule
    return Limit(
        rule_id=rule.id,
        device_id=rule.device_id,
        device=known.devices[rule.device_id].name,
        kind=rule.kind,
        level=level,
        metric=rule.metric,
        unit_label=known.metrics[rule.metric].unit_label if rule.metric else None,
        limit=limit,
        deadband=rule.deadband,
        on_delay_seconds=rule.on_delay_seconds,
        off_delay_seconds=rule.off_delay_seconds,
        priority=priority_of(rule, level),
        message=rule.message,
        enabled=rule.mode is RuleMode.LIVE,
        set_at=version.set_at,
        set_by=version.set_by,
        in_force=between[0],
        in_force_until=between[1],
    )
