"""Who is on, by the clock of the factory."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from appliance.alarms import roster
from appliance.model.ids import FactoryId
from appliance.model.notification import Channel, Contact, Roster

ISTANBUL = ZoneInfo("Europe/Istanbul")
BERLIN = ZoneInfo("Europe/Berlin")


def shift(**given: Any) -> Roster:
    whole = {
        "id": 1, "factory_id": FactoryId(1), "name": "Shift", "weekdays": [1, 2, 3, 4, 5, 6, 7],
        "begins": "00:00", "ends": "00:00", "lowest_priority": 4, "after_minutes": 0,
        "contact_ids": [1],
    }  # fmt: skip
    return Roster(**{**whole, **given})


def contact(**given: Any) -> Contact:
    whole = {
        "id": 1, "factory_id": FactoryId(1), "name": "Ada", "channel": Channel.MAIL,
        "user_id": None, "address": "a@b", "has_secret": False, "quiet_from": None,
        "quiet_to": None, "tell_cleared": False,
    }  # fmt: skip
    return Contact(**{**whole, **given})


@pytest.mark.parametrize(
    ("at", "on"),
    [
        (datetime(2026, 11, 23, 18, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 23, 19, 0, tzinfo=UTC), True),  # Monday 22:00 in Istanbul
        (datetime(2026, 11, 24, 2, 59, tzinfo=UTC), True),  # Tuesday 05:59 is Monday's night
        (datetime(2026, 11, 24, 3, 0, tzinfo=UTC), False),
        (datetime(2026, 11, 24, 20, 0, tzinfo=UTC), False),  # Tuesday's night is another's
    ],
)
def test_a_night_shift_belongs_to_the_day_it_begins(at: datetime, on: bool) -> None:
    nights = shift(weekdays=[1], begins="22:00", ends="06:00")
    assert roster.is_on(nights, at, ISTANBUL) is on


def test_sundays_night_reaches_into_monday() -> None:
    nights = shift(weekdays=[7], begins="22:00", ends="06:00")
    assert roster.is_on(nights, datetime(2026, 11, 23, 4, tzinfo=UTC), BERLIN)


def test_a_whole_day_has_no_second_without_it() -> None:
    for clock in (time(0), time(23, 59, 59, 999999)):
        moment = datetime.combine(date(2026, 11, 23), clock, UTC)
        assert roster.is_on(shift(weekdays=[1]), moment, ZoneInfo("UTC"))


def test_who_is_called_by_priority_and_step_each_once() -> None:
    at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    rosters = [
        shift(contact_ids=[3, 1]),
        shift(contact_ids=[1, 2], lowest_priority=2),
        shift(contact_ids=[9], after_minutes=15),
    ]
    assert roster.on_at(rosters, 2, at, BERLIN) == [3, 1, 2]
    assert roster.on_at(rosters, 3, at, BERLIN) == [3, 1]
    assert roster.on_at(rosters, 3, at, BERLIN, 15) == [9]


def test_quiet_hours_end_by_the_local_clock() -> None:
    sleeper = contact(quiet_from="22:00", quiet_to="06:30")
    night = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)  # 23:30 in Berlin
    assert roster.quiet_until(sleeper, night, BERLIN) == datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
    early = datetime(2026, 11, 24, 5, 29, tzinfo=UTC)
    assert roster.quiet_until(sleeper, early, BERLIN) == datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
    assert roster.quiet_until(sleeper, datetime(2026, 11, 24, 5, 30, tzinfo=UTC), BERLIN) is None
    noon = contact(quiet_from="12:00", quiet_to="13:00")
    at = datetime(2026, 11, 23, 11, 15, tzinfo=UTC)
    assert roster.quiet_until(noon, at, BERLIN) == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert roster.quiet_until(contact(), night, BERLIN) is None


def test_the_hours_nobody_is_on_are_counted() -> None:
    assert roster.uncovered([], 1) == (168.0, "Monday 00:00")
    assert roster.uncovered([shift()], 1) == (0.0, None)
    assert roster.uncovered([shift(lowest_priority=1)], 2) == (168.0, "Monday 00:00")
    shifts = [
        shift(begins="06:00", ends="14:00"),
        shift(begins="14:00", ends="22:00", weekdays=[1, 2, 3, 4, 5, 6]),
        shift(begins="22:00", ends="06:00"),
    ]
    assert roster.uncovered(shifts, 4) == (8.0, "Sunday 14:00")
    assert roster.uncovered([shift(after_minutes=5)], 4) == (168.0, "Monday 00:00")
