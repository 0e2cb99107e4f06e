"""Learns each signal's baseline at night, one signal at a time, with a small share of a core."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from appliance.history.baselines import LEAST_MS, is_news, learn
from appliance.history.readings import Source
from appliance.store.baselines import insert_baseline, select_baseline, try_lock_learning
from appliance.store.outage import Outage
from appliance.store.pool import TROUBLE
from appliance.store.signals import KnownSignal, select_signals, update_learnt

NIGHT = timedelta(hours=2)
"""After the plant's midnight."""
LOOK_SECONDS = 60.0
SHARE = 0.2
"""Of one core, and of the disk, at most."""

log = logging.getLogger(__name__)


async def run_learner(source: Source, clock: Callable[[], datetime]) -> None:
    """Learn for ever. What has been learnt is noted signal by signal: a restart goes on there."""
    outage = Outage("The learner of baselines")
    while True:
        try:
            await learn_due(source, clock)
        except TROUBLE as error:
            await outage.wait(error)
            continue
        outage.over()
        await asyncio.sleep(LOOK_SECONDS)


async def learn_due(source: Source, clock: Callable[[], datetime]) -> int:
    """Learn all signals that are due, resting between them; how many."""
    due = await source.run(_due, await select_signals(source.db), clock())
    done = 0
    for signal in due:
        begun = time.monotonic()
        async with source.db.acquire() as lead:
            if not await try_lock_learning(lead):
                return done  # another process learns
            await learn_one(source, signal, clock())
        done += 1
        await asyncio.sleep((time.monotonic() - begun) * (1 / SHARE - 1))
    if done:
        log.info("Looked for what is usual in the history of %d signals", done)
    return done


async def learn_one(source: Source, signal: KnownSignal, now: datetime) -> bool:
    """Learn one signal, and keep a new version if it differs; whether it did."""
    learnt = await learn(source, signal, now)
    known = await select_baseline(source.db, signal.device_id, signal.metric, now)
    async with source.db.acquire() as db, db.transaction():
        new = learnt is not None and is_news(learnt, known)
        if learnt is not None and new:
            await insert_baseline(db, signal.device_id, signal.metric, learnt, now)
        await update_learnt(db, signal.device_id, signal.metric, now)
    return new


def _due(signals: Sequence[KnownSignal], now: datetime) -> list[KnownSignal]:
    return [one for one in signals if is_due(one, now)]


def is_due(signal: KnownSignal, now: datetime) -> bool:
    """Once after each night of the plant; a signal never looked at, as soon as it has history."""
    if now.timestamp() * 1000 - signal.first_ms < LEAST_MS:
        return False
    if signal.learnt_at is None or signal.learnt_at > now:  # the clock was set back
        return True
    local = now.astimezone(ZoneInfo(signal.time_zone))
    night = local.replace(hour=0, minute=0, second=0, microsecond=0) + NIGHT
    if night > local:
        night -= timedelta(days=1)
    return signal.learnt_at < night
