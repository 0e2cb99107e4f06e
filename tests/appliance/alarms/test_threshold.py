"""The rule's state machine against a plain one, one reading at a time."""

import itertools
import math
from typing import NamedTuple

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.alarms import threshold
from appliance.alarms.threshold import Bound, Indicator
from appliance.alarms.transition import Step, Transition
from appliance.model.rule_state import LevelState, Phase

NAN = math.nan
HIGH = Bound("h", 100.0, 1.0, 0.0, 0, 0)
LOW = HIGH._replace(level="l", sign=-1.0)

Readings = list[tuple[int, float]]


class State(NamedTuple):
    level: LevelState = LevelState()
    seen_ms: int | None = None

    @property
    def phase(self) -> Phase:
        return self.level.phase

    @property
    def since_ms(self) -> int | None:
        return self.level.since_ms


def rule(on: Bound = HIGH, **changes: float) -> Bound:
    delays = {
        name.replace("delay_seconds", "ms"): round(1000 * changes.pop(name))
        for name in ("on_delay_seconds", "off_delay_seconds")
        if name in changes
    }
    return on._replace(**changes, **delays)


def run(
    on: Bound, readings: Readings, state: State | None = None, gap_ms: int = threshold.GAP_MS
) -> tuple[State, list[tuple[str, int, float | None]]]:
    known = [(time, value) for time, value in readings if not math.isnan(value)]
    state = state or State()
    if not known:
        return state, []
    times = np.array([time for time, _ in known], np.int64)
    values = np.array([value for _, value in known], np.float64)
    before = times[0] if state.seen_ms is None else state.seen_ms
    after_gap = np.diff(times, prepend=before) > gap_ms
    level, steps = threshold.evaluate(on, state.level, Indicator(times, values, after_gap))
    seen = State(level, known[-1][0])
    return seen, [(step.step.value, step.at_ms, step.value) for step in steps]


def steps(on: Bound, *values: float, every_ms: int = 1000) -> list[tuple[str, int]]:
    readings = [(number * every_ms, value) for number, value in enumerate(values)]
    return [(step, at_ms // every_ms) for step, at_ms, _ in run(on, readings)[1]]


def test_a_value_on_the_limit_is_not_beyond_it() -> None:
    assert steps(HIGH, 99, 100, 100.001) == [("raised", 2)]
    assert steps(LOW, 101, 100, 99.999) == [("raised", 2)]


def test_it_clears_at_the_limit_less_the_deadband() -> None:
    assert steps(rule(deadband=5.0), 101, 96, 95.001, 95) == [("raised", 0), ("cleared", 3)]
    low = rule(LOW, deadband=5.0)
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
    assert (state, told) == (State(LevelState(Phase.RISING, 0), 5_000), [])
    state, told = run(delayed, [(9_999, 101.0), (10_000, 101.0)], state)
    assert told == [("raised", 10_000, 101.0)]


def test_a_gap_lets_a_delay_begin_anew() -> None:
    delayed = rule(on_delay_seconds=10.0, off_delay_seconds=10.0)
    three_hours, joined = 10_800_000, threshold.GAP_MS
    state, told = run(delayed, [(0, 101.0), (5_000, 101.0), (three_hours, 101.0)])
    assert (state, told) == (State(LevelState(Phase.RISING, three_hours), three_hours), [])
    in_two, _ = run(delayed, [(0, 101.0), (5_000, 101.0)])
    assert run(delayed, [(three_hours, 101.0)], in_two) == (state, [])
    assert run(delayed, [(three_hours + 10_000, 101.0)], state)[1]
    assert run(delayed, [(0, 101.0), (joined, 101.0)])[1] == [("raised", joined, 101.0)]
    assert run(delayed, [(0, 101.0), (joined + 1, 101.0)])[1] == []
    assert run(delayed, [(0, 101.0), (600_000, 101.0)], gap_ms=600_000)[1]
    raised = State(LevelState(Phase.RAISED, 0), 0)
    state, told = run(delayed, [(1000, 90.0), (three_hours, 90.0)], raised)
    assert (state.phase, state.since_ms, told) == (Phase.FALLING, three_hours, [])


def test_without_a_delay_a_gap_changes_nothing() -> None:
    assert run(HIGH, [(0, 99.0), (10_800_000, 101.0), (21_600_000, 99.0)])[1] == [
        ("raised", 10_800_000, 101.0),
        ("cleared", 21_600_000, 99.0),
    ]


def test_nothing_but_nan_is_nothing() -> None:
    state = State(LevelState(Phase.RISING, 0), 0)
    assert run(HIGH, [(1000, NAN), (2000, NAN)], state) == (state, [])


class Plain:
    """The same machine, one reading after the other, as a person would write it down."""

    def __init__(self, on: Bound, gap_ms: int) -> None:
        self.rule, self.gap_ms = on, gap_ms
        self.seen = 0
        self.standing = False
        self.waiting_since: int | None = None
        self.steps: list[Transition] = []

    def take(self, time: int, value: float) -> None:
        limit, deadband = self.rule.limit, self.rule.deadband
        high = self.rule.sign > 0
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
        delay = self.rule.off_ms if self.standing else self.rule.on_ms
        if time - self.waiting_since < delay:
            return
        self.steps.append(Transition(Step.CLEARED if self.standing else Step.RAISED, time, value))
        self.standing, self.waiting_since = not self.standing, None


VALUES = st.sampled_from([90.0, 94.0, 95.0, 96.0, 99.0, 100.0, 101.0, 105.0, 106.0, NAN])
READINGS = st.lists(st.tuples(st.integers(0, 4), VALUES), min_size=1, max_size=40)
RULES = st.builds(
    rule,
    st.sampled_from([HIGH, LOW]),
    deadband=st.sampled_from([0.0, 1.0, 5.0]),
    on_delay_seconds=st.sampled_from([0.0, 0.001, 0.003, 0.01]),
    off_delay_seconds=st.sampled_from([0.0, 0.002, 0.007]),
)


@given(
    RULES,
    READINGS,
    st.lists(st.integers(0, 40), max_size=6),
    st.integers(1, 9),
)
@example(HIGH, [(0, 101.0), (0, 99.0), (0, 101.0)], [1, 2], 9)
def test_it_is_the_plain_machine_however_the_readings_are_cut(
    on: Bound, gaps: Readings, cuts: list[int], gap_ms: int
) -> None:
    times = np.cumsum([gap for gap, _ in gaps])
    readings = [(int(time), value) for time, (_, value) in zip(times, gaps, strict=True)]
    plain = Plain(on, gap_ms)
    for time, value in readings:
        if not math.isnan(value):
            plain.take(time, value)

    state, told = State(), []
    edges = [0, *sorted(min(cut, len(readings)) for cut in cuts), len(readings)]
    for start, end in itertools.pairwise(edges):
        if start < end:
            state, some = run(on, readings[start:end], state, gap_ms)
            told += some

    assert told == [(step.step.value, step.at_ms, step.value) for step in plain.steps]
    standing = state.phase in {Phase.RAISED, Phase.FALLING}
    assert standing == plain.standing
    waiting = state.phase in {Phase.RISING, Phase.FALLING}
    assert (state.since_ms if waiting else None) == plain.waiting_since


@given(RULES, READINGS)
def test_low_is_the_mirror_image_of_high(on: Bound, gaps: Readings) -> None:
    times = np.cumsum([gap for gap, _ in gaps]).tolist()
    readings = list(zip(times, [value for _, value in gaps], strict=True))
    mirrored = [(time, -value) for time, value in readings]
    flipped = on._replace(sign=-on.sign, limit=-100.0)
    state, told = run(on, readings)
    assert run(flipped, mirrored) == (
        state,
        [(step, at_ms, None if value is None else -value) for step, at_ms, value in told],
    )
