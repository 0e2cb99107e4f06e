"""Tries a rule on the history there is, with the evaluation that runs live.

Nothing in history is late: readings are evaluated in the order of their own times, as live they are
in the end. Memory holds the readings of one day.
"""

import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
from msgspec import structs

from appliance.alarms import silence
from appliance.alarms.evaluation import Evaluation, Run, run_of
from appliance.alarms.look import Facts, View, view
from appliance.alarms.past_scores import SCORE_MS, Scored, Told, health_scores, model_scores
from appliance.alarms.summary import summary
from appliance.alarms.transition import Transition
from appliance.history.readings import Asked, Source, pages
from appliance.history.rolled import rollups
from appliance.model.backtest import BackTest, Hole
from appliance.model.ids import MachineId
from appliance.model.incident import Incident
from appliance.model.rule import Exposure, Health, Model, NoData, Rule, Threshold
from appliance.model.rule_state import NORMAL
from appliance.model.scope import Scope
from appliance.model.sealed import FileKind
from appliance.model.series import Gap

DAY_MS = 86_400_000
HOUR_MS = 3_600_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Past(NamedTuple):
    """What a rule is tried on: from_ms <= time < to_ms, and what is known beside the readings."""

    source: Source
    from_ms: int
    to_ms: int
    facts: Facts
    metrics: Sequence[str]
    """All that the device has measured: what a no-data rule listens for."""
    machine_id: MachineId | None = None
    """Whose health a health rule looks at."""
    told: Told = Told("", "")
    """What a model is told beside the readings."""
    resting: str | None = None
    """Why the model must not be asked now."""


class Found(NamedTuple):
    """What a rule would have done. from_ms: since when, if not as long as was asked for."""

    steps: list[Transition]
    readings: int
    gaps: list[Gap]
    needs: str | None = None
    from_ms: int | None = None


async def backtest(
    past: Past, rule: Rule, live: Rule | None, incidents: Sequence[Incident]
) -> BackTest:
    """Try a rule; live: the version to compare it with, if any. Whom it calls is not known here."""
    begun = time.monotonic()
    scored = await _scored(past, rule)
    found = await steps_of(past, rule, scored)
    from_ms = past.from_ms if found.from_ms is None else found.from_ms
    past = past._replace(from_ms=from_ms)
    other = None
    if live is not None and found.needs is None:
        other = await _compared(past, rule, live, found, scored)
    told = summary(found.steps, other and other.steps, from_ms, past.to_ms, incidents)
    return BackTest(
        rule_version=rule.version,
        begin=_time(from_ms),
        end=_time(past.to_ms),
        **structs.asdict(told),
        called=[],
        gaps=[
            Hole(begin=_time(gap.from_ms), end=_time(gap.to_ms), reason=gap.reason)
            for gap in found.gaps
        ],
        readings=found.readings,
        seconds=round(time.monotonic() - begun, 3),
        needs=found.needs,
    )


async def steps_of(past: Past, rule: Rule, scored: Scored | None = None) -> Found:
    """What a rule would have done in the past; scored: what it looks at, if that is known."""
    if isinstance(rule.look, Health | Model):
        scored = scored or await _scored(past, rule)
    if scored is not None:
        return await past.source.run(_through_scores, rule, scored)
    if isinstance(rule.look, NoData):
        return await _silences(past, rule)
    looked = view(rule, past.facts)
    if looked.needs is not None:
        return Found([], 0, [], looked.needs)
    evaluation = Evaluation(looked, None, rule.suppress_while)
    steps: list[Transition] = []
    gaps: list[Gap] = []
    readings = 0
    for begin_ms in range(past.from_ms, past.to_ms, DAY_MS):
        end_ms = min(begin_ms + DAY_MS, past.to_ms)
        if _may_skip(rule, looked) and evaluation.is_calm:
            skipped = await _count_calm(past, rule, evaluation, begin_ms, end_ms)
            if skipped is not None:
                readings += skipped
                continue
        signal = await _day(past, rule, rule.metric or "", begin_ms, end_ms, gaps)
        condition = None
        if rule.suppress_while is not None:
            metric = rule.suppress_while.metric
            condition = await _day(past, rule, metric, begin_ms, end_ms, [])
        readings += 0 if signal is None else signal.values.size
        steps += await past.source.run(evaluation.take, signal, condition)
    return Found(steps, readings, gaps)


async def _scored(past: Past, rule: Rule) -> Scored | None:
    """The scores that a rule looks at; None: it looks at readings."""
    between = past.from_ms, past.to_ms
    if isinstance(rule.look, Health):
        return await health_scores(past.source, (rule.factory_id, past.machine_id), *between)
    if isinstance(rule.look, Model):
        if past.resting is not None:
            return Scored(None, past.from_ms, [], past.resting)
        return await model_scores(past.source, rule, past.told, *between)
    return None


def _through_scores(rule: Rule, scored: Scored) -> Found:
    if scored.needs is not None:
        return Found([], 0, [], scored.needs)
    steps = Evaluation(view(rule, Facts(SCORE_MS))).take(scored.run)
    number = 0 if scored.run is None else scored.run.values.size
    return Found(steps, number, scored.gaps, None, scored.from_ms)


async def _compared(
    past: Past, rule: Rule, live: Rule, found: Found, scored: Scored | None
) -> Found | None:
    """What the other version would have done; None: that cannot be told of as long a time."""
    if _same(live, rule):
        return found
    other = await steps_of(past, live, scored if _asks_the_same(live, rule) else None)
    if other.needs is not None or (other.from_ms or past.from_ms) > past.from_ms:
        return None
    return other


def _asks_the_same(one: Rule, other: Rule) -> bool:
    """Whether two versions look at the same scores."""
    if isinstance(one.look, Model) and isinstance(other.look, Model):
        return structs.replace(one.look, above=other.look.above) == other.look
    return True


def _may_skip(rule: Rule, looked: View) -> bool:
    """Whether extremes alone can tell that nothing happens."""
    direct = isinstance(rule.look, Threshold | Exposure) and looked.figure is None
    return direct and rule.suppress_while is None


async def _count_calm(
    past: Past, rule: Rule, evaluation: Evaluation, begin_ms: int, end_ms: int
) -> int | None:
    """The readings of a day whose extremes lie between the limits; None if they do not.

    Nor if the day cannot be read whole, or is no whole hours: its readings then tell.
    """
    if begin_ms % HOUR_MS or end_ms % HOUR_MS:
        return None
    count, gaps = 0, list[Gap]()
    asked = Asked(Scope((rule.factory_id,)), rule.device_id, rule.metric or "")
    async for rollup in rollups(past.source, asked, begin_ms, end_ms, FileKind.MINUTE, gaps):
        if rollup.counts.size:
            if not evaluation.stays_calm(float(rollup.minima.min()), float(rollup.maxima.max())):
                return None
            count += int(rollup.counts.sum())
    return None if gaps else count


async def _day(
    past: Past, rule: Rule, metric: str, begin_ms: int, end_ms: int, gaps: list[Gap]
) -> Run | None:
    scope = Scope((rule.factory_id,))
    asked = past.source, scope, rule.device_id, metric, begin_ms, end_ms, gaps
    found = [page async for page in pages(*asked)]
    if not found:
        return None
    return run_of(
        np.concatenate([page.times_ms for page in found]),
        np.concatenate([page.values for page in found]),
    )


async def _silences(past: Past, rule: Rule) -> Found:
    """A no-data rule, by the times of readings: when they were received is not kept for ever."""
    state, steps, gaps, readings = NORMAL, list[Transition](), list[Gap](), 0
    heard_ms: int | None = None
    longest_ms, calm_ms = rule.on_delay_seconds * 1000, round(rule.off_delay_seconds * 1000)
    async for times_ms in _heard(past, rule, gaps):
        readings += times_ms.size
        known = times_ms if heard_ms is None else np.concatenate(([heard_ms], times_ms))
        for at in np.flatnonzero(np.diff(known) > longest_ms).tolist():
            before, after = int(known[at]), int(known[at + 1])
            moments = (before, after), (after, after), (after + calm_ms, after + calm_ms)
            for heard, moment in moments:
                state, told = silence.evaluate(rule, state, heard, 0, moment)
                steps += told
        heard_ms = int(known[-1])
    if heard_ms is not None:
        state, told = silence.evaluate(rule, state, heard_ms, 0, past.to_ms)
        steps += told
    return Found(steps, readings, gaps, None if past.metrics else "This device never measured.")


async def _heard(
    past: Past, rule: Rule, gaps: list[Gap]
) -> AsyncIterator[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    scope = Scope((rule.factory_id,))
    for begin_ms in range(past.from_ms, past.to_ms, DAY_MS):
        end_ms = min(begin_ms + DAY_MS, past.to_ms)
        found = [np.empty(0, np.int64)]
        for metric in past.metrics:
            asked = past.source, scope, rule.device_id, metric, begin_ms, end_ms, gaps
            found += [page.times_ms async for page in pages(*asked)]
        times_ms = np.unique(np.concatenate(found))
        if times_ms.size:
            yield times_ms


def _same(one: Rule, other: Rule) -> bool:
    return one.look == other.look and structs.replace(one, look=other.look) == other


def _time(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
