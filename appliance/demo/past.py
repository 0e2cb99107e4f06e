"""The demo's past: weeks of readings through the nodes' own door, and the alerts they raised."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from appliance.alarms import silence
from appliance.alarms.evaluation import Evaluation, Run, run_of
from appliance.alarms.look import Facts, limit_of, view
from appliance.alarms.record import rows_of
from appliance.alarms.transition import Step, Transition
from appliance.analytics.standards import shipped
from appliance.demo.nodes import FIRMWARE
from appliance.demo.script import DAY
from appliance.errors import CarbonseedError
from appliance.history.readings import Source, pages
from appliance.model.ids import AlertId, UserId
from appliance.model.rule import Level, Rule, RuleKind
from appliance.model.rule_state import NORMAL, RuleState
from appliance.model.scope import Scope
from appliance.store import alerts, rule_states, rule_steps, rules
from appliance.store.alert_deeds import update_alerts_acknowledged
from appliance.store.backtests import select_ground
from appliance.store.pool import Connection
from appliance.store.signals import RUNNING

COARSE_SECONDS = 60
"""Between two readings of the past, and expected of the nodes then: of today there are more."""
NOTES = ("Checked on site.", "Maintenance informed.", "Known, part is ordered.", None)


class PastFailed(CarbonseedError):
    """The demo's past could not be delivered."""

    code = "past-failed"


class Span(NamedTuple):
    """A stretch of the past up to now."""

    days: float
    step_seconds: int

    @property
    def rows(self) -> int:
        """The readings of a node in it."""
        return int(self.days * DAY * 1000) // (self.step_seconds * 1000)


def spans(days: float, now: datetime, fine_seconds: int) -> tuple[Span, Span]:
    """All of it, coarse, and what of it is today's, fine; `now` in the plant's time zone."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = (now - midnight) / timedelta(days=1)
    return Span(days, COARSE_SECONDS), Span(min(days, today), fine_seconds)


def fine_since(fine: Span, now: datetime) -> datetime:
    """When the fine part begins."""
    return now - timedelta(days=fine.days)


async def deliver(folder: Path, span: Span, heard: Callable[[int], None]) -> None:
    """Send a node's past as an earlier start of it; calls heard(rows sent so far)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(FIRMWARE / "sim" / "backfill.py"),
        f"--days={span.days}",
        f"--step-seconds={span.step_seconds}",
        str(folder / "config.json"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    told: dict[str, Any] = {}
    try:
        while process.stdout and (line := await process.stdout.readline()):
            told = json.loads(line)
            heard(told["sent"])
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise PastFailed(f"The past of {folder.name} could not be delivered: {told.get('error')}")


async def record_alerts(source: Source, found: Sequence[Rule], who: UserId, now: datetime) -> int:
    """Raise and clear what the rules would have; `who` acknowledges most of it.

    No baseline had been learnt, no health scored and no model asked then. Returns the number of
    alerts. All of it or nothing is stored.
    """
    number = 0
    states = {}
    async with source.db.acquire() as connection, connection.transaction():
        await rules.lock_rules(connection)
        for rule in found:
            if rule.kind in {RuleKind.HEALTH, RuleKind.MODEL}:
                continue
            readings = await _readings(source, rule, rule.metric or RUNNING, now)
            condition = None
            if rule.suppress_while is not None:
                condition = await _readings(source, rule, rule.suppress_while.metric, now)
            facts = await _facts(source, rule)
            states[rule.id], steps = await source.run(_evaluate, rule, facts, readings, condition)
            if steps:
                await rule_steps.insert_rule_steps(connection, rule, rows_of(steps))
            for step in steps:
                number += await _record(connection, rule, step, who, now)
        await rule_states.update_rule_states(connection, states)
        seen = {rule_id: one for rule_id, one in states.items() if one.seen_ms is not None}
        await rule_states.insert_checkpoints(connection, seen, 0)
        await rules.update_rule_changes(connection)
    return number


async def _record(db: Connection, rule: Rule, step: Transition, who: UserId, now: datetime) -> bool:
    at = datetime.fromtimestamp(step.at_ms / 1000, UTC)
    if step.step in {Step.SUPPRESSED, Step.UNSUPPRESSED}:
        return False  # alarms of the past are not shown as they were hidden then
    if step.step is Step.CLEARED:
        await alerts.update_alert_cleared(db, rule.id, step.level, at, step.value)
        return False
    alert_id = await alerts.insert_alert(
        db, rule, step.level, at, step.value, limit_of(rule, step.level)
    )
    if alert_id is not None and (rule.priority == 1 or _is_acknowledged(alert_id, now - at)):
        scope = Scope((rule.factory_id,))
        later = at + timedelta(minutes=2 + alert_id * 7 % 23)
        note = NOTES[alert_id % len(NOTES)]
        await update_alerts_acknowledged(db, scope, [alert_id], who, note, later)
    return alert_id is not None


def _is_acknowledged(alert_id: AlertId, age: timedelta) -> bool:
    return age > timedelta(days=7) or (age > timedelta(hours=1) and alert_id % 3 > 0)


async def _facts(source: Source, rule: Rule) -> Facts:
    """What was known beside the readings."""
    ground = await select_ground(source.db, Scope((rule.factory_id,)), rule.device_id, rule.metric)
    digits = 0 if ground is None else ground.digits
    return Facts(COARSE_SECONDS * 1000, digits, limits=await source.run(shipped))


async def _readings(source: Source, rule: Rule, metric: str, now: datetime) -> Run | None:
    scope = Scope((rule.factory_id,))
    asked = source, scope, rule.device_id, metric, 0, _ms(now) + 1
    found = [page async for page in pages(*asked)]
    return run_of(
        np.concatenate([page.times_ms for page in found] or [np.empty(0, np.int64)]),
        np.concatenate([page.values for page in found] or [np.empty(0)]),
    )


def _evaluate(
    rule: Rule, facts: Facts, readings: Run | None, condition: Run | None
) -> tuple[RuleState, list[Transition]]:
    """The same state machines that run live."""
    if rule.kind is not RuleKind.NO_DATA:
        evaluation = Evaluation(view(rule, facts), None, rule.suppress_while)
        steps = evaluation.take(readings, condition)
        return evaluation.state, steps
    level, steps = NORMAL, []
    calm_ms = round(rule.off_delay_seconds * 1000)
    for heard_ms, next_ms in _gaps(readings, rule.on_delay_seconds * 1000):
        for heard, moment in (
            (heard_ms, next_ms),
            (next_ms, next_ms),
            (next_ms + calm_ms, next_ms + calm_ms),
        ):
            level, told = silence.evaluate(rule, level, heard, 0, moment)
            steps += told
    return RuleState(levels={Level.ON: level}), steps


def _gaps(readings: Run | None, longest_ms: float) -> Iterator[tuple[int, int]]:
    if readings is None:
        return
    for i in np.flatnonzero(np.diff(readings.times_ms) > longest_ms):
        yield int(readings.times_ms[i]), int(readings.times_ms[i + 1])


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
