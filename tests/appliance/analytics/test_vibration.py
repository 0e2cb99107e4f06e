import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.analytics import vibration
from appliance.analytics.standards import shipped, zone_boundaries

RATE_HZ, SECONDS = 3200, 4
TIME = np.arange(RATE_HZ * SECONDS) / RATE_HZ
GROUP_2_RIGID = [limit.value for limit in zone_boundaries(shipped(), "group 2, rigid")]


def tones(*parts: tuple[float, float]) -> np.ndarray:
    """Acceleration in m/s² of tones of so many g at so many hertz."""
    return sum(g * vibration.STANDARD_GRAVITY * np.sin(2 * np.pi * hz * TIME) for g, hz in parts)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(0.1, 50)], 2.2073),
        ([(0.1, 25)], 4.4145),
        ([(0.5, 159.155)], 3.4672),
        ([(1, 500)], 2.2073),
        ([(0.1, 50), (0.05, 120)], 2.2547),
    ],
)
def test_the_golden_vectors(parts, expected) -> None:
    assert vibration.velocity_rms(tones(*parts), RATE_HZ).rms == pytest.approx(expected, rel=1e-4)


def test_gravity_and_a_drifting_sensor_change_nothing() -> None:
    drifting = tones((0.1, 50), (0.05, 120)) + vibration.STANDARD_GRAVITY * (1 + 0.02 * TIME)
    assert vibration.velocity_rms(drifting, RATE_HZ).rms == pytest.approx(2.2547, rel=1e-4)


def test_what_lies_below_the_band_is_not_counted() -> None:
    assert vibration.velocity_rms(tones((0.2, 9)), RATE_HZ).rms < 1e-9


def test_a_hard_edge_loses_part_of_a_tone_on_it() -> None:
    assert vibration.velocity_rms(tones((0.2, 10)), RATE_HZ).rms == pytest.approx(20.05, abs=0.01)


def test_a_tone_that_an_msec_sensor_folds_into_the_band_reads_as_zone_d() -> None:
    folded = 9.80665 * np.sin(2 * np.pi * 1170 * np.arange(4000) / 1000)
    velocity = vibration.velocity_rms(folded, 1000)
    assert velocity.rms == pytest.approx(6.49, abs=0.01)
    assert velocity.indicative
    assert vibration.zone(velocity.rms, GROUP_2_RIGID) == "D"
    assert not vibration.velocity_rms(tones((1, 500)), RATE_HZ).indicative


@pytest.mark.parametrize(
    ("micro_g", "floor"), [(25, 0.012), (100, 0.049), (290, 0.142), (400, 0.196)]
)
def test_the_noise_floor_is_what_the_density_says(micro_g: float, floor: float) -> None:
    density = micro_g * 1e-6 * vibration.STANDARD_GRAVITY
    noise = np.random.default_rng(1).normal(0, density * (RATE_HZ / 2) ** 0.5, RATE_HZ * 300)
    assert vibration.velocity_rms(noise, RATE_HZ).rms == pytest.approx(floor, rel=0.03)


@given(st.floats(0.01, 2), st.integers(48, 3600), st.floats(0, 6.28))
def test_a_tone_has_the_velocity_of_the_textbook(g: float, quarter_hz: int, phase: float) -> None:
    hertz = quarter_hz / 4
    wave = g * 9.80665 * np.sin(2 * np.pi * hertz * TIME + phase)
    expected = 1000 * g * 9.80665 / (2 * np.pi * hertz * 2**0.5)
    assert vibration.velocity_rms(wave, RATE_HZ).rms == pytest.approx(expected, rel=1e-3)


def test_too_little_or_holes_give_no_velocity() -> None:
    assert np.isnan(vibration.velocity_rms(tones((1, 50))[:1000], RATE_HZ).rms)
    holed = tones((1, 50))
    holed[7] = np.nan
    assert np.isnan(vibration.velocity_rms(holed, RATE_HZ).rms)
    with pytest.raises(ValueError, match="no band"):
        vibration.velocity_rms([1.0], RATE_HZ, (0, 1000))


@pytest.mark.parametrize(
    ("velocity", "zone"),
    [(0.0, "A"), (1.4, "A"), (1.41, "B"), (2.8, "B"), (4.5, "C"), (4.51, "D"), (6.49, "D"),
     (0.94, "A"), (float("nan"), None)],
)  # fmt: skip
def test_zones_of_group_2_rigid(velocity: float, zone: str | None) -> None:
    assert vibration.zone(velocity, GROUP_2_RIGID) == zone
    placed = vibration.zones([velocity], GROUP_2_RIGID)[0]
    assert zone is None if np.isnan(placed) else vibration.ZONES[int(placed)] == zone


def test_a_change_of_a_quarter_of_the_boundary_matters_either_way() -> None:
    assert vibration.changed(1.71, 1.0, 2.8).significant
    assert not vibration.changed(1.70, 1.0, 2.8).significant
    assert vibration.changed(0.2, 1.0, 2.8) == (-0.8, True)
