import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.analytics import exposure
from appliance.analytics.exposure import HOUR_MS, Dose
from tests.appliance.analytics import naive
from tests.appliance.analytics.readings import readings

PLAIN = st.one_of(st.integers(0, 100).map(float), st.just(float("nan")))


def test_the_osha_example_of_a_shift() -> None:
    dose = exposure.twa(
        [0, 2 * HOUR_MS, 4 * HOUR_MS], [150.0, 75.0, 50.0], 0, 8 * HOUR_MS, 4 * HOUR_MS
    )
    assert dose == (81.25, 1.0)


def test_the_osha_example_of_a_mixture() -> None:
    doses = [Dose(500.0, 1.0), Dose(45.0, 0.9), Dose(40.0, 1.0)]
    assert exposure.mixture(doses, [1000.0, 200.0, 200.0]) == (pytest.approx(0.925), 0.9)


@pytest.mark.parametrize(
    ("molar_mass", "expected"),
    [(28.01, 1.146), (44.01, 1.800), (34.08, 1.394), (17.03, 0.697), (46.006, 1.882),
     (64.06, 2.620), (30.006, 1.227), (70.90, 2.900), (48.00, 1.963)],
)  # fmt: skip
def test_one_ppm_of_a_gas_in_milligrams(molar_mass: float, expected: float) -> None:
    assert exposure.mg_per_m3(1, molar_mass) == pytest.approx(expected, abs=6e-4)


def test_a_long_shift_is_still_divided_by_eight_hours() -> None:
    dose = exposure.twa([0], [50.0], 0, 12 * HOUR_MS, 12 * HOUR_MS)
    assert dose == (75.0, 1.0)


def test_unmeasured_time_is_not_zero_exposure_but_missing_coverage() -> None:
    dose = exposure.twa([0], [100.0], 0, 8 * HOUR_MS, 2 * HOUR_MS)
    assert dose == (25.0, 0.25)


@given(readings(values=PLAIN, most=12), st.integers(0, 60), st.integers(1, 120), st.integers(1, 40))
def test_a_dose_counts_every_millisecond_once(given_readings, start, long, hold) -> None:
    times, values = given_readings
    line = naive.held(times, values, hold, start, start + long)
    dose = exposure.twa(times, values, start, start + long, hold, hours=1)
    assert dose.value == pytest.approx(np.nansum(line) / HOUR_MS, abs=1e-12)
    assert dose.coverage == pytest.approx(np.isfinite(line).mean())


@given(readings(values=PLAIN, most=12), st.integers(1, 50), st.integers(1, 40),
       st.floats(0.05, 1))  # fmt: skip
def test_the_worst_window_is_found_wherever_it_lies(given_readings, window, hold, share) -> None:
    times, values = given_readings
    worst = exposure.worst_mean(times, values, hold, window, share)
    last = int(times[-1]) if times.size else 0
    line = naive.held(times, values, hold, -window, last + hold + window)
    best = np.nan
    for end in range(window, line.size + 1):
        seen = line[end - window : end]
        known = seen[np.isfinite(seen)]
        if known.size and known.size >= share * window:
            best = np.fmax(best, known.mean())
    assert worst.value == pytest.approx(best, nan_ok=True, abs=1e-9)


def test_a_stel_is_not_aligned_to_the_clock() -> None:
    minutes = np.arange(0, 60) * 60_000
    values = np.where((minutes >= 7 * 60_000) & (minutes < 22 * 60_000), 40.0, 0.0)
    worst = exposure.worst_mean(minutes, values, hold_ms=60_000)
    assert worst == (40.0, 22 * 60_000, 1.0)


@given(readings(values=PLAIN, most=12), st.integers(0, 60), st.integers(1, 40))
def test_time_beyond_a_limit_is_counted_to_the_millisecond(given_readings, limit, hold) -> None:
    times, values = given_readings
    end = int(times[-1]) + 15 if times.size else 1
    line = naive.held(times, values, hold, 0, end)
    for found, out in (
        (exposure.above(times, values, limit, end, hold), line > limit),
        (exposure.below(times, values, limit, end, hold), line < limit),
    ):
        runs = np.diff(np.flatnonzero(np.diff(np.concatenate(([0], out, [0])))))[::2]
        assert found.beyond_ms == out.sum()
        assert found.known_ms == np.isfinite(line).sum()
        assert (found.excursions, found.longest_ms) == (len(runs), max(runs, default=0))
        assert out[found.longest_at_ms : found.longest_at_ms + found.longest_ms].all()


def test_an_excursion_tells_how_far_it_went() -> None:
    soak = exposure.above([0, 1000, 2000, 3000], [850.0, 857.0, 861.0, 850.0], 856, 4000, 1000)
    assert soak == (2000, 4000, 1, 1000, 2000, 861.0)
    assert np.isnan(exposure.below([0], [850.0], 844, 4000, 1000).furthest)


def test_no_readings_make_no_exposure() -> None:
    assert exposure.twa([], [], 0, 10, 1) == (0.0, 0.0)
    assert np.isnan(exposure.worst_mean([], [], 1).value)
    assert exposure.mixture([], []) == (0, 0.0)
