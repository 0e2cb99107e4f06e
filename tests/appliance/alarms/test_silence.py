import msgspec

from appliance.alarms import silence
from appliance.alarms.transition import Step, Transition
from appliance.model.rule_state import LevelState, Phase
from tests.appliance.alarms.test_look import rule

RULE = rule({"kind": "no_data"}, metric=None, on_delay_seconds=60.0)
NORMAL = LevelState()


def test_it_raises_at_the_moment_the_silence_was_long_enough() -> None:
    assert silence.evaluate(RULE, NORMAL, 100_000, 0, 159_999) == (NORMAL, [])
    state, told = silence.evaluate(RULE, NORMAL, 100_000, 0, 160_700)
    assert state == LevelState(Phase.RAISED, 160_000)
    assert told == [Transition(Step.RAISED, 160_000, None)]


def test_time_in_which_nobody_listened_is_no_silence() -> None:
    assert silence.evaluate(RULE, NORMAL, 100_000, 900_000, 959_999) == (NORMAL, [])
    _, told = silence.evaluate(RULE, NORMAL, 100_000, 900_000, 960_000)
    assert told == [Transition(Step.RAISED, 960_000, None)]


def test_a_device_never_heard_of_is_silent_since_the_listening_began() -> None:
    assert silence.evaluate(RULE, NORMAL, None, 900_000, 959_999) == (NORMAL, [])
    assert silence.evaluate(RULE, NORMAL, None, 900_000, 960_000)[1]


def test_it_stays_raised_until_the_device_is_heard_of_again() -> None:
    raised = LevelState(Phase.RAISED, 160_000)
    assert silence.evaluate(RULE, raised, 100_000, 0, 900_000) == (raised, [])
    assert silence.evaluate(RULE, raised, 100_000, 890_000, 900_000) == (raised, [])
    assert silence.evaluate(RULE, raised, None, 890_000, 900_000) == (raised, [])
    state, told = silence.evaluate(RULE, raised, 899_000, 0, 900_000)
    assert (state.phase, state.since_ms) == (Phase.NORMAL, None)
    assert told == [Transition(Step.CLEARED, 899_000, None)]


def test_it_clears_only_after_the_off_delay() -> None:
    slow = msgspec.structs.replace(RULE, off_delay_seconds=30.0)
    raised = LevelState(Phase.RAISED, 160_000)
    falling, told = silence.evaluate(slow, raised, 200_000, 0, 200_500)
    assert (falling, told) == (LevelState(Phase.FALLING, 200_000), [])
    falling, told = silence.evaluate(slow, falling, 229_000, 0, 229_999)
    assert (falling.phase, told) == (Phase.FALLING, [])
    _, told = silence.evaluate(slow, falling, 229_000, 0, 230_000)
    assert told == [Transition(Step.CLEARED, 230_000, None)]


def test_a_device_heard_of_once_and_silent_again_keeps_the_alert() -> None:
    slow = msgspec.structs.replace(RULE, off_delay_seconds=120.0)
    falling = LevelState(Phase.FALLING, 200_000)
    state, told = silence.evaluate(slow, falling, 200_000, 0, 260_000)
    assert (state, told) == (LevelState(Phase.RAISED, 260_000), [])
    state, told = silence.evaluate(slow, state, 300_000, 0, 300_100)
    assert (state.phase, told) == (Phase.FALLING, [])


def test_an_alert_from_before_the_clock_was_set_back_clears_when_the_device_is_heard_of() -> None:
    raised = LevelState(Phase.RAISED, 9_000_000)
    state, told = silence.evaluate(RULE, raised, None, 0, 100_000)
    assert (state, told) == (LevelState(Phase.RAISED, 100_000), [])
    _, told = silence.evaluate(RULE, state, 101_000, 0, 102_000)
    assert told == [Transition(Step.CLEARED, 101_000, None)]
