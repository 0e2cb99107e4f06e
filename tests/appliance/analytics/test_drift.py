import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.analytics import counted, drift
from tests.appliance.analytics import naive
from tests.appliance.analytics.readings import VALUES, readings


@given(readings(), st.floats(0.1, 1000), st.integers(1, 40))
def test_ewma_over_time_is_its_definition(given_readings, tau, gap) -> None:
    times, values = given_readings
    np.testing.assert_allclose(
        drift.ewma(times, values, tau, gap), naive.ewma(times, values, tau, gap), rtol=1e-9,
        atol=1e-6,
    )  # fmt: skip


@given(readings(values=st.sampled_from([0.0, 0.1, 0.2, 5.0, float("nan")])),
       st.sampled_from([0.0, 0.15]), st.integers(1, 60))  # fmt: skip
def test_a_standstill_lasts_until_something_moves(given_readings, tolerance, gap) -> None:
    times, values = given_readings
    expected = naive.still(times, values, tolerance, gap)
    assert drift.still_ms(times, values, tolerance, gap).tolist() == expected


@given(st.lists(VALUES, max_size=30), st.floats(0, 2))
def test_cusum_is_its_definition(values, slack) -> None:
    up = down = 0.0
    found = drift.cusum(values, 1.0, 2.0, slack)
    for i, value in enumerate(values):
        if np.isfinite(value):
            up = max(0.0, up + (value - 1.0) / 2.0 - slack)
            down = max(0.0, down - (value - 1.0) / 2.0 - slack)
        assert found.up[i] == pytest.approx(up, abs=1e-6)
        assert found.down[i] == pytest.approx(down, abs=1e-6)


def run_length(signals: np.ndarray) -> float:
    """The mean number of readings to the first signal of each row; a row without one is as long."""
    first = np.where(signals.any(axis=1), signals.argmax(axis=1) + 1, signals.shape[1])
    return float(first.mean())


@pytest.mark.parametrize(
    ("slack", "limit", "shift", "published"),
    [(0.5, 5, 0.5, 38.0), (0.5, 5, 1, 10.4), (0.5, 5, 2, 4.0), (0.5, 5, 3, 2.6),
     (0.5, 4, 1, 8.4), (0.5, 4.77, 1, 9.9), (0.25, 8.01, 1, 11.4), (0.5, 4, 0, 167.7),
     (0.5, 4, 0.5, 26.6), (0.5, 4, 1.5, 4.8), (0.5, 4, 2, 3.3), (0.5, 4, 3, 2.2),
     (0.5, 4.77, 0.5, 35.2), (0.5, 4.77, 2, 3.9), (0.5, 5, 1.5, 5.8), (0.25, 8.01, 0.5, 28.8),
     (0.25, 8.01, 2, 5.2), (0.25, 8.01, 3, 3.5)],
)  # fmt: skip
def test_cusum_runs_as_long_as_published(slack, limit, shift, published) -> None:
    chance = np.random.default_rng(5)
    rows = chance.normal(shift, 1, (1500, 1200 if shift == 0 else 400))
    sums = [drift.cusum(row, 0, 1, slack) for row in rows]
    signals = np.array([(pair.up > limit) | (pair.down > limit) for pair in sums])
    assert run_length(signals) == pytest.approx(published, rel=0.07)


@pytest.mark.parametrize(
    ("alpha", "width", "shift", "published"),
    [(0.05, 2.615, 1, 11.4), (0.1, 2.814, 0.5, 31.3), (0.1, 2.814, 1, 10.3), (0.1, 2.7, 1, 9.8),
     (0.2, 2.962, 1, 10.5), (0.2, 2.962, 2, 3.7), (0.4, 3.054, 1, 14.3),
     (0.05, 2.615, 0.5, 28.8), (0.05, 2.615, 2, 5.2), (0.05, 2.615, 3, 3.5), (0.1, 2.814, 2, 4.4),
     (0.1, 2.7, 0.5, 28.2), (0.1, 2.7, 2, 4.2), (0.2, 2.962, 0.5, 41.8), (0.2, 2.962, 3, 2.4),
     (0.4, 3.054, 0.5, 71.2), (0.4, 3.054, 2, 3.5), (0.4, 3.054, 3, 2.0)],
)  # fmt: skip
def test_ewma_runs_as_long_as_published(alpha, width, shift, published) -> None:
    chance = np.random.default_rng(6)
    rows = np.column_stack((np.zeros(1500), chance.normal(shift, 1, (1500, 400))))
    limit = width * np.sqrt(alpha / (2 - alpha))
    averages = np.array([counted.ewma(row, alpha)[1:] for row in rows])
    assert run_length(np.abs(averages) > limit) == pytest.approx(published, rel=0.07)


def test_impossible_values_are_marked_and_missing_ones_not() -> None:
    marked = drift.impossible([-300.0, 20.0, float("nan"), 2000.0], -273.15, 1372.0)
    assert marked.tolist() == [True, False, False, True]


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="scale is 0"):
        drift.cusum([1.0], 0, 0)
    with pytest.raises(ValueError, match="tau_ms is 0"):
        drift.ewma([1], [1.0], 0)
