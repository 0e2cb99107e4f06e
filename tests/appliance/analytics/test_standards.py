import pytest

from appliance.analytics.standards import pick, shipped, zone_boundaries
from appliance.errors import NotFound
from appliance.model.limit import Trust

LIMITS = shipped()


@pytest.mark.parametrize(
    ("group", "boundaries"),
    [
        ("group 1, rigid", [2.3, 4.5, 7.1]),
        ("group 1, flexible", [3.5, 7.1, 11.0]),
        ("group 2, rigid", [1.4, 2.8, 4.5]),
        ("group 2, flexible", [2.3, 4.5, 7.1]),
    ],
)
def test_the_zone_boundaries_are_those_of_20816_and_not_of_10816_1(group, boundaries) -> None:
    rows = zone_boundaries(LIMITS, group)
    assert [row.value for row in rows] == boundaries
    assert {row.unit for row in rows} == {"mm/s"}


@pytest.mark.parametrize(
    ("gas", "name", "source", "value"),
    [
        ("CO", "TWA", "OSHA", 50), ("CO", "TWA", "NIOSH", 35), ("CO", "ceiling", "NIOSH", 200),
        ("CO2", "STEL", "NIOSH", 30_000), ("H2S", "ceiling", "OSHA", 20),
        ("H2S", "peak", "OSHA", 50),
        ("H2S", "ceiling", "NIOSH", 10), ("NH3", "TWA", "OSHA", 50), ("NH3", "TWA", "NIOSH", 25),
        ("NH3", "STEL", "NIOSH", 35), ("NO2", "ceiling", "OSHA", 5), ("NO2", "STEL", "NIOSH", 1),
        ("SO2", "TWA", "OSHA", 5), ("SO2", "TWA", "NIOSH", 2), ("SO2", "STEL", "NIOSH", 5),
        ("Cl2", "ceiling", "OSHA", 1), ("Cl2", "ceiling", "NIOSH", 0.5),
    ],
)  # fmt: skip
def test_gas_limits_in_ppm(gas: str, name: str, source: str, value: float) -> None:
    row = pick(LIMITS, "gas_concentration", gas, name, source)
    assert (row.value, row.unit) == (value, "[ppm]")


def test_furnace_classes_are_in_degrees_celsius() -> None:
    rows = [row for row in LIMITS if row.quantity == "furnace_uniformity"]
    assert [row.value for row in rows] == [3, 6, 8, 10, 14, 28]
    assert {row.unit for row in rows} == {"Cel"}


def test_oxygen_has_two_sides() -> None:
    low, high = (pick(LIMITS, "gas_concentration", "O2", side, "OSHA") for side in ("low", "high"))
    assert (low.value, high.value) == (19.5, 23.5)


def test_each_limit_says_where_it_is_from_and_is_there_once() -> None:
    places = [(row.quantity, row.subject, row.name, row.source, row.unit) for row in LIMITS]
    assert len(set(places)) == len(places)
    assert all(row.source and row.edition and row.clause and row.unit for row in LIMITS)
    assert not any("ACGIH" in row.source for row in LIMITS)  # its values are not free to ship


def test_only_what_was_read_in_the_source_is_confirmed_as_shipped() -> None:
    assert {row.trust for row in LIMITS if row.confirmed} == {Trust.PRIMARY}
    assert not any(row.confirmed for row in LIMITS if row.source == "ISO 20816-3")


def test_a_limit_that_is_not_there_is_not_invented() -> None:
    with pytest.raises(NotFound, match="ACGIH gives no TWA for gas_concentration of CO"):
        pick(LIMITS, "gas_concentration", "CO", "TWA", "ACGIH")
