"""The figures that rules look at beside their plain twins, however the readings are cut."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.analytics.kernels import indicators as kernel
from tests.appliance.analytics import naive

MINUTE = 60_000
BUCKET, SLOTS = 5 * MINUTE, 97
WINDOW = (SLOTS - 1) * BUCKET
Figure = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]


@st.composite
def series(draw: st.DrawFn, longest_step: int) -> tuple[np.ndarray, np.ndarray]:
    """Finite readings of steps up to so many seconds, some at the same time, from an odd start."""
    steps = draw(st.lists(st.integers(0, longest_step), min_size=1, max_size=120))
    values = draw(
        st.lists(
            st.integers(-400, 400).map(lambda step: step / 10),
            min_size=len(steps),
            max_size=len(steps),
        )
    )
    times = 1_795_392_012_345 + 1000 * np.cumsum(np.array(steps, np.int64))
    return times, np.array(values)


def taken(given: tuple[np.ndarray, np.ndarray], memory: int, cut: int, take: Figure) -> np.ndarray:
    """The figures of readings that come in two batches."""
    times, values = given
    kept = np.full(memory, np.nan)
    parts = []
    for rows in (slice(0, cut), slice(cut, None)):
        out = np.empty((2, values[rows].size))
        take(times[rows], values[rows], kept, out)
        parts.append(out)
    return np.concatenate(parts, axis=1)


@given(series(90), st.integers(0, 120), st.sampled_from([30_000, MINUTE]))
def test_a_rate_is_the_line_through_the_means_of_twelve_buckets(given_series, cut, bucket) -> None:
    times, values = given_series
    found = taken(
        given_series, kernel.RATE_MEMORY, cut,
        lambda t, v, memory, out: kernel.rate(t, v, bucket, memory, out[0]),
    )[0]  # fmt: skip
    buckets = times // bucket
    for i, here in enumerate(buckets.tolist()):
        whole = [k for k in np.unique(buckets[:i]).tolist() if k != here]
        newest = max(whole, default=0)
        used = [k for k in whole if k > newest - 12]
        if i == 0 or here == buckets[i - 1] or len(used) < 9:
            assert np.isnan(found[i])
            continue
        means = [values[:i][buckets[:i] == k].mean() for k in used]
        slope = np.polyfit(np.array(used) - newest, means, 1)[0] * MINUTE / bucket
        assert found[i] == pytest.approx(slope, abs=1e-7)


@given(series(20), st.integers(0, 120), st.sampled_from([0.05, 0.15, 1.0]))
def test_a_standstill_is_that_of_its_twin(given_series, cut, tolerance) -> None:
    times, values = given_series
    found = taken(
        given_series, kernel.STILL_MEMORY, cut,
        lambda t, v, memory, out: kernel.still(t, v, tolerance, 15_000, memory, out[0]),
    )[0]  # fmt: skip
    assert found.tolist() == [ms / 1000 for ms in naive.still(times, values, tolerance, 15_000)]


@given(series(200), st.integers(0, 120), st.floats(0.1, 5), st.booleans())
def test_a_drift_is_that_of_the_means_of_minutes(given_series, cut, hours, weighted) -> None:
    times, values = given_series
    tau = hours * 60 * MINUTE
    found = taken(
        given_series, kernel.DRIFT_MEMORY, cut,
        lambda t, v, memory, out: kernel.drift(t, v, tau, weighted, memory, out[0]),
    )[0]  # fmt: skip
    minutes = times // MINUTE
    mean, up, down, last = None, 0.0, 0.0, 0
    for i in range(times.size):
        if i == 0 or minutes[i] == minutes[i - 1]:
            assert np.isnan(found[i])
            continue
        over = minutes[i - 1]
        now = values[minutes == over].mean()
        if mean is None:
            mean = now
        else:
            mean += (1 - np.exp(-(over - last) * MINUTE / tau)) * (now - mean)
        up = max(0.0, up + (now - 0.5) * MINUTE / tau)
        down = max(0.0, down + (-now - 0.5) * MINUTE / tau)
        last = over
        assert found[i] == pytest.approx(abs(mean) if weighted else max(up, down), abs=1e-9)


def held(given: tuple[np.ndarray, np.ndarray], i: int, hold: int) -> list[tuple[int, int, float]]:
    """From when to when each value before reading i held."""
    times, values = given
    return [(times[j], min(times[j + 1], times[j] + hold), values[j]) for j in range(i)]


def within(pieces: list[tuple[int, int, float]], bucket: int) -> tuple[float, float]:
    """Value × ms and ms of a bucket."""
    begin, end = bucket * BUCKET, (bucket + 1) * BUCKET
    inside = [(max(0, min(end, b) - max(begin, a)), value) for a, b, value in pieces]
    return sum(ms * value for ms, value in inside), sum(ms for ms, _ in inside)


def windowed(pieces: list[tuple[int, int, float]], now: int) -> tuple[float, float]:
    """Value × ms and ms of the window before now; of the oldest bucket the share that is inside."""
    bucket = now // BUCKET
    share = 1 - (now - bucket * BUCKET) / BUCKET
    sums = [within(pieces, k) for k in range(bucket - SLOTS + 1, bucket + 1)]
    return tuple(share * sums[0][n] + sum(one[n] for one in sums[1:]) for n in (0, 1))


@given(series(1500), st.integers(0, 120), st.sampled_from([10 * MINUTE, 40 * MINUTE]))
def test_a_held_mean_is_the_area_below_what_held(given_series, cut, hold) -> None:
    times, _ = given_series
    found = taken(
        given_series, kernel.HELD_MEMORY + 2 * SLOTS, cut,
        lambda t, v, memory, out: kernel.held_mean(t, v, BUCKET, hold, memory, out[0]),
    )[0]  # fmt: skip
    for i, now in enumerate(times.tolist()):
        area, known = windowed(held(given_series, i, hold), now)
        expected = area / known if known >= 0.9 * WINDOW else area / WINDOW
        assert found[i] == pytest.approx(expected, abs=1e-7)


@given(series(1500), st.integers(0, 120), st.integers(0, 20), st.sampled_from([60, 180]))
def test_a_projection_goes_on_as_the_last_quarter_of_an_hour(
    given_series, cut, limit, ahead_minutes
) -> None:
    times, _ = given_series
    hold, ahead = 20 * MINUTE, ahead_minutes * MINUTE
    greatest, passes = taken(
        given_series, kernel.HELD_MEMORY + 2 * SLOTS, cut,
        lambda t, v, memory, out: kernel.projected_mean(
            t, v, BUCKET, hold, (float(limit), ahead), memory, out
        ),
    )  # fmt: skip
    for i, now in enumerate(times.tolist()):
        pieces, bucket = held(given_series, i, hold), now // BUCKET
        area, _ = windowed(pieces, now)
        late = [within(pieces, k) for k in range(bucket - 3, bucket + 1)]
        lately, known = sum(one[0] for one in late), sum(one[1] for one in late)
        pace = lately / known if known else 0.0
        areas = [area]
        for step in range(1, ahead // BUCKET + 1):
            areas.append(areas[-1] + pace * BUCKET - within(pieces, bucket - SLOTS + step)[0])
        means = np.array(areas) / WINDOW
        assert greatest[i] == pytest.approx(means.max(), abs=1e-7)
        over = np.flatnonzero(means > limit)
        if not over.size or over[0] == 0:
            assert np.isnan(passes[i]) or abs(means.max() - limit) < 1e-7
        elif means[over[0]] - limit > 1e-7:
            step = int(over[0])
            part = (limit - means[step - 1]) / (means[step] - means[step - 1])
            assert passes[i] == pytest.approx(now + (step - 1 + part) * BUCKET, abs=2)
