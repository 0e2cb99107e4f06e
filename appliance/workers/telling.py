"""What the steps of rules do to the record and to the alarms that people see.

Readings that came late never raise a fresh alarm: theirs is told when it clears, as a matter of
record, or when a fresh reading finds it still standing, and it is marked late either way.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from msgspec import structs

from appliance.alarms.look import limit_of
from appliance.alarms.record import rows_of
from appliance.alarms.transition import Step, Transition
from appliance.model.rule import Rule, RuleMode
from appliance.store import alerts, rule_steps
from appliance.store.pool import Connection

WITHDRAWN = "Cleared: readings that came late show that it was not so."

Untold = dict[str, tuple[int, float | None, int | None]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def tell(
    db: Connection, rule: Rule, steps: Sequence[Transition], untold: Untold, *, fresh: bool
) -> None:
    """Record steps, in order, and raise and clear alarms; `untold` is brought up to date.

    fresh: the newest reading is news.
    """
    if steps:
        await rule_steps.insert_rule_steps(db, rule, rows_of(steps))
    if rule.mode is not RuleMode.LIVE:
        untold.clear()
        return
    for step in steps:
        await _tell(db, rule, step, untold)
    if fresh:
        for level in list(untold):
            await _raise(db, rule, level, untold.pop(level), late=True)


class Again(NamedTuple):
    """What a rule was thought to have done, what it has done, and whether it is known till now."""

    old: Sequence[Transition]
    new: Sequence[Transition]
    fresh: bool


async def tell_again(db: Connection, rule: Rule, again: Again, untold: Untold) -> None:
    """Tell what an evaluation with late readings came to, where it came to something else before.

    An alarm that stood and stands stays as people were told of it.
    """
    unknown = set(untold)
    untold.clear()
    if rule.mode is not RuleMode.LIVE:
        return
    for level in sorted({step.level for step in (*again.old, *again.new)}):
        before = [step for step in again.old if _is_of(step, level)]
        after = [step for step in again.new if _is_of(step, level)]
        stood = _stands(before) and level not in unknown
        if stood and _stands(after):
            continue
        if stood:
            cleared = [step for step in after if step.step is Step.CLEARED]
            at_ms = (cleared or before)[-1].at_ms
            await _clear(db, rule, level, at_ms, None, None if cleared else WITHDRAWN)
            continue
        known = {step.at_ms for step in before if step.step is Step.RAISED}
        for spell in _spells(after):
            if len(spell) == 1 or level in unknown or spell[0].at_ms not in known:
                for step in spell:
                    await _tell(db, rule, structs.replace(step, late=True), untold)
    if again.fresh:
        for level in list(untold):
            await _raise(db, rule, level, untold.pop(level), late=True)


async def _tell(db: Connection, rule: Rule, step: Transition, untold: Untold) -> None:
    match step.step:
        case Step.RAISED:
            raised = step.at_ms, step.value, step.forecast_ms
            if step.late:
                untold[step.level] = raised
            else:
                await _raise(db, rule, step.level, raised, late=False)
        case Step.CLEARED:
            if step.level in untold:
                await _raise(db, rule, step.level, untold.pop(step.level), late=True)
            await _clear(db, rule, step.level, step.at_ms, step.value, None)
        case Step.SUPPRESSED | Step.UNSUPPRESSED:
            suppressed = step.step is Step.SUPPRESSED
            await alerts.update_alerts_suppressed(db, rule.id, suppressed, _time(step.at_ms))


async def _raise(
    db: Connection,
    rule: Rule,
    level: str,
    raised: tuple[int, float | None, int | None],
    *,
    late: bool,
) -> None:
    at_ms, value, forecast_ms = raised
    forecast_at = None if forecast_ms is None else _time(forecast_ms)
    await alerts.insert_alert(
        db, rule, level, _time(at_ms), value, limit_of(rule, level), late=late,
        forecast_at=forecast_at,
    )  # fmt: skip


async def _clear(
    db: Connection, rule: Rule, level: str, at_ms: int, value: float | None, note: str | None
) -> None:
    await alerts.update_alert_cleared(db, rule.id, level, _time(at_ms), value, note)


def _is_of(step: Transition, level: str) -> bool:
    return step.level == level and step.step in {Step.RAISED, Step.CLEARED}


def _spells(steps: Sequence[Transition]) -> list[Sequence[Transition]]:
    """A level's steps by the alarms they make: the raise, and the clear unless it stands."""
    begins = [at for at, step in enumerate(steps) if step.step is Step.RAISED]
    return [steps[at : at + 2] for at in begins]


def _stands(steps: Sequence[Transition]) -> bool:
    return bool(steps) and steps[-1].step is Step.RAISED


def _time(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
