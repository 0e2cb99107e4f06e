"""Follows committed batches and raises and clears alerts: one engine works, others stand by.

What a chunk of batches leads to, where each rule stands, and how far the engine has come are
committed together, on the connection that holds the lead: a restart neither misses nor repeats.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from appliance.alarms import silence, threshold
from appliance.alarms.transition import Step, Transition
from appliance.history.latest import STALE_INTERVALS
from appliance.model.ids import DeviceId, RuleId
from appliance.model.rule import Rule, RuleState
from appliance.store import alerts, cursors, readings, rule_states
from appliance.store.batches import CHANNEL
from appliance.store.notifications import listen
from appliance.store.outage import Outage
from appliance.store.pool import TROUBLE, Connection, Pool
from appliance.store.readings import Committed
from appliance.store.rule_states import Watch
from appliance.store.rules import lock_rules

NAME = cursors.ENGINE
CHUNK_BATCHES = 200
TICK_SECONDS = 1.0
"""No-data rules are looked at this often, and batches that waited for an open transaction."""
GATHER_SECONDS = 0.1
"""After a wake: one transaction for what comes in the meantime too."""
STANDBY_SECONDS = 1.0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

log = logging.getLogger(__name__)


async def run_engine(pool: Pool, clock: Callable[[], datetime]) -> None:
    """Evaluate rules for ever; holds one connection of the pool."""
    outage = Outage("The alarm engine")
    while True:
        try:
            async with pool.acquire() as db:
                await _lead(db, clock, outage)
        except TROUBLE as error:
            await outage.wait(error)


async def _lead(db: Connection, clock: Callable[[], datetime], outage: Outage) -> None:
    """Wait for the lead, then work until the connection ends."""
    while not await cursors.try_lead(db):
        outage.over()
        await asyncio.sleep(STANDBY_SECONDS)
    if await cursors.update_cursor_ahead(db, NAME):
        log.warning("This database was restored elsewhere: rules go on with what comes from now on")
    listening_at, late = clock(), False
    async with listen(db, CHANNEL) as news:
        while True:
            news.take()
            while (done := await follow(db)) >= CHUNK_BATCHES:
                pass
            late = not done and await _is_late(db, clock(), was_late=late)
            listening_at = min(listening_at, clock())  # it may have been set back
            await watch_silence(db, listening_at, clock())
            outage.over()
            await news.wait(TICK_SECONDS)
            await asyncio.sleep(GATHER_SECONDS)


async def _is_late(db: Connection, now: datetime, *, was_late: bool) -> bool:
    """Whether batches wait too long to be followed; says so when it begins."""
    since = await cursors.select_late_since(db, NAME, now)
    if since and not was_late:
        log.warning(
            "Alerts are late, readings of %s wait: a transaction is open on the PostgreSQL server, "
            "perhaps in another database; pg_stat_activity shows it",
            since.isoformat(timespec="seconds"),
        )
    return since is not None


async def follow(db: Connection) -> int:
    """Evaluate the next chunk of batches in one transaction; how many there were."""
    async with db.transaction():
        await lock_rules(db)
        seen = await cursors.select_cursor(db, NAME)
        batches = await readings.select_committed(db, seen, CHUNK_BATCHES)
        if not batches:
            return 0
        watches = await rule_states.select_watches(db, list({one.device_id for one in batches}))
        states, steps = evaluate(watches, batches)
        await _record(db, states, steps)
        if not await cursors.update_cursor(db, NAME, seen, batches[-1].xid + 1):
            raise RuntimeError("another engine follows the same batches")
    return len(batches)


def evaluate(
    watches: Sequence[Watch], batches: Iterable[Committed]
) -> tuple[dict[RuleId, RuleState], list[tuple[Rule, Transition]]]:
    """Take rules through batches: the states that changed, and what happened, in order."""
    by_device: dict[DeviceId, list[Watch]] = defaultdict(list)
    for watch in watches:
        by_device[watch.rule.device_id].append(watch)
    states = {watch.rule.id: watch.state for watch in watches}
    steps: list[tuple[Rule, Transition]] = []
    for batch in batches:
        rows = dict(zip(batch.metric_ids, batch.rows.values, strict=True))
        for rule, _, metric_id, interval_ms in by_device[batch.device_id]:
            if metric_id not in rows:
                continue
            states[rule.id], told = threshold.evaluate(
                rule,
                states[rule.id],
                batch.rows.times_ms,
                rows[metric_id],
                batch.received_ms,
                gap_ms=max(threshold.GAP_MS, STALE_INTERVALS * interval_ms),
            )
            steps += [(rule, step) for step in told]
    changed = {rule.id: states[rule.id] for rule, known, *_ in watches if states[rule.id] != known}
    return changed, steps


async def watch_silence(db: Connection, listening_at: datetime, now: datetime) -> None:
    """Raise and clear no-data rules in one transaction."""
    states: dict[RuleId, RuleState] = {}
    steps: list[tuple[Rule, Transition]] = []
    async with db.transaction():
        await lock_rules(db)
        for found in await rule_states.select_silences(db, listening_at, now):
            since_ms = max(found.changed_ms or 0, _ms(listening_at))
            state, told = silence.evaluate(
                found.rule, found.state, found.heard_ms, since_ms, _ms(now)
            )
            if state != found.state:
                states[found.rule.id] = state
            steps += [(found.rule, step) for step in told]
        await _record(db, states, steps)


async def _record(
    db: Connection, states: Mapping[RuleId, RuleState], steps: Sequence[tuple[Rule, Transition]]
) -> None:
    for rule, step in steps:
        at = _EPOCH + timedelta(milliseconds=step.at_ms)
        match step.step:
            case Step.RAISED:
                await alerts.insert_alert(db, rule, at, step.value)
            case Step.CLEARED:
                await alerts.update_alert_cleared(db, rule.id, at, step.value)
    if states:
        await rule_states.update_rule_states(db, states)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
