"""The rule's state machine against a plain one, one reading at a time."""

import itertools
import math

import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.alarms import threshold
from appliance.alarms.transition import Step, Transition
from appliance.model.ids import DeviceId, FactoryId, RuleId
from appliance.model.rule import Phase, Rule, RuleKind, RuleState

NEVER_STALE = 10**9
NAN = math.nan
HIGH = Rule(
    id=RuleId(1), factory_id=FactoryId(1), device_id=DeviceId(1), kind=RuleKind.HIGH,
    metric="temperature", limit=100.0, deadband=0.0, on_delay_seconds=0.0, off_delay_seconds=0.0,
    priority=1, message="Too hot", what_to_do="Look", enabled=True,
)  # fmt: skip

Readings = list[tuple[int, float]]


def rule(**changes: object) -> Rule:
    return msgspec.structs.replace(HIGH, **changes)


def run(
    on: Rule,
    readings: Readings,
    state: RuleState | None = None,
    received_ms: int | None = None,
    stale_ms: int = NEVER_STALE,
    gap_ms: int = threshold.GAP_MS,
) -> tuple[RuleState, list[tuple[str, int, float | None]]]:
    times = np.array([time for time, _ in readings], np.int64)
    values = np.array([value for _, value in readings], np.float64)
    received = received_ms if received_ms is not None else int(times[-1])
    state, steps = threshold.evaluate(
        on, state or RuleState(), times, values, received, stale_ms, gap_ms
    )
    return state, [(step.step.value, step.at_ms, step.value) for step in steps]


def steps(on: Rule, *values: float, every_ms: int = 1000) -> list[tuple[str, int]]:
    readings = [(number * every_ms, value) for number, value in enumerate(values)]
    return [(step, at_ms // every_ms) for step, at_ms, _ in run(on, readings)[1]]


def test_a_value_on_the_limit_is_not_beyond_it() -> None:
    assert steps(HIGH, 99, 100, 100.001) == [("raised", 2)]
    assert steps(rule(kind=RuleKind.LOW), 101, 100, 99.999) == [("raised", 2)]


def test_it_clears_at_the_limit_less_the_deadband() -> None:
    assert steps(rule(deadband=5.0), 101, 96, 95.001, 95) == [("raised", 0), ("cleared", 3)]
    low = rule(kind=RuleKind.LOW, deadband=5.0)
    assert steps(low, 99, 104, 104.999, 105) == [("raised", 0), ("cleared", 3)]
    assert steps(HIGH, 101, 100.5, 100) == [("raised", 0), ("cleared", 2)]


def test_a_value_inside_the_deadband_does_not_chatter() -> None:
    assert steps(rule(deadband=5.0), 101, 99, 101, 98, 101, 90) == [("raised", 0), ("cleared", 5)]


def test_it_raises_with_the_first_reading_at_the_end_of_the_on_delay() -> None:
    delayed = rule(on_delay_seconds=2.0)
    assert steps(delayed, 101, 102, 103, 104) == [("raised", 2)]
    assert steps(delayed, 101, 102, 100, 104, 104, 104) == [("raised", 5)]
    assert steps(delayed, 101, NAN, NAN, NAN, 102) == [("raised", 4)]
    assert steps(rule(on_delay_seconds=1.001), 101, 101, 101) == [("raised", 2)]


def test_it_clears_with_the_first_reading_at_the_end_of_the_off_delay() -> None:
    delayed = rule(off_delay_seconds=2.0, deadband=5.0)
    assert steps(delayed, 101, 90, 90, 90, 90) == [("raised", 0), ("cleared", 3)]
    assert steps(delayed, 101, 90, 90, 97, 90, 90, 90) == [("raised", 0), ("cleared", 6)]


def test_the_time_and_the_value_are_those_of_the_reading_that_settled_it() -> None:
    _, told = run(rule(on_delay_seconds=1.0), [(0, 101.0), (1500, 107.0), (2000, 99.0)])
    assert told == [("raised", 1500, 107.0), ("cleared", 2000, 99.0)]


def test_a_delay_goes_on_in_the_next_batch() -> None:
    delayed = rule(on_delay_seconds=10.0)
    state, told = run(delayed, [(0, 101.0), (5_000, 101.0)])
    assert (state, told) == (RuleState(Phase.RISING, 0, 5_000), [])
    state, told = run(delayed, [(9_999, 101.0), (10_000, 101.0)], state)
    assert told == [("raised", 10_000, 101.0)]


def test_a_gap_lets_a_delay_begin_anew() -> None:
    delayed = rule(on_delay_seconds=10.0, off_delay_seconds=10.0)
    three_hours, joined = 10_800_000, threshold.GAP_MS
    state, told = run(delayed, [(0, 101.0), (5_000, 101.0), (three_hours, 101.0)])
    assert (state, told) == (RuleState(Phase.RISING, three_hours, three_hours), [])
    in_two, _ = run(delayed, [(0, 101.0), (5_000, 101.0)])
    assert run(delayed, [(three_hours, 101.0)], in_two) == (state, [])
    assert run(delayed, [(three_hours + 10_000, 101.0)], state)[1]
    assert run(delayed, [(0, 101.0), (joined, 101.0)])[1] == [("raised", joined, 101.0)]
    assert run(delayed, [(0, 101.0), (joined + 1, 101.0)])[1] == []
    assert run(delayed, [(0, 101.0), (600_000, 101.0)], gap_ms=600_000)[1]
    raised = RuleState(Phase.RAISED, 0, 0)
    state, told = run(delayed, [(1000, 90.0), (three_hours, 90.0)], raised)
    assert (state.phase, state.since_ms, told) == (Phase.FALLING, three_hours, [])


def test_without_a_delay_a_gap_changes_nothing() -> None:
    assert run(HIGH, [(0, 99.0), (10_800_000, 101.0), (21_600_000, 99.0)])[1] == [
        ("raised", 10_800_000, 101.0),
        ("cleared", 21_600_000, 99.0),
    ]


def test_stale_readings_never_raise_but_a_fresh_one_after_them_does() -> None:
    old = [(0, 101.0), (1000, 101.0)]
    state, told = run(HIGH, old, received_ms=302_000, stale_ms=300_000)
    assert (state.phase, told) == (Phase.RISING, [])
    _, told = run(HIGH, [(302_000, 101.0)], state, received_ms=303_000, stale_ms=300_000)
    assert told == [("raised", 302_000, 101.0)]
    _, told = run(HIGH, [(302_000, 99.0)], state, received_ms=303_000, stale_ms=300_000)
    assert told == []


def test_stale_readings_may_clear() -> None:
    state = RuleState(Phase.RAISED, 0, 0)
    _, told = run(HIGH, [(1000, 99.0)], state, received_ms=900_000, stale_ms=300_000)
    assert told == [("cleared", 1000, 99.0)]


def test_a_reading_exactly_as_old_as_the_stale_limit_still_raises() -> None:
    assert run(HIGH, [(0, 101.0)], received_ms=300_000, stale_ms=300_000)[1]
    assert not run(HIGH, [(0, 101.0)], received_ms=300_001, stale_ms=300_000)[1]


def test_readings_older_than_the_newest_evaluated_change_nothing() -> None:
    state = RuleState(Phase.RAISED, 5000, 10_000)
    assert run(HIGH, [(6000, 50.0), (9999, 50.0)], state, received_ms=11_000) == (state, [])


def test_readings_from_the_future_change_nothing() -> None:
    assert run(HIGH, [(10_001, 101.0)], received_ms=10_000) == (RuleState(), [])


def test_a_clock_set_back_does_not_silence_a_rule() -> None:
    state = RuleState(Phase.RISING, 3_600_000, 3_600_000)
    state, told = run(rule(on_delay_seconds=5.0), [(1000, 101.0)], state, received_ms=1000)
    assert told == []
    _, told = run(rule(on_delay_seconds=5.0), [(6000, 101.0)], state, received_ms=6000)
    assert told == [("raised", 6000, 101.0)]


def test_nothing_but_nan_is_nothing() -> None:
    state = RuleState(Phase.RISING, 0, 0)
    assert run(HIGH, [(1000, NAN), (2000, NAN)], state) == (state, [])


def test_a_rule_without_a_limit_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no limit"):
        run(rule(limit=None), [(0, 1.0)])


class Plain:
    """The same machine, one reading after the other, as a person would write it down."""

    def __init__(self, on: Rule, fresh_ms: int, gap_ms: int) -> None:
        self.rule, self.fresh_ms, self.gap_ms = on, fresh_ms, gap_ms
        self.seen = 0
        self.standing = False
        self.waiting_since: int | None = None
        self.steps: list[Transition] = []

    def take(self, time: int, value: float) -> None:
        limit, deadband = self.rule.limit or 0.0, self.rule.deadband
        high = self.rule.kind is RuleKind.HIGH
        beyond = value > limit if high else value < limit
        inside = value <= limit - deadband if high else value >= limit + deadband
        gap, self.seen = time - self.seen, time
        if gap > self.gap_ms:
            self.waiting_since = None
        if not (inside if self.standing else beyond):
            self.waiting_since = None
            return
        if self.waiting_since is None:
            self.waiting_since = time
        delay = self.rule.off_delay_seconds if self.standing else self.rule.on_delay_seconds
        if time - self.waiting_since < delay * 1000:
            return
        if not self.standing and time < self.fresh_ms:
            return
        self.steps.append(Transition(Step.CLEARED if self.standing else Step.RAISED, time, value))
        self.standing, self.waiting_since = not self.standing, None


VALUES = st.sampled_from([90.0, 94.0, 95.0, 96.0, 99.0, 100.0, 101.0, 105.0, 106.0, NAN])
READINGS = st.lists(st.tuples(st.integers(0, 4), VALUES), min_size=1, max_size=40)
RULES = st.builds(
    rule,
    kind=st.sampled_from([RuleKind.HIGH, RuleKind.LOW]),
    deadband=st.sampled_from([0.0, 1.0, 5.0]),
    on_delay_seconds=st.sampled_from([0.0, 0.001, 0.003, 0.01]),
    off_delay_seconds=st.sampled_from([0.0, 0.002, 0.007]),
)


@given(
    RULES,
    READINGS,
    st.lists(st.integers(0, 40), max_size=6),
    st.integers(0, 200),
    st.integers(1, 9),
)
@example(HIGH, [(0, 101.0), (0, 99.0), (0, 101.0)], [1, 2], 200, 9)
def test_it_is_the_plain_machine_however_the_readings_are_cut(
    on: Rule, gaps: Readings, cuts: list[int], stale_ms: int, gap_ms: int
) -> None:
    times = np.cumsum([gap for gap, _ in gaps])
    readings = [(int(time), value) for time, (_, value) in zip(times, gaps, strict=True)]
    received_ms = readings[-1][0]
    plain = Plain(on, received_ms - stale_ms, gap_ms)
    for time, value in readings:
        if not math.isnan(value):
            plain.take(time, value)

    state, told = RuleState(), []
    edges = [0, *sorted(min(cut, len(readings)) for cut in cuts), len(readings)]
    for start, end in itertools.pairwise(edges):
        if start < end:
            state, some = run(on, readings[start:end], state, received_ms, stale_ms, gap_ms)
            told += some

    assert told == [(step.step.value, step.at_ms, step.value) for step in plain.steps]
    standing = state.phase in {Phase.RAISED, Phase.FALLING}
    assert standing == plain.standing
    waiting = state.phase in {Phase.RISING, Phase.FALLING}
    assert (state.since_ms if waiting else None) == plain.waiting_since


@given(RULES, READINGS)
def test_low_is_the_mirror_image_of_high(on: Rule, gaps: Readings) -> None:
    other = RuleKind.LOW if on.kind is RuleKind.HIGH else RuleKind.HIGH
    times = np.cumsum([gap for gap, _ in gaps]).tolist()
    readings = list(zip(times, [value for _, value in gaps], strict=True))
    mirrored = [(time, -value) for time, value in readings]
    flipped = msgspec.structs.replace(on, kind=other, limit=-100.0)
    state, told = run(on, readings)
    assert run(flipped, mirrored) == (
        state,
        [(step, at_ms, None if value is None else -value) for step, at_ms, value in told],
    )
