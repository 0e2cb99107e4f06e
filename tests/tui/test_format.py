from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tui import format as told

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (86_399, "23 h"),
        (86_400, "1 d"),
    ],
)
def test_an_age_is_told_in_its_largest_whole_unit(seconds: float, words: str) -> None:
    assert told.age(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("value", "digits", "words"),
    [
        (None, 1, "—"),
        (0.0, 1, "0.0"),
        (-3.14159, 2, "-3.14"),
        (1284.0, 0, "1\N{NNBSP}284"),
        (1234567.89, 1, "1\N{NNBSP}234\N{NNBSP}567.9"),
    ],
)
def test_a_number_has_its_metrics_digits(value: float | None, digits: int, words: str) -> None:
    assert told.number(value, digits) == words


def test_a_quantity_without_a_value_has_no_unit() -> None:
    assert told.quantity(None, 1, "°C") == "—"
    assert told.quantity(6.812, 2, "bar") == "6.81 bar"
    assert told.quantity(1.0, 0, "") == "1"


def test_a_priority_is_told_without_colour() -> None:
    assert [told.mark(priority) for priority in (1, 2, 3, 4)] == ["■1", "▲2", "◆3", "●4"]


def test_times_are_the_plants_and_another_day_shows_its_date() -> None:
    assert told.second(NOON, BERLIN) == "13:00:00"
    assert told.minute(NOON, NOON + timedelta(hours=10), BERLIN) == "13:00"
    assert told.minute(NOON, NOON + timedelta(hours=11), BERLIN) == "11-23"


def test_what_a_terminal_would_obey_is_not_written() -> None:
    assert told.printable("Stop.\nCall \x9b31m4711\x1b[2J") == "Stop.\nCall \ufffd31m4711\ufffd[2J"
