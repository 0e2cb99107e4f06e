"""The alarms of a period in figures, as they stood at its end."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from appliance.model.alert import Alert
from appliance.model.report import Alarms, Count, Period, RuleAlarms, StandingAlarm

TOP = 10
WORST = timedelta(minutes=10)


def figures(alerts: Sequence[Alert], period: Period, days: Sequence[datetime]) -> Alarms:
    """Of the alerts that stood at any time of the period, oldest first. days: edges of its days."""
    raised = [alert for alert in alerts if alert.raised_at >= period.begin]
    acknowledged = [
        (alert.acknowledged_at - alert.raised_at).total_seconds()
        for alert in raised
        if alert.acknowledged_at is not None and alert.acknowledged_at < period.until
    ]
    priorities = Counter(str(alert.priority) for alert in raised)
    devices = Counter(alert.device for alert in raised)
    worst, worst_begin = worst_stretch([alert.raised_at for alert in raised])
    return Alarms(
        raised=len(raised),
        priorities={str(priority): priorities[str(priority)] for priority in range(1, 5)},
        days=[
            sum(begin <= alert.raised_at < end for alert in raised) for begin, end in pairwise(days)
        ],
        devices=[Count(name, number) for name, number in _most(devices)],
        acknowledged=len(acknowledged),
        acknowledged_after_seconds=(
            round(sum(acknowledged) / len(acknowledged), 3) if acknowledged else None
        ),
        not_acknowledged=len(raised) - len(acknowledged),
        standing_at_end=sum(_cleared(alert, period) is None for alert in alerts),
        worst_10_minutes=worst,
        worst_10_minutes_begin=worst_begin,
        longest=_longest(alerts, period),
        top=_top(raised, period),
    )


def worst_stretch(times: Sequence[datetime]) -> tuple[int, datetime | None]:
    """The most of these ascending times in any 10 minutes, and the first of them."""
    most, begin, first = 0, None, 0
    for index, time in enumerate(times):
        while time - times[first] >= WORST:
            first += 1
        if index - first + 1 > most:
            most, begin = index - first + 1, times[first]
    return most, begin


def _longest(alerts: Sequence[Alert], period: Period) -> list[StandingAlarm]:
    standing = [
        StandingAlarm(
            device=alert.device,
            message=alert.message,
            priority=alert.priority,
            raised=alert.raised_at,
            cleared=_cleared(alert, period),
            seconds=_seconds(alert, period),
        )
        for alert in alerts
    ]
    return sorted(standing, key=lambda alarm: -alarm.seconds)[:TOP]


def _top(raised: Sequence[Alert], period: Period) -> list[RuleAlarms]:
    rules: dict[int, list[Alert]] = defaultdict(list)
    for alert in raised:
        rules[alert.rule_id].append(alert)
    found = [
        RuleAlarms(
            rule_id=of_rule[0].rule_id,
            device=of_rule[-1].device,
            message=of_rule[-1].message,
            priority=of_rule[-1].priority,
            number=len(of_rule),
            standing_seconds=round(sum(_seconds(alert, period) for alert in of_rule), 3),
        )
        for of_rule in rules.values()
    ]
    return sorted(found, key=lambda rule: (-rule.number, rule.rule_id))[:TOP]


def _cleared(alert: Alert, period: Period) -> datetime | None:
    """When it had returned to normal, None if not by the end of the period."""
    at = alert.cleared_at
    return at if at is not None and at < period.until else None


def _seconds(alert: Alert, period: Period) -> float:
    """How long it stood within the period."""
    end = _cleared(alert, period) or period.until
    return round((end - max(alert.raised_at, period.begin)).total_seconds(), 3)


def _most(counter: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))
