"""When a no-data rule raises and clears: by how long nothing has come from its device."""

from appliance.alarms.transition import Step, Transition
from appliance.model.rule import Rule
from appliance.model.rule_state import LevelState, Phase


def evaluate(
    rule: Rule, state: LevelState, heard_ms: int | None, listening_ms: int, now_ms: int
) -> tuple[LevelState, list[Transition]]:
    """Take a no-data rule to now. The device was last heard of at heard_ms, null if never.

    Silence counts from listening_ms at the earliest: before, nobody could have heard. The rule is
    raised at the moment the silence reached the on-delay, and cleared when the device is heard of
    again and has not fallen silent since for the off-delay. A state from a later time than now was
    reached before the clock was set back: it counts from now.
    """
    on_ms, off_ms = round(rule.on_delay_seconds * 1000), round(rule.off_delay_seconds * 1000)
    silent_from_ms = max(heard_ms or 0, listening_ms) + on_ms
    if state.since_ms is not None and state.since_ms > now_ms:
        state = LevelState(state.phase, now_ms)
    phase, since_ms = state.phase, state.since_ms or 0
    if phase in {Phase.NORMAL, Phase.RISING}:
        if now_ms < silent_from_ms:
            return state, []
        raised = Transition(Step.RAISED, silent_from_ms, None)
        return LevelState(Phase.RAISED, silent_from_ms), [raised]
    if phase is Phase.RAISED:
        if heard_ms is None or heard_ms <= since_ms:
            return state, []
        phase, since_ms = Phase.FALLING, heard_ms
    if now_ms >= silent_from_ms:
        return LevelState(Phase.RAISED, silent_from_ms), []
    if now_ms < since_ms + off_ms:
        return LevelState(phase, since_ms), []
    cleared = Transition(Step.CLEARED, since_ms + off_ms, None)
    return LevelState(Phase.NORMAL, None), [cleared]
