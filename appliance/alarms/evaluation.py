"""A rule on its way through readings: the same live, in a back-test and in a replay."""

from bisect import bisect_left
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.alarms import threshold
from appliance.alarms.look import View
from appliance.alarms.threshold import Indicator
from appliance.alarms.transition import Step, Transition
from appliance.model.rule import Condition
from appliance.model.rule_state import NORMAL, LevelState, Phase, RuleState

PART_ROWS = 4096
"""Longer runs are taken in parts: most of them change nothing, which their extremes tell."""


class Run(NamedTuple):
    """Finite readings of one signal whose times ascend; none is below low or above high.

    highs: the highest of each part, of a run that is longer than one; its low is not looked for.
    """

    times_ms: NDArray[np.int64]
    values: NDArray[np.float64]
    last_ms: int
    low: float
    high: float
    highs: NDArray[np.float64] | None = None


def run_of(times_ms: NDArray[np.int64], values: NDArray[np.float64]) -> Run | None:
    """The readings without those that are missing; None if none is left."""
    if not values.size:
        return None
    low, highs = -np.inf, None
    if values.size > PART_ROWS:
        highs = np.maximum.reduceat(values, _parts(values))
        high = highs.max()
    else:
        low, high = values.min(), values.max()
    if high != high:  # noqa: PLR0124 - NaN, quicker than a call on arrays of one
        there = ~np.isnan(values)
        return run_of(times_ms[there], values[there])
    return Run(times_ms, values, int(times_ms[-1]), float(low), float(high), highs)


def _parts(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Where parts begin."""
    return np.arange(0, values.size, PART_ROWS)


class Evaluation:
    """Where a rule stands. How its readings are cut into runs makes no difference.

    Each run's times are those of the one before or later; its condition's likewise.
    """

    def __init__(
        self, view: View, state: RuleState | None = None, condition: Condition | None = None
    ) -> None:
        state = state or RuleState()
        self.view = view
        self.seen_ms = state.seen_ms
        self._condition = condition
        self._suppressed = state.suppressed
        self._figure_ms = state.figure_ms
        self._levels = [state.levels.get(bound.level, NORMAL) for bound in view.bounds]
        self._memory = np.full(view.memory, np.nan)
        if len(state.memory) == view.memory:
            self._memory[:] = state.memory
        between = [bound.raises_beyond for bound in view.bounds]
        self._floor = max((floor for floor, _ in between), default=-np.inf)
        self._ceiling = min((ceiling for _, ceiling in between), default=np.inf)
        self._calm = self._all_normal()

    @property
    def state(self) -> RuleState:
        """All of it, to go on from later."""
        levels = zip(self.view.bounds, self._levels, strict=True)
        return RuleState(
            self.seen_ms,
            self._figure_ms,
            {bound.level: level for bound, level in levels if level != NORMAL},
            tuple(self._memory.tolist()),
            self._suppressed,
        )

    @property
    def is_calm(self) -> bool:
        """Every level is normal, and none waits."""
        return self._calm

    def stays_calm(self, low: float, high: float) -> bool:
        """Whether figures between these would change nothing, as long as it is calm."""
        return self._floor <= low and high <= self._ceiling

    def take(self, run: Run | None, condition: Run | None = None) -> list[Transition]:
        """Go on through the next readings of the signal, and of the condition's signal."""
        if self._condition is None:
            if run is None:
                return []
            if run.highs is not None and self.view.figure is None:
                return self._take_parts(run, run.highs)
            if self._calm and self.view.figure is None and self.stays_calm(run.low, run.high):
                self.seen_ms = self._figure_ms = run.last_ms
                return []
            self.seen_ms = run.last_ms
            return self._go(run)
        ends = [one.last_ms for one in (run, condition) if one is not None]
        self.seen_ms = max(ends, default=self.seen_ms)
        run, steps = self._unsuppressed(self._condition, run, condition)
        if run is not None:
            steps = sorted(steps + self._go(run), key=lambda step: step.at_ms)
        return steps

    def _take_parts(self, run: Run, highs: NDArray[np.float64]) -> list[Transition]:
        """While all is calm, only parts that reach beyond a limit are looked at."""
        reaches = highs > self._ceiling
        if self._floor > -np.inf:
            reaches |= np.minimum.reduceat(run.values, _parts(run.values)) < self._floor
        beyond = np.flatnonzero(reaches).tolist()
        steps: list[Transition] = []
        part = 0
        while part < highs.size:
            if self._calm:
                at = bisect_left(beyond, part)
                if at == len(beyond):
                    break
                if beyond[at] > part:  # what lies between is calm, and no gap
                    part = beyond[at]
                    self._figure_ms = int(run.times_ms[part * PART_ROWS - 1])
            rows = slice(part * PART_ROWS, (part + 1) * PART_ROWS)
            times_ms = run.times_ms[rows]
            bounds = run.low, float(highs[part])
            steps += self._go(Run(times_ms, run.values[rows], int(times_ms[-1]), *bounds))
            part += 1
        self.seen_ms = self._figure_ms = run.last_ms
        return steps

    def forget_future(self, now_ms: int) -> None:
        """The clock was set back: go on from here rather than wait until time has caught up."""
        self.seen_ms = self._figure_ms = None
        self._memory[:] = np.nan
        self._levels = [
            LevelState(one.phase, None if one.since_ms is None else min(one.since_ms, now_ms))
            for one in self._levels
        ]

    def _unsuppressed(
        self, condition: Condition, run: Run | None, known: Run | None
    ) -> tuple[Run | None, list[Transition]]:
        """The readings taken while the condition did not hold, and when it began and ended to."""
        before = np.array([self._suppressed])
        holds = before if known is None else np.concatenate((before, _holds(condition, known)))
        steps = []
        if known is not None:
            for at in np.flatnonzero(np.diff(holds)).tolist():
                step = Step.SUPPRESSED if holds[at + 1] else Step.UNSUPPRESSED
                value = float(known.values[at])
                steps.append(Transition(step, int(known.times_ms[at]), value))
        self._suppressed = bool(holds[-1])
        if run is None or not holds.any():
            return run, steps
        times_ms = np.empty(0, np.int64) if known is None else known.times_ms
        counts = ~holds[np.searchsorted(times_ms, run.times_ms, side="right")]
        return run_of(run.times_ms[counts], run.values[counts]), steps

    def _go(self, run: Run) -> list[Transition]:
        times_ms, figures, forecasts = run.times_ms, run.values, None
        low, high = run.low, run.high
        if self.view.figure is not None:
            figures, forecasts = self.view.figure(times_ms, figures, self._memory)
            known = figures == figures  # noqa: PLR0124 - not NaN
            if not known.all():
                times_ms, figures = times_ms[known], figures[known]
                forecasts = None if forecasts is None else forecasts[known]
            if not figures.size:
                return []
            low, high = figures.min(), figures.max()
        before_ms = times_ms[0] if self._figure_ms is None else self._figure_ms
        self._figure_ms = int(times_ms[-1])
        if self._calm and self.stays_calm(low, high):
            return []
        after_gap = np.empty(times_ms.size, np.bool_)
        after_gap[0] = times_ms[0] - before_ms > self.view.gap_ms
        np.greater(times_ms[1:] - times_ms[:-1], self.view.gap_ms, out=after_gap[1:])
        return self._through(Indicator(times_ms, figures, after_gap, forecasts))

    def _through(self, indicator: Indicator) -> list[Transition]:
        steps: list[Transition] = []
        for number, bound in enumerate(self.view.bounds):
            state, told = threshold.evaluate(bound, self._levels[number], indicator)
            self._levels[number] = state
            steps += told
        self._calm = self._all_normal()
        return steps if len(self.view.bounds) == 1 else sorted(steps, key=lambda one: one.at_ms)

    def _all_normal(self) -> bool:
        return all(level.phase is Phase.NORMAL for level in self._levels)


def _holds(condition: Condition, run: Run) -> NDArray[np.bool_]:
    below = np.inf if condition.below is None else condition.below
    above = -np.inf if condition.above is None else condition.above
    return (run.values < below) & (run.values > above)
