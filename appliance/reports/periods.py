"""The periods of reports: whole days, weeks and months of a factory, in its own time zone."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import structs

from appliance.errors import Unprocessable
from appliance.model.factory import Factory
from appliance.model.report import Available, Period, ReportKind

LONGEST_DAYS = 366
FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)
SHIFTS = (time(6), time(14), time(22))
"""When the three shifts of eight hours begin."""
_DAY = timedelta(days=1)
_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_DAYS = re.compile(r"([\d-]{10})\.\.([\d-]{10})", re.ASCII)
_HOW = {
    ReportKind.WEEKLY: "Write a week as 2026-W47.",
    ReportKind.MONTHLY: "Write a month as 2026-11.",
    ReportKind.COMPLIANCE: "Write a month as 2026-11, a week as 2026-W47 or days, the last one "
    "included, as 2026-11-01..2026-11-15.",
}


def parse(text: str, kind: ReportKind, zone: ZoneInfo, now: datetime) -> Period:
    """The period that a text such as 2026-W47 names; one that makes no sense is Unprocessable."""
    first, end = _named(text, kind)
    if not FIRST <= first < end <= LAST:
        raise Unprocessable(f"The period {text} does not lie in order between 2000 and 2100.")
    if (end - first).days > LONGEST_DAYS:
        raise Unprocessable(f"The period {text} is longer than a year. Ask for less at a time.")
    if midnight(first, zone) >= now:
        raise Unprocessable(f"The period {text} has not begun yet. Ask for one that has.")
    return _period(text, first, end, zone, now)


def available(factory: Factory, zone: ZoneInfo, now: datetime) -> list[Available]:
    """Of each kind the last period that is over and the current one so far."""
    today = now.astimezone(zone).date()
    week = today - timedelta(days=today.weekday())
    month = today.replace(day=1)
    last_month = (month - _DAY).replace(day=1)

    def of(kind: ReportKind, last: date, current: date, name: Callable[[date], str]) -> Available:
        return Available(
            factory_id=factory.id,
            kind=kind,
            last=_period(name(last), *_named(name(last), kind), zone, now),
            current=_period(name(current), *_named(name(current), kind), zone, now),
        )

    return [
        of(ReportKind.WEEKLY, week - 7 * _DAY, week, _week_name),
        of(ReportKind.MONTHLY, last_month, month, _month_name),
        of(ReportKind.COMPLIANCE, last_month, month, _month_name),
    ]


def day_edges(period: Period, zone: ZoneInfo) -> list[datetime]:
    """The midnights from the period's begin to its end, both included: 23 to 25 hours apart."""
    first, end = period.begin.astimezone(zone).date(), period.end.astimezone(zone).date()
    return [midnight(first + n * _DAY, zone) for n in range((end - first).days + 1)]


def shift_edges(period: Period, zone: ZoneInfo) -> list[datetime]:
    """Where shifts begin, of all shifts that end in begin < t <= until, and the last one's end."""
    first = period.begin.astimezone(zone).date() - _DAY
    days = (period.until.astimezone(zone).date() - first).days + 1
    edges = [
        datetime.combine(first + n * _DAY, begin, zone).astimezone(UTC)
        for n in range(days)
        for begin in SHIFTS
    ]
    inside = [edge for edge in edges if period.begin < edge <= period.until]
    before = [edge for edge in edges if edge <= period.begin]
    return [before[-1], *inside]


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day of the zone begins, in UTC; an hour later where the clock leaps over midnight."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _named(text: str, kind: ReportKind) -> tuple[date, date]:
    """The first day and the day after the last."""
    try:
        if kind is not ReportKind.MONTHLY and (found := _WEEK.fullmatch(text)):
            monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
            return monday, monday + 7 * _DAY
        if kind is not ReportKind.WEEKLY and (found := _MONTH.fullmatch(text)):
            first = date(int(found[1]), int(found[2]), 1)
            return first, (first + 31 * _DAY).replace(day=1)
        if kind is ReportKind.COMPLIANCE and (found := _DAYS.fullmatch(text)):
            return date.fromisoformat(found[1]), date.fromisoformat(found[2]) + _DAY
    except (ValueError, OverflowError):
        pass  # a 13th month, a 53rd week of a year that has 52
    raise Unprocessable(f"There is no period {text!r} of a {kind} report. {_HOW[kind]}")


def _period(name: str, first: date, end: date, zone: ZoneInfo, now: datetime) -> Period:
    period = Period(
        name=name,
        begin=midnight(first, zone),
        end=midnight(end, zone),
        until=midnight(end, zone),
        over=True,
    )
    if now < period.end:
        return structs.replace(period, until=now, over=False)
    return period


def _week_name(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def _month_name(day: date) -> str:
    return f"{day:%Y-%m}"
