import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.analytics.buckets import Buckets
from tests.appliance.analytics import naive

VALUES = st.one_of(st.just(float("nan")), st.floats(-1e9, 1e9, width=32))
READINGS = st.lists(st.tuples(st.integers(-50, 250), VALUES), max_size=60)


def arrays(readings: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    times = np.array([time for time, _ in readings], np.int64)
    return times, np.array([value for _, value in readings], np.float64)


@given(READINGS, st.integers(1, 60), st.integers(1, 8), st.integers(0, 60))
def test_buckets_are_what_plain_code_says_however_the_readings_are_cut(
    readings: list[tuple[int, float]], width: int, number: int, cut: int
) -> None:
    times, values = arrays(readings)
    buckets = Buckets(0, width, number)
    buckets.add(times[:cut], values[:cut])
    buckets.add(times[cut:], values[cut:])
    starts, columns = buckets.columns()
    expected = naive.buckets(times, values, 0, width, number)
    np.testing.assert_array_equal(starts, expected.pop("start"))
    assert columns.keys() == expected.keys()
    for name, column in expected.items():
        np.testing.assert_allclose(columns[name], column, rtol=1e-9, atol=1e-6)
    means = np.full(number, np.nan)
    means[starts // width] = expected["mean"]
    np.testing.assert_allclose(buckets.means(), means, rtol=1e-9, atol=1e-6)


def test_no_extreme_is_lost_among_a_million_readings() -> None:
    times = np.arange(1_000_000)
    values = np.zeros(times.size)
    values[123_456], values[654_321] = 9.0, -7.0
    buckets = Buckets(0, 1000, 1000)
    buckets.add(times, values)
    _, columns = buckets.columns()
    assert (columns["max"][123], columns["min"][654]) == (9.0, -7.0)
    assert columns["count"].sum() == times.size


def test_real_times_are_kept_to_the_millisecond() -> None:
    start = 1_790_000_000_000
    buckets = Buckets(start, 10, 2)
    buckets.add(np.array([start - 1, start + 9, start + 10, start + 20]), np.arange(4.0))
    starts, columns = buckets.columns()
    assert starts.tolist() == [start, start + 10]
    assert columns["mean"].tolist() == [1.0, 2.0]


def test_slices_of_other_arrays_are_taken() -> None:
    both = np.arange(20).reshape(10, 2)
    buckets = Buckets(0, 100, 1)
    buckets.add(both[:, 0], both[:, 1])
    assert buckets.columns()[1]["count"] == [10]


def test_arrays_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="do not match"):
        Buckets(0, 1, 1).add(np.arange(2), np.arange(3.0))
    with pytest.raises(ValueError, match="hold nothing"):
        Buckets(0, 0, 1)
