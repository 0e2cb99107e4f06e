"""Every kind of rule: what it raises on, and that cuts into batches make no difference."""

import itertools
import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.alarms.evaluation import Evaluation, run_of
from appliance.alarms.look import Facts, view
from appliance.alarms.transition import Transition
from appliance.analytics import drift, exposure
from appliance.analytics.standards import shipped
from appliance.model.baseline import Baseline
from appliance.model.ids import DeviceId, FactoryId, RuleId
from appliance.model.rule import (
    AlarmClass,
    Condition,
    Level,
    Look,
    Rule,
    RuleMode,
    Threshold,
    kind_of,
    priority_of,
)
from appliance.model.rule_state import RuleState

MINUTE, HOUR = 60_000, 3_600_000
BEGIN = 1_795_392_000_000  # a Monday, midnight
USUAL = Baseline(
    device_id=DeviceId(1), metric="m", version=1, learnt_at="2026-11-01", from_ms=0, to_ms=1,
    mid=(50.0,) * 168, scale=(2.0,) * 168, resolution=0.1,
)  # fmt: skip
FACTS = Facts(1000, 1, baseline=USUAL, limits=shipped())
LOOKS: list[dict[str, Any]] = [
    {"kind": "threshold", "ll": 44.0, "l": 47.0, "h": 53.0, "hh": 56.0},
    {"kind": "rate", "per_minute": 4.0, "window_seconds": 120},
    {"kind": "rate", "per_minute": -4.0, "window_seconds": 60},
    {"kind": "stuck", "seconds": 20},
    {"kind": "baseline", "deviations": 2.0},
    {"kind": "drift", "method": "ewma", "deviations": 0.8, "hours": 0.05},
    {"kind": "drift", "method": "cusum", "deviations": 0.5, "hours": 0.05},
    {"kind": "exposure", "limit": "CO, NIOSH REL", "measure": "twa"},
    {"kind": "exposure", "limit": "NH3, NIOSH REL", "measure": "stel"},
    {"kind": "exposure", "limit": "Cl2, NIOSH REL", "measure": "ceiling"},
    {"kind": "vibration", "group": "group 1", "foundation": "rigid", "zone": "B/C"},
    {
        "kind": "vibration",
        "group": "group 2",
        "foundation": "flexible",
        "zone": "C/D",
        "change": True,
    },
]


def rule(look: dict[str, Any], **more: Any) -> Rule:
    seen = msgspec.convert(look, Look)
    return Rule(
        **{
            "id": RuleId(1), "factory_id": FactoryId(1), "device_id": DeviceId(1),
            "kind": kind_of(seen), "metric": "m", "look": seen, "deadband": 0.0,
            "on_delay_seconds": 0.0, "off_delay_seconds": 0.0, "priority": 2, "message": "x",
            "cause": "", "consequence": "", "what_to_do": "", "respond_seconds": None,
            "suppress_while": None, "latching": False, "note_required": False,
            "realarm_seconds": None, "alarm_class": AlarmClass.ALARM, "mode": RuleMode.LIVE,
            "version": 1,
        } | more
    )  # fmt: skip


def take(one: Rule, times: np.ndarray, values: np.ndarray) -> list[Transition]:
    return Evaluation(view(one, FACTS)).take(run_of(times, values))


def every(seconds: float, values: list[float]) -> tuple[np.ndarray, np.ndarray]:
    times = BEGIN + (np.arange(len(values)) * seconds * 1000).astype(np.int64)
    return times, np.array(values, np.float64)


def told(steps: list[Transition]) -> list[tuple[str, str, float]]:
    return [(step.level, step.step.value, (step.at_ms - BEGIN) / 1000) for step in steps]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: "-".join(map(str, look.values())))
@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from([1000, 1000, 3000, 20_000, 400_000]), st.floats(-6, 6)),
        min_size=20,
        max_size=150,
    ),
    st.lists(st.integers(0, 150), max_size=8),
    st.sampled_from([0.0, 5.0]),
    st.integers(0, 3),
)
def test_how_readings_are_cut_into_batches_makes_no_difference(
    look: dict[str, Any],
    moves: list[tuple[int, float]],
    cuts: list[int],
    delay: float,
    missing: int,
) -> None:
    """Each piece goes on from a state that was written down and read back."""
    exposed = look["kind"] == "exposure"
    one = rule(
        look, deadband=0.2, on_delay_seconds=0.0 if exposed else delay, off_delay_seconds=delay
    )
    times = BEGIN + np.cumsum([gap for gap, _ in moves])
    values = np.round(50.0 + np.cumsum([move for _, move in moves]) / (1 + missing), 1)
    values[:: 7 + missing] = math.nan
    whole = Evaluation(view(one, FACTS))
    expected = whole.take(run_of(times, values))
    state, steps = RuleState(), []
    edges = [0, *sorted(min(cut, times.size) for cut in cuts), times.size]
    for begin, end in itertools.pairwise(edges):
        piece = Evaluation(view(one, FACTS), state)
        steps += piece.take(run_of(times[begin:end], values[begin:end]))
        state = msgspec.msgpack.decode(msgspec.msgpack.encode(piece.state), type=RuleState)
    assert steps == expected
    assert msgspec.msgpack.encode(state) == msgspec.msgpack.encode(whole.state)


def test_each_level_of_a_threshold_rule_is_an_alarm_of_its_own() -> None:
    one = rule(LOOKS[0], deadband=1.0)
    steps = told(take(one, *every(1, [50, 54, 57, 55.5, 54.9, 52, 46, 43, 50])))
    assert steps == [
        ("h", "raised", 1), ("hh", "raised", 2), ("hh", "cleared", 4), ("h", "cleared", 5),
        ("l", "raised", 6), ("ll", "raised", 7), ("ll", "cleared", 8), ("l", "cleared", 8),
    ]  # fmt: skip


def test_inner_levels_are_less_urgent_beside_outer_ones() -> None:
    both = rule(LOOKS[0], priority=1)
    assert [priority_of(both, level) for level in ("ll", "l", "h", "hh")] == [1, 2, 2, 1]
    alone = rule({"kind": "threshold", "h": 5.0, "ll": 1.0}, priority=4)
    assert [priority_of(alone, level) for level in ("h", "ll")] == [4, 4]
    assert isinstance(both.look, Threshold)
    assert both.limits == {Level.LL: 44.0, Level.L: 47.0, Level.H: 53.0, Level.HH: 56.0}


def test_a_rise_is_told_by_its_slope_and_noise_is_none() -> None:
    rising = [20 + 5 * second / 60 for second in range(300)]
    [step] = take(
        rule({"kind": "rate", "per_minute": 4.0, "window_seconds": 60}), *every(1, rising)
    )
    assert step.value == pytest.approx(5.0)
    assert 40 < told([step])[0][2] < 60
    noise = np.random.default_rng(1).normal(20, 0.3, 3600).tolist()
    assert not take(
        rule({"kind": "rate", "per_minute": 4.0, "window_seconds": 60}), *every(1, noise)
    )
    falling = rule({"kind": "rate", "per_minute": -4.0, "window_seconds": 60})
    assert take(falling, *every(1, [-value for value in rising]))
    assert not take(falling, *every(1, rising))


def test_a_value_that_stands_still_is_told_and_one_that_moves_a_step_is_not() -> None:
    one = rule({"kind": "stuck", "seconds": 20})
    assert told(take(one, *every(1, [5.0] * 40))) == [("on", "raised", 21)]
    assert not take(one, *every(1, [5.0 + 0.2 * (second % 2) for second in range(100)]))
    assert told(take(one, *every(1, [5.0] * 30 + [6.0] * 10)))[-1] == ("on", "cleared", 30)
    twin = drift.still_ms(*every(1, [5.0] * 30 + [6.0] * 10), tolerance=0.1)
    assert int(twin[29]) == 29_000


def test_deviations_are_from_what_is_usual_in_this_hour_of_the_week() -> None:
    mid = tuple(50.0 if hour < 1 else 70.0 for hour in range(168))
    facts = FACTS._replace(baseline=msgspec.structs.replace(USUAL, mid=mid))
    one = rule({"kind": "baseline", "deviations": 3.0})
    times, values = every(600, [50.0] * 12)
    steps = Evaluation(view(one, facts)).take(run_of(times, values))
    assert told(steps) == [("on", "raised", 3600)]
    assert steps[0].value == 10.0


def test_without_a_baseline_a_rule_says_what_it_needs() -> None:
    looked = view(rule({"kind": "baseline", "deviations": 3.0}), Facts(1000))
    assert looked.needs is not None
    assert "No baseline of m" in looked.needs
    assert not Evaluation(looked).take(run_of(*every(1, [1e9])))


@pytest.mark.parametrize("method", ["ewma", "cusum"])
def test_a_slow_drift_is_told_and_what_is_usual_is_not(method: str) -> None:
    one = rule({"kind": "drift", "method": method, "deviations": 1.0, "hours": 2.0})
    usual = np.random.default_rng(2).normal(50, 2, 86_400).tolist()
    assert not take(one, *every(1, usual))
    drifting = [value + second / 3600 for second, value in enumerate(usual)]
    [step] = take(one, *every(1, drifting))
    assert 2 * 3600 < told([step])[0][2] < 6 * 3600


def test_a_twa_is_told_ahead_with_its_time() -> None:
    """50 ppm from the start: 35 ppm × 8 h are reached after 5.6 h."""
    one = rule({"kind": "exposure", "limit": "CO, NIOSH REL", "measure": "twa"})
    [step] = take(one, *every(10, [50.0] * 2400))
    assert step.forecast_ms is not None
    assert (step.forecast_ms - BEGIN) / HOUR == pytest.approx(5.6, abs=0.02)
    assert told([step])[0][2] / 3600 == pytest.approx(4.6, abs=0.1)
    sooner = msgspec.structs.replace(one, respond_seconds=600.0)
    [step] = take(sooner, *every(10, [50.0] * 2400))
    assert told([step])[0][2] / 3600 == pytest.approx(5.6 - 1 / 6, abs=0.1)
    assert not take(one, *every(10, [34.0] * 8640)), "below the limit it is never reached"


def test_a_stel_is_the_worst_mean_of_fifteen_minutes() -> None:
    one = rule({"kind": "exposure", "limit": "NH3, NIOSH REL", "measure": "stel"})
    values = [10.0] * 100 + [60.0] * 100 + [10.0] * 100
    times, row = every(10, values)
    [raised, cleared] = take(one, times, row)
    assert raised.value == pytest.approx(35.0, rel=0.02)
    until = int(np.searchsorted(times, raised.at_ms)) + 1
    twin = exposure.worst_mean(times[:until], row[:until], 10_000, min_coverage=1.0)
    assert twin.value == pytest.approx(raised.value or 0, rel=0.03)
    assert cleared.at_ms > raised.at_ms


def test_a_zone_is_left_at_its_boundary_and_a_change_shows_inside_it() -> None:
    zone = rule(LOOKS[-2])
    steps = take(zone, *every(1, [4.5, 4.51]))
    assert told(steps) == [("on", "raised", 1)]
    change = rule({**LOOKS[-2], "change": True})
    usual = FACTS._replace(baseline=msgspec.structs.replace(USUAL, mid=(1.0,) * 168))
    found = Evaluation(view(change, usual)).take(run_of(*every(1, [2.0, 2.2])))
    assert told(found) == [("on", "raised", 1)]


def test_while_the_condition_holds_readings_count_as_missing() -> None:
    condition = Condition(metric="running", below=0.5)
    one = rule({"kind": "threshold", "h": 10.0}, suppress_while=condition)
    times, values = every(1, [11, 9, 11, 11, 9, 11])
    running = np.array([1.0, 1, 0, 0, 0, 1])
    evaluation = Evaluation(view(one, FACTS), None, condition)
    steps = evaluation.take(run_of(times, values), run_of(times, running))
    assert told(steps) == [
        ("h", "raised", 0), ("h", "cleared", 1), ("on", "suppressed", 2),
        ("on", "unsuppressed", 5), ("h", "raised", 5),
    ]  # fmt: skip
