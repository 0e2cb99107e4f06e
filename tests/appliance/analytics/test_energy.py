import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from appliance.analytics import energy


def plant(seed: int, days: int = 60) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    drivers = np.column_stack((chance.uniform(50, 150, days), chance.uniform(0, 20, days)))
    return 400 + drivers @ [3.0, 12.0] + chance.normal(0, 10, days), drivers


@given(st.integers(0, 1000))
def test_the_fit_solves_the_normal_equations(seed: int) -> None:
    used, drivers = plant(seed)
    known = energy.fit(used, drivers)
    design = np.column_stack((np.ones(used.size), drivers))
    left = used - design @ known.coefficients
    np.testing.assert_allclose(design.T @ left, 0, atol=1e-6)
    assert known.r_squared == pytest.approx(1 - left.var() / used.var())
    assert known.cv_rmse == pytest.approx((left @ left / 57) ** 0.5 / used.mean())
    assert (known.p_values[1:] < 1e-6).all()


@given(st.integers(0, 1000))
def test_one_driver_is_scipys_regression(seed: int) -> None:
    used, drivers = plant(seed)
    known, theirs = energy.fit(used, drivers[:, 0]), stats.linregress(drivers[:, 0], used)
    assert known.coefficients == pytest.approx([theirs.intercept, theirs.slope])
    assert known.p_values[1] == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-12)
    assert known.r_squared == pytest.approx(theirs.rvalue**2)


def test_savings_run_up_from_the_day_of_the_change() -> None:
    used, drivers = plant(1, 120)
    known = energy.fit(used[:60], drivers[:60])
    used[90:] -= 50
    saved = energy.savings(known, used[60:], drivers[60:])
    assert abs(saved[29]) < 300
    assert saved[-1] == pytest.approx(saved[29] + 30 * 50, abs=300)


def test_missing_rows_neither_teach_nor_save() -> None:
    used, drivers = plant(2)
    whole = energy.fit(used[1:], drivers[1:])
    drivers[0, 0] = np.nan
    assert energy.fit(used, drivers).coefficients == pytest.approx(whole.coefficients)
    assert energy.savings(whole, used, drivers)[0] == 0
    assert np.isnan(energy.expected(whole, drivers)[0])


def test_days_beyond_what_was_seen_are_marked() -> None:
    known = energy.fit(*plant(3))
    assert energy.seen_before(known, [[100.0, 10.0], [400.0, 10.0]]).tolist() == [True, False]


def test_what_cannot_be_fitted_is_refused() -> None:
    used, drivers = plant(4)
    with pytest.raises(ValueError, match="do not fix"):
        energy.fit(used[:3], drivers[:3])
    with pytest.raises(ValueError, match="cannot be told apart"):
        energy.fit(used, np.column_stack((drivers, drivers[:, 0] * 2)))
    with pytest.raises(ValueError, match="do not match"):
        energy.fit(used[:5], drivers)
