"""A clock that leaps ahead is noticed, one that goes on is not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.archive.leap import HOLD, LEAP, NOTE, look

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_clock_that_goes_on_holds_nothing(tmp_path: Path) -> None:
    assert not any(look(tmp_path / "archive", NOW + n * LEAP).held_until for n in range(5))


def test_after_a_leap_nothing_is_released_for_a_week(tmp_path: Path) -> None:
    look(tmp_path, NOW)
    leapt = NOW + 100 * DAY
    held = [look(tmp_path, leapt + n * DAY).held_until for n in range(9)]
    assert held == [leapt + HOLD] * 7 + [None] * 2


def test_a_clock_that_is_set_right_and_a_note_that_is_damaged_hold_nothing(tmp_path: Path) -> None:
    look(tmp_path, NOW)
    assert look(tmp_path, NOW + 100 * DAY).held_until
    assert look(tmp_path, NOW + DAY).held_until is None
    assert look(tmp_path, NOW + 2 * DAY).held_until is None
    (tmp_path / NOTE).write_bytes(b"{")
    assert look(tmp_path, NOW + 100 * DAY).held_until is None
