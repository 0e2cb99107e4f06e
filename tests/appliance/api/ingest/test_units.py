"""Units: known ones become the metric's own exactly, all others are refused by name."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.api.ingest.units import UNITS, conversion
from appliance.errors import Unprocessable
from appliance.model.ids import MetricId
from appliance.model.metric import Metric


def metric(unit: str) -> Metric:
    return Metric(MetricId(1), "quantity", unit, unit, "Quantity", 1)


def convert(value: float, unit: str, into: str) -> float:
    found = conversion(unit, metric(into))
    return found(value) if found else value


@pytest.mark.parametrize(
    ("value", "unit", "into", "expected"),
    [
        (21.7, "Cel", "Cel", 21.7),
        (273.15, "K", "Cel", 0.0),
        (0, "K", "Cel", -273.15),
        (300, "K", "Cel", 26.85),
        (32, "[degF]", "Cel", 0.0),
        (212, "[degF]", "Cel", 100.0),
        (-40, "[degF]", "Cel", -40.0),
        (98.6, "[degF]", "Cel", 37.0),
        (100, "Cel", "[degF]", 212.0),
        (1500, "[ppb]", "[ppm]", 1.5),
        (0.1, "%", "[ppm]", 1000.0),
        (0.41, "1", "%", 41.0),
        (1, "[ppth]", "[ppm]", 1000.0),
        (0.0023, "m/s", "mm/s", 2.3),
        (0.25, "cm/s", "mm/s", 2.5),
        (2300, "um/s", "mm/s", 2.3),
        (0.1, "[in_i]/s", "mm/s", 2.54),
        (1, "[g]", "m/s2", 9.80665),
        (9.80665, "m/s2", "[g]", 1.0),
        (1250, "W", "kW", 1.25),
        (0.5, "MW", "kW", 500.0),
        (1, "W.h", "kW.h", 0.001),
        (3.6, "MJ", "kW.h", 1.0),
        (3600, "J", "W.h", 1.0),
        (100_000, "Pa", "bar", 1.0),
        (1013.25, "hPa", "bar", 1.01325),
        (250, "kPa", "bar", 2.5),
        (0.7, "MPa", "bar", 7.0),
        (1, "[psi]", "bar", 0.06894757293168362),
        (100, "[psi]", "bar", 6.894757293168361),
        (4, "mA", "A", 0.004),
        (3000, "/min", "Hz", 50.0),
        (1.5, "mg/m3", "ug/m3", 1500.0),
    ],
)
def test_golden_values_come_out_exactly(
    value: float, unit: str, into: str, expected: float
) -> None:
    assert convert(value, unit, into) == expected


@given(
    st.sampled_from(sorted(UNITS)),
    st.sampled_from(sorted(UNITS)),
    st.floats(-1e9, 1e9, allow_subnormal=False),
)
def test_a_conversion_is_as_near_as_doubles_allow(unit: str, into: str, value: float) -> None:
    if UNITS[unit].dimension != UNITS[into].dimension:
        with pytest.raises(Unprocessable, match="no such unit"):
            conversion(unit, metric(into))
        return
    given, own = UNITS[unit], UNITS[into]
    base = Fraction(value) * given.scale + given.zero
    exact = (base - own.zero) / own.scale
    size = max(abs(exact), abs(own.zero / own.scale), Fraction(1, 10**12))
    assert abs(Fraction(convert(value, unit, into)) - exact) <= size / 2**50


@pytest.mark.parametrize("unit", ["", "°C", "celsius", "cel", "CEL", "ppm", "g", "furlong", "\x00"])
def test_an_unknown_unit_is_refused_by_name(unit: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        conversion(unit, metric("Cel"))
    assert repr(unit) in str(refused.value)


def test_a_metric_in_a_unit_of_its_own_takes_that_unit_alone() -> None:
    assert conversion("[pH]", metric("[pH]")) is None
    with pytest.raises(Unprocessable):
        conversion("1", metric("[pH]"))


def test_every_known_unit_is_in_the_page_for_senders() -> None:
    page = (Path(__file__).parents[4] / "docs/senders.md").read_text("utf-8")
    assert [code for code in UNITS if f"`{code}`" not in page] == []
