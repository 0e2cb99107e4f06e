import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.analytics import anomaly
from appliance.analytics.anomaly import ALARM, Detector

ROWS, DAY = 4032, 288
TIMES = np.arange(ROWS) * 300_000
DAILY = np.sin(2 * np.pi * np.arange(ROWS) / DAY)


def signal(seed: int) -> np.ndarray:
    """Two weeks of a daily swing with noise, a reading every five minutes."""
    return 50 + 10 * DAILY + np.random.default_rng(seed).normal(0, 1, ROWS)


def alarms(values: np.ndarray, **given: int) -> list[int]:
    return np.flatnonzero(Detector(**given).score(TIMES, values) >= ALARM).tolist()


def spike(values: np.ndarray) -> None:
    values[3000] += 40


def step(values: np.ndarray) -> None:
    values[3000:] += 15


def drift(values: np.ndarray) -> None:
    values[2900:] += 0.1 * np.arange(ROWS - 2900)


@pytest.mark.parametrize("fault", [spike, step, drift])
@pytest.mark.parametrize("seed", range(3))
def test_a_fault_is_found_within_a_third_of_a_day(fault, seed: int) -> None:
    values = signal(seed)
    fault(values)
    assert any(2900 <= row < 3000 + DAY // 3 for row in alarms(values))


def test_a_square_wave_that_stays_away_for_a_day_is_found() -> None:
    running = (np.arange(ROWS) % DAY > 108) & (np.arange(ROWS) % DAY < 216)
    values = np.where(running, 80.0, 20.0) + np.random.default_rng(0).uniform(0, 5, ROWS)
    assert alarms(values) == []
    values[10 * DAY + 109 : 10 * DAY + 216] = 22.0
    found = alarms(values)
    assert len(found) == 1
    assert 10 * DAY + 109 <= found[0] < 10 * DAY + 216


@pytest.mark.parametrize(
    "values",
    [np.full(ROWS, 45.0), np.where(np.arange(ROWS) % DAY < 100, 80.0, 20.0), DAILY,
     *(signal(seed) for seed in range(5)), np.round(signal(9))],
)  # fmt: skip
def test_what_repeats_itself_raises_nothing(values: np.ndarray) -> None:
    assert alarms(values) == []


def test_one_event_is_one_alarm() -> None:
    values = signal(4)
    values[3000:3100] += np.where(np.arange(100) % 2 == 0, 60, -60)
    assert len([row for row in alarms(values) if 3000 <= row < 3200]) == 1
    assert len(alarms(values, hold_rows=0)) > 1


@given(st.integers(0, 2**32), st.lists(st.integers(0, 900), max_size=6))
@settings(max_examples=15, deadline=None)
def test_a_score_depends_on_what_came_before_alone(seed: int, cuts: list[int]) -> None:
    chance = np.random.default_rng(seed)
    values = np.cumsum(chance.normal(0, 1, 900))
    values[chance.integers(0, 900, 30)] = np.nan
    times = TIMES[:900] + chance.integers(-900_000, 900_000, 900)
    whole = Detector().score(times, values)
    detector, parts = Detector(), []
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), 900], strict=True):
        parts.append(detector.score(times[begin:end], values[begin:end]))
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(Detector().score(times[:500], values[:500]), whole[:500])
    assert ((whole >= 0) & (whole <= 1)).all()


def test_the_unit_of_a_value_does_not_matter() -> None:
    values = signal(6)
    spike(values)
    np.testing.assert_allclose(
        Detector().score(TIMES, values * 1024), Detector().score(TIMES, values), rtol=1e-9
    )


def test_nothing_is_said_until_something_is_learnt() -> None:
    values = np.random.default_rng(0).normal(0, 1, 300)
    values[150] = 1e6
    scores = Detector().score(TIMES[:300], values)
    assert (scores[:200] == 0).all()


def test_missing_values_score_nothing_and_teach_nothing() -> None:
    values = signal(7)
    holed = np.insert(values, 2000, [np.nan, np.inf, -np.inf])
    times = np.insert(TIMES, 2000, TIMES[2000])
    times = np.insert(times, 2000, [TIMES[2000]] * 2)
    scores = Detector().score(times, holed)
    assert (scores[2000:2003] == 0).all()
    np.testing.assert_array_equal(
        np.delete(scores, [2000, 2001, 2002]), Detector().score(TIMES, values)
    )


def test_memory_is_bounded_however_much_is_new() -> None:
    values = np.cumsum(np.random.default_rng(1).standard_cauchy(30_000))
    detector = Detector()
    scores = detector.score(np.arange(values.size) * 60_000, values)
    assert np.isfinite(scores).all()
    assert detector._memory.rows[1:3].max() <= anomaly.MOST_PATTERNS


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="do not match"):
        Detector().score([1, 2], [1.0])
    with pytest.raises(ValueError, match="no hold"):
        Detector(hold_rows=-1)
    assert Detector().score([], []).size == 0
