import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from appliance.analytics import counted
from tests.appliance.analytics import naive
from tests.appliance.analytics.readings import VALUES

SHORT = arrays(np.float64, st.integers(0, 60), elements=VALUES)
WINDOWS = st.integers(1, 70)


@given(SHORT, WINDOWS, st.integers(1, 4))
def test_figures_by_count_are_what_plain_code_says(values, window, least) -> None:
    parts = naive.counted_windows(values, window)
    for ours, theirs, few in (
        (counted.mean, np.mean, least),
        (counted.std, lambda part: np.std(part, ddof=1), max(least, 2)),
        (counted.minimum, np.min, least),
        (counted.maximum, np.max, least),
        (counted.median, np.median, least),
    ):
        expected = naive.each(parts, theirs, few)
        np.testing.assert_allclose(ours(values, window, least), expected, rtol=1e-9, atol=1e-5)


def long(seed: int, gaps: int, offset: float = 50.0) -> np.ndarray:
    """Enough for the fast paths, with gaps that dirty some of their blocks."""
    chance = np.random.default_rng(seed)
    values = np.round(offset + np.cumsum(chance.normal(0, 0.01, 60_000)), 2)
    for start in chance.integers(0, values.size, gaps):
        values[start : start + 400] = np.nan
    values[chance.integers(0, values.size, gaps)] = np.inf
    return values


@pytest.mark.parametrize("gaps", [0, 3, 200])
@pytest.mark.parametrize("window", [2, 7, 60, 1000])
def test_the_fast_paths_agree_with_pandas(gaps: int, window: int) -> None:
    values = long(window, gaps)
    rolled = pd.Series(values).replace(np.inf, np.nan).rolling(window, min_periods=2)
    for ours, theirs in (
        (counted.mean, rolled.mean()),
        (counted.maximum, rolled.max()),
        (counted.minimum, rolled.min()),
        (counted.median, rolled.median()),
    ):
        np.testing.assert_allclose(ours(values, window, 2), theirs, rtol=1e-9)
    spread = counted.std(values, window)
    for i in np.random.default_rng(0).integers(0, values.size, 3000):
        seen = values[max(0, i - window + 1) : i + 1]
        seen = seen[np.isfinite(seen)]
        expected = np.std(seen, ddof=1) if seen.size > 1 else np.nan
        assert spread[i] == pytest.approx(expected, rel=1e-5, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("alpha", [1.0, 0.5, 0.05, 0.002])
@pytest.mark.parametrize("gaps", [0, 5, 200])
def test_ewma_is_pandas_to_the_last_digits(alpha: float, gaps: int) -> None:
    values = long(1, gaps)
    values[:3] = np.nan
    expected = (
        pd.Series(values).replace(np.inf, np.nan).ewm(alpha=alpha, adjust=False, ignore_na=True)
    )
    np.testing.assert_allclose(counted.ewma(values, alpha), expected.mean(), rtol=1e-13)


def test_a_spread_that_drowns_in_the_level_is_found_again() -> None:
    values = np.concatenate((np.zeros(30_000), 1e7 + np.tile([0.0, 0.01], 30_000)))
    spread = counted.std(values, 50)
    assert spread[-1] == pytest.approx(np.std(values[-50:], ddof=1), rel=1e-3)
    assert spread[20_000] == 0


@pytest.mark.parametrize("window", [3, 500])
def test_the_median_of_a_sensor_without_steps_is_exact_too(window: int) -> None:
    values = np.random.default_rng(0).normal(0, 1e6, 3000)
    values[100:150] = np.nan
    expected = pd.Series(values).rolling(window, min_periods=1).median()
    np.testing.assert_allclose(counted.median(values, window), expected, rtol=1e-14)


def test_a_long_jump_of_the_median_is_followed() -> None:
    values = np.where(np.arange(5000) // 100 % 2 == 0, -300.0, 300.0)
    expected = pd.Series(values).rolling(9, min_periods=1).median()
    np.testing.assert_array_equal(counted.median(values, 9), expected)


def test_an_array_given_is_filled_and_a_wrong_one_refused() -> None:
    out = np.empty(3)
    assert counted.mean([1.0, 2.0, 3.0], 2, out=out) is out
    assert out.tolist() == [1.0, 1.5, 2.5]
    with pytest.raises(ValueError, match="cannot hold"):
        counted.mean([1.0], 2, out=out)
    with pytest.raises(ValueError, match="window is 0"):
        counted.std([1.0], 0)
    with pytest.raises(ValueError, match="alpha is 0"):
        counted.ewma([1.0], 0)
    assert np.isnan(counted.std([1.0, 2.0], 1)).all()
