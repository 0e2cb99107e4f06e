"""When a high or low rule raises and clears: a state machine over readings in event time.

high: beyond is value > limit, inside is value <= limit - deadband; low is its mirror image.
What lies between is neither: it ends the wait for the on-delay and the wait for the off-delay.
A wait is over with the first reading at or after its end; until then every reading must have been
beyond (or inside), and none may have come long after the one before: with the first reading after a
gap the wait begins anew.
The time and value of a transition are those of the reading that settled it.
"""

import numpy as np
from numpy.typing import NDArray

from appliance.alarms.transition import Step, Transition
from appliance.model.rule import Phase, Rule, RuleKind, RuleState

STALE_MS = 300_000
"""A reading this old when it was received is no news: it may clear an alert, never raise one."""
GAP_MS = 300_000
"""Readings further apart do not follow each other; of a slow device, those of several intervals."""


def evaluate(
    rule: Rule,
    state: RuleState,
    times_ms: NDArray[np.int64],
    values: NDArray[np.float64],
    received_ms: int,
    stale_ms: int = STALE_MS,
    gap_ms: int = GAP_MS,
) -> tuple[RuleState, list[Transition]]:
    """Take a rule through readings received at one time; `times_ms` ascend.

    How a sequence is cut into batches makes no difference. Skipped are NaN, readings older than the
    newest one evaluated, and readings from after their own reception.
    """
    if state.seen_ms is not None and state.seen_ms > received_ms:
        state = _forget_future(state, received_ms)
    known = ~np.isnan(values) & (times_ms <= received_ms)
    if state.seen_ms is not None:
        known &= times_ms >= state.seen_ms
    times_ms, values = times_ms[known], values[known]
    if not times_ms.size:
        return state, []
    before_ms = times_ms[0] if state.seen_ms is None else state.seen_ms
    late = np.diff(times_ms, prepend=before_ms) > gap_ms
    run = _Run(rule, times_ms, values, late, fresh_ms=received_ms - stale_ms)
    run.go(state)
    return RuleState(run.phase, run.since_ms, int(times_ms[-1])), run.transitions


def _forget_future(state: RuleState, received_ms: int) -> RuleState:
    """The clock was set back: go on from here, rather than wait until time has caught up."""
    since_ms = None if state.since_ms is None else min(state.since_ms, received_ms)
    return RuleState(state.phase, since_ms, None)


class _Run:
    """A rule on its way through readings; what changes nothing is skipped by whole arrays."""

    def __init__(
        self,
        rule: Rule,
        times_ms: NDArray[np.int64],
        values: NDArray[np.float64],
        late: NDArray[np.bool_],
        fresh_ms: int,
    ) -> None:
        if rule.limit is None:
            raise ValueError(f"rule {rule.id} has no limit")
        sign = -1.0 if rule.kind is RuleKind.LOW else 1.0
        self._times_ms = times_ms
        self._values = values
        self._beyond = sign * values > sign * rule.limit
        self._inside = sign * values <= sign * rule.limit - rule.deadband
        self._late = late  # after a gap, as long as that is news to the wait
        self._on_ms = round(rule.on_delay_seconds * 1000)
        self._off_ms = round(rule.off_delay_seconds * 1000)
        self._fresh_ms = fresh_ms
        self.phase = Phase.NORMAL
        self.since_ms: int | None = None
        self.transitions: list[Transition] = []

    def go(self, state: RuleState) -> None:
        """From `state` to the end of the readings."""
        self.phase, self.since_ms = state.phase, state.since_ms
        at: int | None = 0
        while at is not None:
            match self.phase:
                case Phase.NORMAL:
                    at = self._begin(self._beyond, at, Phase.RISING)
                case Phase.RISING:
                    due_ms = max(self._since() + self._on_ms, self._fresh_ms)
                    at = self._wait(self._beyond, at, due_ms)
                case Phase.RAISED:
                    at = self._begin(self._inside, at, Phase.FALLING)
                case Phase.FALLING:
                    at = self._wait(self._inside, at, self._since() + self._off_ms)

    def _begin(self, holds: NDArray[np.bool_], at: int, phase: Phase) -> int | None:
        """Enter a waiting phase with the first reading for which the condition holds."""
        found = _first(holds, at)
        if found is not None:
            self.phase = phase
            self._anew(found)
        return found

    def _anew(self, at: int) -> None:
        """Let a wait begin with this reading."""
        self.since_ms = int(self._times_ms[at])
        self._late[at] = False

    def _wait(self, holds: NDArray[np.bool_], at: int, due_ms: int) -> int | None:
        """Wait until due_ms while the condition holds; the reading that decides, None if none."""
        rising = self.phase is Phase.RISING
        broken = _first(~holds | self._late, at)
        due = max(at, int(np.searchsorted(self._times_ms, due_ms)))
        if due < (self._times_ms.size if broken is None else broken):
            self._settle(Step.RAISED if rising else Step.CLEARED, due)
            return due
        if broken is not None and holds[broken]:
            self._anew(broken)
        elif broken is not None:
            self.phase = Phase.NORMAL if rising else Phase.RAISED
            self.since_ms = None if rising else int(self._times_ms[broken])
        return broken

    def _settle(self, step: Step, at: int) -> None:
        at_ms = int(self._times_ms[at])
        self.transitions.append(Transition(step, at_ms, float(self._values[at])))
        raised = step is Step.RAISED
        self.phase = Phase.RAISED if raised else Phase.NORMAL
        self.since_ms = at_ms if raised else None

    def _since(self) -> int:
        return 0 if self.since_ms is None else self.since_ms


def _first(holds: NDArray[np.bool_], at: int) -> int | None:
    """The first index from `at` on where it holds."""
    rest = holds[at:]
    found = int(rest.argmax()) if rest.size else 0
    return at + found if rest.size and rest[found] else None
