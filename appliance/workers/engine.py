"""Follows committed batches and raises and clears alerts: one engine works, others stand by.

What batches lead to, where each rule stands, and how far the engine has come are committed
together, on the connection that holds the lead: a restart neither misses nor repeats.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from appliance.alarms import silence
from appliance.analytics.standards import shipped
from appliance.history.readings import Source
from appliance.model.ids import RuleId
from appliance.model.rule import Level
from appliance.model.rule_state import NORMAL, RuleState
from appliance.store import cursors, rule_states
from appliance.store.batches import CHANNEL
from appliance.store.notifications import listen
from appliance.store.outage import Outage
from appliance.store.pool import TROUBLE, Connection
from appliance.store.rules import lock_rules
from appliance.workers.follower import CHUNK_BATCHES, Follower
from appliance.workers.scored import watch_scores
from appliance.workers.telling import tell

TICK_SECONDS = 1.0
"""No-data rules are looked at this often, and batches that waited for an open transaction."""
GATHER_SECONDS = 0.1
"""After a wake: one transaction for what comes in the meantime too."""
STANDBY_SECONDS = 1.0

log = logging.getLogger(__name__)


async def run_engine(source: Source, clock: Callable[[], datetime]) -> None:
    """Evaluate rules for ever; holds one connection of the pool, and another now and then."""
    outage = Outage("The alarm engine")
    limits = await source.run(shipped)
    while True:
        try:
            async with source.db.acquire() as db:
                await _lead(db, Follower(source, clock, limits), clock, outage)
        except TROUBLE as error:
            await outage.wait(error)


async def _lead(
    db: Connection, follower: Follower, clock: Callable[[], datetime], outage: Outage
) -> None:
    """Wait for the lead, then work until the connection ends."""
    while not await cursors.try_lead(db):
        outage.over()
        await asyncio.sleep(STANDBY_SECONDS)
    if await cursors.update_cursor_ahead(db, cursors.ENGINE):
        log.warning("This database was restored elsewhere: rules go on with what comes from now on")
    listening_at, late = clock(), False
    async with listen(db, CHANNEL) as news:
        while True:
            news.take()
            while (done := await follower.follow(db)) >= CHUNK_BATCHES:
                pass
            late = not done and await _is_late(db, clock(), was_late=late)
            listening_at = min(listening_at, clock())  # it may have been set back
            await watch_silence(db, listening_at, clock())
            await watch_scores(db, clock())
            outage.over()
            await news.wait(TICK_SECONDS)
            await asyncio.sleep(GATHER_SECONDS)


async def _is_late(db: Connection, now: datetime, *, was_late: bool) -> bool:
    """Whether batches wait too long to be followed; says so when it begins."""
    since = await cursors.select_late_since(db, cursors.ENGINE, now)
    if since and not was_late:
        log.warning(
            "Alerts are late, readings of %s wait: a transaction is open on the PostgreSQL server, "
            "perhaps in another database; pg_stat_activity shows it",
            since.isoformat(timespec="seconds"),
        )
    return since is not None


async def watch_silence(db: Connection, listening_at: datetime, now: datetime) -> None:
    """Raise and clear no-data rules in one transaction."""
    states: dict[RuleId, RuleState] = {}
    async with db.transaction():
        await lock_rules(db)
        for found in await rule_states.select_silences(db, listening_at, now):
            since_ms = max(found.changed_ms or 0, _ms(listening_at))
            known = found.state.levels.get(Level.ON, NORMAL)
            level, steps = silence.evaluate(found.rule, known, found.heard_ms, since_ms, _ms(now))
            if level != known:
                states[found.rule.id] = RuleState(levels={Level.ON: level})
            await tell(db, found.rule, steps, {}, fresh=True)
        if states:
            await rule_states.update_rule_states(db, states)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
