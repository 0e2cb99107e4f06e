import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import theilslopes

from appliance.analytics.trend import theil_sen


@given(st.integers(3, 80), st.integers(0, 2**32 - 1))
def test_the_slope_is_that_of_scipy(number: int, seed: int) -> None:
    noise = np.random.default_rng(seed)
    times = np.cumsum(noise.uniform(0.1, 3, number))
    values = noise.normal(size=number) + 0.3 * times
    assert theil_sen(times, values).slope == pytest.approx(theilslopes(values, times).slope)


def test_a_line_is_found_to_the_last_digit_and_so_is_its_level() -> None:
    times = np.arange(100.0)
    found = theil_sen(times, 5 + 2 * times)
    assert (found.slope, found.low, found.high) == pytest.approx((2, 2, 2))
    assert found.level == pytest.approx(5 + 2 * 99)
    assert found.significant


def test_noise_without_a_trend_is_rarely_called_one_even_when_it_wanders() -> None:
    told = 0
    for seed in range(60):
        steps = np.random.default_rng(seed).normal(size=168)
        values = np.zeros(168)
        for i in range(1, 168):
            values[i] = 0.7 * values[i - 1] + steps[i]
        told += theil_sen(np.arange(168.0), values).significant
    assert told <= 9  # 5 % would be 3; uncorrected it is about 20


def test_outliers_do_not_move_it() -> None:
    times = np.arange(60.0)
    values = 0.5 * times
    values[::10] = 1000
    assert theil_sen(times, values).slope == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0], [np.nan] * 10, [1.0, np.nan, 2.0]])
def test_of_too_few_nothing_is_said(values: list[float]) -> None:
    found = theil_sen(np.arange(float(len(values))), values)
    assert np.isnan(found.slope)
    assert not found.significant


def test_three_points_exclude_nothing() -> None:
    found = theil_sen([0, 1, 2], [0, 1, 2])
    assert (found.low, found.high) == (-np.inf, np.inf)


def test_what_comes_back_with_the_season_is_no_trend() -> None:
    times = np.arange(72.0)
    rhythm = 10 * np.sin(times * 2 * np.pi / 24)
    noise = np.random.default_rng(5).normal(scale=0.2, size=72)
    found = theil_sen(times, rhythm + noise, times % 24)
    assert not found.significant
    assert found.slope == pytest.approx(0, abs=0.01)
    rising = theil_sen(times, rhythm + noise + 0.1 * times, times % 24)
    assert rising.slope == pytest.approx(0.1, abs=0.01)
    assert rising.low < 0.1 < rising.high
