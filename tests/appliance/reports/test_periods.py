"""Periods of reports: whole days of the factory, whatever its clock does."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from appliance.errors import Unprocessable
from appliance.model.factory import Factory
from appliance.model.report import ReportKind
from appliance.reports import periods

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WEEKLY, MONTHLY, COMPLIANCE = ReportKind


def test_a_week_begins_and_ends_at_midnight_of_the_factory() -> None:
    period = periods.parse("2026-W47", WEEKLY, ZoneInfo("Europe/Istanbul"), NOW)
    assert period.begin == datetime(2026, 11, 15, 21, tzinfo=UTC)
    assert period.end == datetime(2026, 11, 22, 21, tzinfo=UTC)
    assert period.until == period.end
    assert period.over


@pytest.mark.parametrize(("week", "hours"), [("2026-W13", 167), ("2026-W43", 169)])
def test_a_week_in_which_the_clock_is_changed_is_an_hour_off(week: str, hours: int) -> None:
    period = periods.parse(week, WEEKLY, BERLIN, NOW)
    assert period.end - period.begin == timedelta(hours=hours)
    days = periods.day_edges(period, BERLIN)
    lengths = {(end - begin) / timedelta(hours=1) for begin, end in pairwise(days)}
    assert len(days) == 8
    assert lengths == {24.0, hours - 144.0}


def test_the_night_shift_in_which_the_clock_is_set_back_has_nine_hours() -> None:
    period = periods.parse("2026-W43", WEEKLY, BERLIN, NOW)
    edges = periods.shift_edges(period, BERLIN)
    lengths = [(end - begin) / timedelta(hours=1) for begin, end in pairwise(edges)]
    assert len(lengths) == 21
    assert sorted(lengths) == [8.0] * 20 + [9.0]
    assert edges[0] == datetime(2026, 10, 18, 20, tzinfo=UTC)


def test_every_shift_ends_in_exactly_one_of_neighbouring_weeks() -> None:
    weeks = [periods.parse(f"2026-W{n}", WEEKLY, BERLIN, NOW) for n in range(40, 47)]
    ends = [edge for week in weeks for edge in periods.shift_edges(week, BERLIN)[1:]]
    assert len(ends) == len(set(ends)) == 7 * 21


def test_the_current_week_looks_up_to_now() -> None:
    period = periods.parse("2026-W48", WEEKLY, BERLIN, NOW)
    assert (period.over, period.until) == (False, NOW)


def test_days_of_a_compliance_report_include_the_last() -> None:
    period = periods.parse("2026-11-01..2026-11-15", COMPLIANCE, BERLIN, NOW)
    assert len(periods.day_edges(period, BERLIN)) == 16
    assert periods.parse("2026-02", COMPLIANCE, BERLIN, NOW).name == "2026-02"
    assert periods.parse("2026-W01", COMPLIANCE, BERLIN, NOW).begin == datetime(
        2025, 12, 28, 23, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("2026-W60", WEEKLY, "Write a week as 2026-W47"),
        ("2027-W53", WEEKLY, "Write a week"),
        ("2026-11", WEEKLY, "Write a week"),
        ("2026-13", MONTHLY, "Write a month as 2026-11"),
        ("2026-W47", MONTHLY, "Write a month"),
        ("last week", COMPLIANCE, "2026-11-01..2026-11-15"),
        ("2026-11-31..2026-12-01", COMPLIANCE, "2026-11-01..2026-11-15"),
        ("²026-11", MONTHLY, "Write a month"),
        ("", MONTHLY, "Write a month"),
        ("2026-11-15..2026-11-01", COMPLIANCE, "in order"),
        ("2101-12", MONTHLY, "2000 and 2100"),
        ("9999-12", MONTHLY, "Write a month"),
        ("1999-12", MONTHLY, "2000 and 2100"),
        ("2025-01-01..2026-11-01", COMPLIANCE, "longer than a year"),
        ("2026-W49", WEEKLY, "has not begun"),
    ],
)
def test_a_period_that_makes_no_sense_says_what_does(
    text: str, kind: ReportKind, said: str
) -> None:
    with pytest.raises(Unprocessable, match=said):
        periods.parse(text, kind, BERLIN, NOW)


def test_there_is_the_last_that_is_over_and_the_current_one() -> None:
    found = periods.available(Factory(1, "North", "Europe/Berlin"), BERLIN, NOW)
    assert [(one.kind, one.last.name, one.current.name) for one in found] == [
        (WEEKLY, "2026-W47", "2026-W48"),
        (MONTHLY, "2026-10", "2026-11"),
        (COMPLIANCE, "2026-10", "2026-11"),
    ]
    assert all(one.last.over and not one.current.over for one in found)


def test_at_new_year_last_month_is_in_the_last_year() -> None:
    new_year = datetime(2027, 1, 1, tzinfo=UTC)
    found = periods.available(Factory(1, "North", "UTC"), ZoneInfo("UTC"), new_year)
    assert [(one.last.name, one.current.name) for one in found] == [
        ("2026-W52", "2026-W53"),
        ("2026-12", "2027-01"),
        ("2026-12", "2027-01"),
    ]


def test_where_the_clock_leaps_over_midnight_the_day_begins_an_hour_later() -> None:
    """In Beirut the clock goes from 0:00 to 1:00."""
    assert periods.midnight(date(2026, 3, 29), ZoneInfo("Asia/Beirut")) == datetime(
        2026, 3, 28, 22, tzinfo=UTC
    )
