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
        ("CO2", "TWA", "OSHA", 5000), ("CO2", "TWA", "NIOSH", 5000), ("NO", "TWA", "OSHA", 25),
        ("NO", "TWA", "NIOSH", 25), ("HCN", "TWA", "OSHA", 10), ("HCN", "STEL", "NIOSH", 4.7),
        ("HCl", "ceiling", "OSHA", 5), ("HCl", "ceiling", "NIOSH", 5), ("O3", "TWA", "OSHA", 0.1),
        ("O3", "ceiling", "NIOSH", 0.1),
    ],
)  # fmt: skip
def test_gas_limits_in_ppm(gas: str, name: str, source: str, value: float) -> None:
    row = pick(LIMITS, "gas_concentration", gas, name, source)
    assert (row.value, row.unit) == (value, "[ppm]")


def test_furnace_classes_are_in_degrees_celsius() -> None:
    rows = [row for row in LIMITS if row.quantity == "furnace_uniformity"]
    assert [row.value for row in rows] == [3, 6, 8, 10, 14, 28]
    assert {row.unit for row in rows} == {"Cel"}


def test_a_survey_may_differ_by_a_temperature_or_by_a_share_of_it() -> None:
    rows = [row for row in LIMITS if row.quantity == "furnace_sat_difference"]
    found = {
        name: [row.value for row in rows if row.name == name] for name in ("difference", "share")
    }
    assert found == {
        "difference": [1.1, 1.7, 2.2, 2.2, 2.8, 5.6],
        "share": [0.2, 0.3, 0.4, 0.4, 0.5, 1.0],
    }


def test_slow_machines_have_boundaries_of_displacement() -> None:
    rows = [row for row in LIMITS if row.quantity == "vibration_displacement_rms"]
    assert [row.value for row in rows] == [29, 57, 90, 45, 90, 140, 22, 45, 71, 37, 71, 113]


def test_a_quarter_of_the_boundary_and_a_tenth_of_the_lower_flammable_limit() -> None:
    [change] = [row for row in LIMITS if row.quantity == "vibration_change"]
    [flammable] = [row for row in LIMITS if row.quantity == "gas_lower_flammable_limit"]
    assert (change.value, flammable.value) == (25, 10)


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
