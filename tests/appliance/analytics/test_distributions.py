import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from appliance.analytics import distributions

DEGREES = st.integers(1, 400)


@given(st.floats(0, 1), st.floats(0.5, 300), st.floats(0.5, 300))
def test_the_incomplete_beta_function_is_scipys(x: float, a: float, b: float) -> None:
    assert distributions.incomplete_beta(x, a, b) == pytest.approx(
        special.betainc(a, b, x), rel=1e-9, abs=1e-12
    )


@given(st.floats(-50, 50), DEGREES)
def test_p_values_are_scipys(t: float, freedom: int) -> None:
    expected = 2 * stats.t.sf(abs(t), freedom)
    assert distributions.t_p_value(t, freedom) == pytest.approx(expected, rel=1e-8, abs=1e-300)


@given(st.floats(0.01, 0.9999), st.integers(1, 20), st.integers(2, 400))
def test_f_quantiles_are_scipys(share: float, over: int, under: int) -> None:
    expected = stats.f.ppf(share, over, under)
    assert distributions.f_quantile(share, over, under) == pytest.approx(expected, rel=1e-7)
