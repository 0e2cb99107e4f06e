import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.analytics import rolling
from tests.appliance.analytics import naive
from tests.appliance.analytics.readings import readings

WINDOWS = st.integers(1, 200)
LEAST = st.integers(1, 4)
CLOSE = {"rtol": 1e-9, "atol": 1e-5}


@given(readings(), WINDOWS, LEAST)
def test_figures_over_time_are_what_plain_code_says(given_readings, window, least) -> None:
    times, values = given_readings
    parts = naive.windows(times, values, window)
    for ours, theirs, few in (
        (rolling.mean, np.mean, least),
        (rolling.std, lambda part: np.std(part, ddof=1), max(least, 2)),
        (rolling.minimum, np.min, least),
        (rolling.maximum, np.max, least),
        (rolling.median, np.median, least),
    ):
        expected = naive.each(parts, theirs, few)
        np.testing.assert_allclose(ours(times, values, window, least), expected, **CLOSE)


@given(readings(), WINDOWS, st.floats(0, 1))
def test_quantiles_over_time_are_numpys(given_readings, window, share) -> None:
    times, values = given_readings
    expected = naive.each(
        naive.windows(times, values, window), lambda part: np.quantile(part, share), 1
    )
    np.testing.assert_allclose(
        rolling.quantile(times, values, window, share), expected, rtol=1e-9, atol=1e-6
    )


@given(readings(values=st.one_of(st.floats(-100, 100), st.just(float("nan")))), WINDOWS)
def test_the_rate_of_change_is_a_line_by_least_squares(given_readings, window) -> None:
    times, values = given_readings
    np.testing.assert_allclose(
        rolling.slope(times, values, window), naive.slope(times, values, window),
        rtol=1e-6, atol=1e-6,
    )  # fmt: skip


@given(readings(values=st.one_of(st.floats(-100, 100), st.just(float("nan"))), most=15),
       st.integers(1, 60), st.integers(1, 40))  # fmt: skip
def test_time_weighted_means_count_what_was_measured(given_readings, window, hold) -> None:
    times, values = given_readings
    mean, coverage = rolling.time_weighted_mean(times, values, window, hold)
    for i, end in enumerate(times.tolist()):
        line = naive.held(times, values, hold, end - window, end)
        known = np.isfinite(line)
        assert coverage[i] == pytest.approx(known.mean(), abs=1e-9)
        expected = line[known].mean() if known.any() else np.nan
        assert mean[i] == pytest.approx(expected, abs=1e-6, nan_ok=True)


def test_a_long_quiet_tail_after_a_wild_start_keeps_its_spread() -> None:
    values = np.concatenate(([1e9, -1e9], 5 + np.tile([0.001, -0.001], 500)))
    spread = rolling.std(np.arange(values.size) * 1000, values, 10_000)
    assert spread[-1] == pytest.approx(np.std(values[-10:], ddof=1), rel=1e-6)


def test_nothing_and_one_reading_are_taken() -> None:
    assert rolling.median([], [], 1000).size == 0
    assert rolling.mean([5], [2.0], 1000).tolist() == [2.0]
    assert np.isnan(rolling.std([5], [2.0], 1000)).all()


def test_what_makes_no_sense_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="do not ascend"):
        rolling.mean([2, 1], [0.0, 0.0], 10)
    with pytest.raises(ValueError, match="window_ms is 0"):
        rolling.mean([1], [0.0], 0)
    with pytest.raises(ValueError, match="do not match"):
        rolling.mean([1], [0.0, 1.0], 1)
    with pytest.raises(ValueError, match="share is 2"):
        rolling.quantile([1], [0.0], 1, 2)
