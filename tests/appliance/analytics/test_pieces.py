"""Readings as pieces of time, against sums done by hand and against every millisecond."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.analytics import pieces

HOUR = 3_600_000


def whole(*times: int) -> np.ndarray:
    return np.array(times, np.int64)


def test_the_mean_of_a_shift_is_weighted_by_time_as_in_1910_1000() -> None:
    """2 h at 150, 2 h at 75 and 4 h at 50 ppm are 81.25 ppm."""
    held = pieces.hold(
        whole(0, 2 * HOUR, 4 * HOUR), np.array([150.0, 75.0, 50.0]), 8 * HOUR, 8 * HOUR
    )
    edges = whole(0, 8 * HOUR)
    total = pieces.integral(held, held.values).between(edges)
    assert total / pieces.known(held).between(edges) == [81.25]


def test_a_reading_holds_no_longer_than_it_may() -> None:
    held = pieces.hold(whole(0, 1000, 10_000), np.array([1.0, 2.0, 3.0]), 20_000, 3000)
    assert held.length_ms.tolist() == [1000, 3000, 3000]
    assert pieces.known(held).between(whole(0, 5000, 12_000, 20_000)).tolist() == [4000, 2000, 1000]


def test_what_the_sensor_did_not_give_is_bridged_by_the_reading_before() -> None:
    held = pieces.hold(whole(0, 1000, 2000), np.array([1.0, np.nan, 3.0]), 3000, 3000)
    assert held.length_ms.tolist() == [2000, 1000]


def test_spells_that_touch_are_one_and_silence_ends_a_spell() -> None:
    held = pieces.hold(
        whole(0, 1000, 2000, 3000, 10_000), np.array([9.0, 9, 1, 9, 9]), 11_000, 2000
    )
    found = pieces.spells(held, held.values > 5, 500, 10_700)
    assert found.tolist() == [[500, 3000, 10_000], [2000, 5000, 10_700]]


def test_the_highest_quarter_of_an_hour_is_not_bound_to_the_clock() -> None:
    """10 min at 60 and 5 min at 30 around it: 50 on average, ending wherever it is highest."""
    minute = 60_000
    times = whole(0, 20 * minute, 30 * minute)
    held = pieces.hold(times, np.array([0.0, 60.0, 30.0]), 60 * minute, 60 * minute)
    assert pieces.highest_mean(held, 15 * minute, 0.9, 0, 60 * minute) == (50.0, 35 * minute)


def test_a_window_known_too_little_has_no_mean() -> None:
    held = pieces.hold(whole(0), np.array([100.0]), 60_000, 5000)
    assert pieces.highest_mean(held, 10_000, 0.6, 0, 60_000) is None
    assert pieces.highest_mean(held, 10_000, 0.5, 0, 60_000) is not None


def test_columns_of_two_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="do not match"):
        pieces.hold(whole(0, 1), np.array([1.0]), 5, 5)


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=12, unique=True),
    st.integers(1, 20),
    st.lists(st.integers(-5, 80), min_size=2, max_size=5, unique=True),
)
def test_sums_between_edges_are_those_of_every_millisecond(times, hold_ms, edges) -> None:
    at = np.array(sorted(times), np.int64)
    values = np.sin(at) * 10
    cuts = np.array(sorted(edges), np.int64)
    held = pieces.hold(at, values, 70, hold_ms)
    expected = []
    for begin, end in pairwise(cuts.tolist()):
        total = 0.0
        for ms in range(begin, min(end, 70)):
            before = np.flatnonzero(at <= ms)
            if before.size and ms - at[before[-1]] < hold_ms:
                total += values[before[-1]]
        expected.append(total)
    assert pieces.integral(held, held.values).between(cuts) == pytest.approx(expected)
