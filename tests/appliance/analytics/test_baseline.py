from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from appliance.analytics import baseline
from tests.appliance.analytics.readings import VALUES

ISTANBUL, BERLIN = ZoneInfo("Europe/Istanbul"), ZoneInfo("Europe/Berlin")


def milliseconds(*when: int, zone: ZoneInfo) -> int:
    return round(datetime(*when, tzinfo=zone).timestamp() * 1000)


@given(st.lists(VALUES, max_size=40))
def test_the_usual_is_median_and_mad(values) -> None:
    known = baseline.usual(values)
    row = np.array([value for value in values if np.isfinite(value)])
    assert known.number == row.size
    if not row.size:
        assert np.isnan(known.centre)
        return
    assert known.centre == pytest.approx(np.median(row))
    mad = stats.median_abs_deviation(row)
    expected = 1.4826 * mad if mad else 1.2533 * np.abs(row - np.median(row)).mean()
    assert known.scale == pytest.approx(expected)


def test_a_quantised_sensor_is_not_divided_by_nothing() -> None:
    known = baseline.usual([20.0] * 9 + [20.5])
    assert known.scale == pytest.approx(1.2533 * 0.05)
    floored = baseline.usual([20.0] * 10, resolution=0.5)
    assert floored.scale == pytest.approx(0.5 / 12**0.5)
    assert baseline.robust_z([20.5], floored).tolist() == pytest.approx([12**0.5])


def test_what_never_moved_is_usual_and_all_else_infinitely_far() -> None:
    z = baseline.robust_z([5.0, 6.0, float("nan")], baseline.usual([5.0, 5.0]))
    assert z[:2].tolist() == [0.0, np.inf]
    assert np.isnan(z[2])


def test_one_outlier_of_iglewicz_and_hoaglin_is_beyond_three_and_a_half() -> None:
    values = [2.1, 2.2, 2.0, 2.3, 2.1, 9.0]
    z = baseline.robust_z(values, baseline.usual(values))
    assert np.flatnonzero(np.abs(z) > 3.5).tolist() == [5]


@given(st.lists(st.tuples(st.integers(-1, 4), VALUES), max_size=60))
def test_each_slot_learns_from_its_own_values(pairs) -> None:
    slots = np.array([slot for slot, _ in pairs], np.int64)
    values = np.array([value for _, value in pairs], np.float64)
    known = baseline.learn(slots, values, 5, resolution=0.1, min_count=2)
    for slot in range(5):
        alone = baseline.usual(values[slots == slot], 0.1)
        assert known.number[slot] == alone.number
        wanted = (alone.centre, alone.scale) if alone.number >= 2 else (np.nan, np.nan)
        assert (known.centre[slot], known.scale[slot]) == pytest.approx(wanted, nan_ok=True)


def test_a_season_with_faults_cut_out_finds_the_odd_hour() -> None:
    start = milliseconds(2026, 3, 2, zone=ISTANBUL)
    times = start + np.arange(0, 6 * 7 * 24) * 3_600_000
    slots = baseline.hours_of_week(times, ISTANBUL)
    values = 20.0 + slots % 24 + np.random.default_rng(0).normal(0, 0.2, times.size)
    fault = (int(times[300]), int(times[420]))
    values[300:420] = 500.0
    slots_learnt = np.where(baseline.within(times, [fault]), -1, slots)
    known = baseline.learn(slots_learnt, values, baseline.HOURS_OF_WEEK, min_count=3)
    z = baseline.compare(slots, values, known)
    assert (z[300:420] > 100).all()
    assert np.median(np.abs(z[500:])) < 2


def test_a_slot_seen_too_rarely_says_nothing() -> None:
    known = baseline.learn(np.array([0, 0, 0, 1]), [1.0, 2.0, 3.0, 4.0], 2)
    assert np.isnan(baseline.compare(np.array([1]), [4.0], known)).all()


def test_monday_midnight_on_the_plants_wall_is_slot_zero_in_summer_and_winter() -> None:
    times = np.array([
        milliseconds(2026, 1, 5, zone=BERLIN), milliseconds(2026, 7, 6, zone=BERLIN),
        milliseconds(2026, 7, 12, 23, 59, zone=BERLIN),
    ])  # fmt: skip
    assert baseline.hours_of_week(times, BERLIN).tolist() == [0, 0, 167]


@given(st.integers(157_766_400, 2_051_222_400))
def test_slots_are_what_the_calendar_says(second: int) -> None:
    utc = datetime.fromtimestamp(second, UTC)
    local = utc.astimezone(BERLIN)
    times = np.array([round(utc.timestamp() * 1000)])
    assert baseline.hours_of_week(times, BERLIN)[0] == local.weekday() * 24 + local.hour
    minute = local.hour * 60 + local.minute
    expected = 0 if 360 <= minute < 840 else 1 if 840 <= minute < 1320 else 2
    assert baseline.shifts(times, BERLIN, [360, 840, 1320])[0] == expected


def test_the_night_shift_goes_on_past_midnight() -> None:
    night = milliseconds(2026, 3, 3, 2, zone=ISTANBUL)
    hours = night + np.array([0, 4, 12, 20]) * int(timedelta(hours=1).total_seconds() * 1000)
    assert baseline.shifts(hours, ISTANBUL, [360, 840, 1320]).tolist() == [2, 0, 1, 2]
