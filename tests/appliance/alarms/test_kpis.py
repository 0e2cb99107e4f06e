"""Figures of alarm systems: by hand, and against slow twins."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.alarms import kpis

MINUTE = 60_000
TEN = 10 * MINUTE


def ints(*numbers: int) -> kpis.Ints:
    return np.array(numbers, np.int64)


def test_intervals_are_the_clocks_own() -> None:
    begins, counts = kpis.in_bins(ints(5 * MINUTE, TEN, TEN + 1, 3 * TEN), MINUTE, 3 * TEN + 1)
    assert begins.tolist() == [0, TEN, 2 * TEN, 3 * TEN]
    assert counts.tolist() == [1, 2, 0, 1]
    begins, counts = kpis.in_bins(ints(), 0, 0)
    assert len(begins) == len(counts) == 0


def test_a_flood_begins_above_ten_and_ends_below_five() -> None:
    counts = ints(10, 11, 5, 20, 4, 11)
    begins = np.arange(6) * TEN
    assert kpis.floods(begins, counts, 1) == [
        (TEN, 4 * TEN, 36, 20),
        (5 * TEN, 6 * TEN, 11, 11),
    ]
    assert kpis.floods(begins, counts, 2) == []
    assert kpis.floods(begins, 2 * counts, 2) == [
        (TEN, 4 * TEN, 72, 40),
        (5 * TEN, 6 * TEN, 22, 22),
    ]


def test_the_load_is_a_distribution() -> None:
    counts = ints(0, 0, 1, 2, 4, 6, 10, 11)
    assert dict(kpis.load(counts, 1)) == {
        "0": 25.0, "1": 12.5, "2": 12.5, "3-5": 12.5, "6-10": 25.0, ">10": 12.5,
    }  # fmt: skip
    assert dict(kpis.load(counts, 2))["1"] == 25.0
    assert dict(kpis.load(counts, 2))["6-10"] == 12.5  # 11 for two are 6 for one of them
    assert sum(percent for _, percent in kpis.load(ints(), 1)) == 0


def test_chattering_is_three_raises_within_a_minute() -> None:
    times = ints(0, 10_000, 30_000, 59_999, 60_000, 200_000, 230_000, 260_000, 261_000)
    assert kpis.chattering(times, np.zeros(9, np.int64)) == [(0, 8, 4)]
    exact = ints(0, 30_000, 60_000)
    assert kpis.chattering(exact, ints(5, 5, 5)) == []
    assert kpis.chattering(ints(0, 1, 2, 3), ints(1, 2, 1, 2)) == []
    assert kpis.chattering(ints(), ints()) == []


def test_stale_is_more_than_a_day() -> None:
    raised = ints(0, 0, 5)
    ended = ints(kpis.DAY_MS, kpis.DAY_MS + 1, 3 * kpis.DAY_MS)
    assert kpis.stale(raised, ended).tolist() == [2, 1]


def test_the_most_frequent_come_first() -> None:
    sources = ints(*[7] * 3, *[2] * 3, 9, *range(100, 120))
    found = kpis.most_frequent(sources)
    assert found[:3] == [(2, 3), (7, 3), (9, 1)]
    assert len(found) == 10


def test_times_to_acknowledge() -> None:
    seconds = np.arange(0, 101, dtype=np.float64)
    assert kpis.response(seconds) == (50.0, 95.0)
    assert kpis.response(np.zeros(0)) == (None, None)


times = st.lists(st.integers(0, 4 * TEN), max_size=60).map(sorted)


@given(times)
def test_the_worst_stretch_is_as_counted_one_by_one(given_times: list[int]) -> None:
    number, begin = kpis.worst_stretch(ints(*given_times))
    slow = [sum(first <= time < first + TEN for time in given_times) for first in given_times]
    assert number == max(slow, default=0)
    assert begin == (given_times[slow.index(number)] if slow else None)


@given(times, st.integers(1, 3))
def test_chattering_is_as_counted_one_by_one(given_times: list[int], sources: int) -> None:
    names = [index % sources for index in range(len(given_times))]
    found = kpis.chattering(ints(*given_times), ints(*names))
    for source in range(sources):
        mine = [time for time, name in zip(given_times, names, strict=True) if name == source]
        minutes = [[t for t in mine if first <= t < first + MINUTE] for first in mine]
        # equal times: a minute begins with the first of them
        bad = [m for m in minutes if len(m) >= 3]
        told = [one for one in found if one.source == source]
        assert bool(told) == bool(bad)
        if told:
            covered = sum(any(t in m for m in bad) for t in mine)
            assert told[0][1:] == (covered, max(map(len, bad)))
