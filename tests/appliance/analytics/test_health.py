import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.analytics.health import Health, Signal, health
from appliance.analytics.standards import shipped, zone_boundaries

LIMITS = tuple(limit.value for limit in zone_boundaries(shipped(), "group 2, rigid"))
READINGS = st.one_of(st.floats(0, 20), st.sampled_from([1.4, 2.8, 4.5, 5.625, math.inf]))


@st.composite
def signals(draw, least=1):
    number = draw(st.integers(least, 6))
    return [
        Signal(
            f"signal {i}",
            draw(READINGS),
            draw(st.sampled_from([LIMITS, (1.0, 2.0, 3.0)])),
            draw(st.floats(-12, 12)),
            draw(st.floats(0.1, 10)),
            draw(st.booleans()),
            draw(st.floats(0, 1)),
        )
        for i in range(number)
    ]


@given(signals(), st.data())
def test_a_worse_reading_or_drift_never_raises_the_score(machine, data) -> None:
    which = data.draw(st.integers(0, len(machine) - 1))
    old = machine[which]
    worse = old._replace(
        reading=old.reading + data.draw(st.floats(0, 10)),
        drift=old.drift * data.draw(st.floats(1, 3)),
    )
    after = health([*machine[:which], worse, *machine[which + 1 :]])
    assert after.score <= health(machine).score


@given(signals())
def test_the_parts_add_up_exactly_to_the_loss(machine) -> None:
    found = health(machine)
    assert 0 <= found.score <= 100
    assert sum(part.loss for part in found.parts) == 100 - found.score
    assert sum(part.loss for part in reversed(found.parts)) == 100 - found.score
    assert [part.loss for part in found.parts] == sorted(
        (part.loss for part in found.parts), reverse=True
    )


@given(signals(), st.floats(0, 1))
def test_missing_data_is_told_beside_the_score_and_never_in_it(machine, quality) -> None:
    worse = [signal._replace(quality=quality * signal.quality) for signal in machine]
    found = health(worse)
    assert found.score == health(machine).score
    assert found.quality == min(signal.quality for signal in worse)


@pytest.mark.parametrize(
    ("reading", "score"),
    [(0.0, 100), (1.4, 90), (2.8, 60), (4.5, 30), (5.625, 0), (50.0, 0), (2.1, 75)],
)
def test_one_bearing_is_scored_by_its_zones(reading: float, score: float) -> None:
    assert health([Signal("bearing", reading, LIMITS)]).score == pytest.approx(score)


def test_one_bad_bearing_is_not_averaged_away() -> None:
    machine = [Signal("bad", 5.7, LIMITS), *(Signal(f"good {i}", 0.0, LIMITS) for i in range(9))]
    found = health(machine)
    assert found.score == pytest.approx(100 - 60 - 4)
    assert found.parts[0].name == "bad"


def test_a_drift_costs_before_any_limit_is_reached() -> None:
    found = health([Signal("bearing", 0.0, LIMITS, drift=-5.5)])
    assert found.score == pytest.approx(85)
    assert (found.parts[0].by_limits, found.parts[0].by_drift) == (0.0, 15.0)


def test_what_was_not_measured_is_named_and_leaves_the_score() -> None:
    found = health([Signal("a", math.nan, LIMITS, quality=0.0), Signal("b", 2.8, LIMITS)])
    assert (found.score, found.unmeasured, found.quality) == (pytest.approx(60), ("a",), 0.0)
    assert health([Signal("a", math.nan, LIMITS)]).score is None
    assert health([]) == Health(None, (), 0.0, ())


def test_limits_that_do_not_rise_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="bearing: limits"):
        health([Signal("bearing", 1.0, (2.0, 1.0, 3.0))])
    with pytest.raises(ValueError, match="bearing: no weight"):
        health([Signal("bearing", 1.0, LIMITS, weight=0.0)])
