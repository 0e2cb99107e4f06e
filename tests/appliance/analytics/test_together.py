import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import mahalanobis

from appliance.analytics import together


def sensors(seed: int, rows: int = 200) -> np.ndarray:
    chance = np.random.default_rng(seed)
    load = chance.normal(0, 1, rows)
    noise = chance.normal(0, 0.2, (rows, 3))
    return np.column_stack((60 + 5 * load, 2 + 0.3 * load, 1000 - 80 * load)) + noise * [1, 0.1, 20]


@given(st.integers(0, 500))
def test_t_squared_is_the_mahalanobis_distance_and_its_parts_add_up(seed: int) -> None:
    table = sensors(seed)
    found = together.t_squared(together.learn(table), table[:10])
    inverse = np.linalg.inv(np.cov(table, rowvar=False))
    for row, value, parts in zip(table, found.value, found.contributions, strict=False):
        assert value == pytest.approx(mahalanobis(row, table.mean(axis=0), inverse) ** 2, rel=1e-6)
        assert parts.sum() == pytest.approx(value)


def test_a_sensor_that_leaves_its_neighbours_is_named() -> None:
    known = together.learn(sensors(1))
    odd = known.mean + np.array(
        [5.0, -0.3, -80.0]
    )  # each is usual alone; vibration fell as load rose
    found = together.t_squared(known, odd)
    assert found.value[0] > together.limit(known)
    assert found.contributions[0].argmax() == 1


def test_good_rows_pass_the_limit_as_rarely_as_it_says() -> None:
    known = together.learn(sensors(2, 2000))
    beyond = together.t_squared(known, sensors(3, 20_000)).value > together.limit(known, 0.99)
    assert beyond.mean() == pytest.approx(0.01, abs=0.004)


def test_what_cannot_be_learnt_from_is_refused() -> None:
    table = sensors(4)
    with pytest.raises(ValueError, match="too few"):
        together.learn(table[:4])
    with pytest.raises(ValueError, match="say the same"):
        together.learn(np.column_stack((table, table[:, 0])))
    with pytest.raises(ValueError, match="never moved"):
        together.learn(np.column_stack((table, np.ones(len(table)))))
    table[:190] = np.nan
    assert together.learn(table).number == 10
    assert np.isnan(together.t_squared(together.learn(table), table[0]).value[0])
