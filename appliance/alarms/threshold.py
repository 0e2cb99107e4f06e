"""When a level raises and clears: a state machine over an indicator in event time.

Above a limit, beyond is value > limit, inside is value <= limit - deadband; below is its mirror.
What lies between is neither: it ends the wait for the on-delay and the wait for the off-delay.
A wait is over with the first value at or after its end; until then every value must have been
beyond (or inside), and none may have come long after the one before: with the first value after a
gap the wait begins anew.
The time and value of a transition are those of the value that settled it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.alarms.transition import Step, Transition
from appliance.model.rule_state import LevelState, Phase

GAP_MS = 300_000
"""Readings further apart do not follow each other; of a slow device, those of several intervals."""


class Bound(NamedTuple):
    """One level: sign 1 raises above the limit, -1 below it."""

    level: str
    limit: float
    sign: float
    deadband: float
    on_ms: int
    off_ms: int

    @property
    def raises_beyond(self) -> tuple[float, float]:
        """Values strictly between these two change nothing in normal."""
        return (-np.inf, self.limit) if self.sign > 0 else (self.limit, np.inf)


class Indicator(NamedTuple):
    """Finite figures in event time; after_gap: which come long after the one before.

    forecasts_ms: when each expects the limit to be passed, NaN where it does not.
    """

    times_ms: NDArray[np.int64]
    values: NDArray[np.float64]
    after_gap: NDArray[np.bool_]
    forecasts_ms: NDArray[np.float64] | None = None


def evaluate(
    bound: Bound, state: LevelState, indicator: Indicator
) -> tuple[LevelState, list[Transition]]:
    """Take a level through figures; how they are cut into pieces makes no difference."""
    run = _Run(bound, indicator)
    run.go(state)
    return LevelState(run.phase, run.since_ms), run.transitions


class _Run:
    """A level on its way through figures; what changes nothing is skipped by whole arrays."""

    def __init__(self, bound: Bound, indicator: Indicator) -> None:
        self._bound = bound
        self._indicator = indicator
        self._times_ms = indicator.times_ms
        if bound.sign > 0:
            self._beyond = indicator.values > bound.limit
            self._inside = indicator.values <= bound.limit - bound.deadband
        else:
            self._beyond = indicator.values < bound.limit
            self._inside = indicator.values >= bound.limit + bound.deadband
        self._ends_rise, self._ends_fall = ~self._beyond, ~self._inside
        if indicator.after_gap.any():
            self._ends_rise |= indicator.after_gap
            self._ends_fall |= indicator.after_gap
        self._anew_at = -1  # where a wait began: a gap before it is no news to it
        self.phase = Phase.NORMAL
        self.since_ms: int | None = None
        self.transitions: list[Transition] = []

    def go(self, state: LevelState) -> None:
        """From `state` to the end of the figures."""
        self.phase, self.since_ms = state.phase, state.since_ms
        at: int | None = 0
        while at is not None:
            phase = self.phase
            if phase is Phase.NORMAL:
                at = self._begin(self._beyond, at, Phase.RISING)
            elif phase is Phase.RISING:
                at = self._wait(self._beyond, self._ends_rise, at, self._bound.on_ms)
            elif phase is Phase.RAISED:
                at = self._begin(self._inside, at, Phase.FALLING)
            else:
                at = self._wait(self._inside, self._ends_fall, at, self._bound.off_ms)

    def _begin(self, holds: NDArray[np.bool_], at: int, phase: Phase) -> int | None:
        """Enter a waiting phase with the first figure for which the condition holds."""
        found = _first(holds, at)
        if found is not None:
            self.phase = phase
            self._anew(found)
        return found

    def _anew(self, at: int) -> None:
        """Let a wait begin with this figure."""
        self.since_ms = self._times_ms.item(at)
        self._anew_at = at

    def _wait(
        self, holds: NDArray[np.bool_], ends: NDArray[np.bool_], at: int, delay_ms: int
    ) -> int | None:
        """Wait until a figure ends it or begins it anew; the one that decides, None if none."""
        rising = self.phase is Phase.RISING
        due_ms = (self.since_ms or 0) + delay_ms
        begun_here = self._anew_at == at and holds[at]
        broken = _first(ends, at + 1 if begun_here else at)
        if broken is None or self._times_ms.item(broken) >= due_ms:
            due = max(at, int(self._times_ms.searchsorted(due_ms)))
            if due < self._times_ms.size and (broken is None or due < broken):
                self._settle(Step.RAISED if rising else Step.CLEARED, due)
                return due
        if broken is not None and holds[broken]:
            self._anew(broken)
        elif broken is not None:
            self.phase = Phase.NORMAL if rising else Phase.RAISED
            self.since_ms = None if rising else self._times_ms.item(broken)
        return broken

    def _settle(self, step: Step, at: int) -> None:
        at_ms = int(self._times_ms[at])
        raised = step is Step.RAISED
        forecasts = self._indicator.forecasts_ms
        forecast = np.nan if forecasts is None or not raised else forecasts[at]
        self.transitions.append(
            Transition(
                step,
                at_ms,
                float(self._indicator.values[at]),
                self._bound.level,
                forecast_ms=None if np.isnan(forecast) else int(forecast),
            )
        )
        self.phase = Phase.RAISED if raised else Phase.NORMAL
        self.since_ms = at_ms if raised else None


def _first(holds: NDArray[np.bool_], at: int) -> int | None:
    """The first index from `at` on where it holds."""
    rest = holds[at:]
    found = int(rest.argmax()) if rest.size else 0
    return at + found if rest.size and rest[found] else None
