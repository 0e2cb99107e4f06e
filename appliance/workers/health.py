"""Scores every machine each minute, and looks at each signal's last weeks once an hour."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from appliance import analytics
from appliance.analytics.baseline import HOUR_MS
from appliance.analytics.standards import shipped
from appliance.history.health import Drifts, drift_end_ms, read_basis, score_machine
from appliance.history.limits import limits_of
from appliance.history.looks import look_at
from appliance.history.readings import Source
from appliance.model.health import HealthScore
from appliance.store.health_scores import (
    delete_old_minutes,
    insert_health_scores,
    select_looks_at,
    try_lock_health,
)
from appliance.store.outage import Outage
from appliance.store.pool import TROUBLE, Connection
from appliance.store.signals import KnownSignal, select_signals, update_look

MINUTE = timedelta(minutes=1)
SETTLE_SECONDS = 2.0
"""After a full minute: what nodes took in it is mostly there by then."""
MINUTES_KEPT = timedelta(days=7)
SHARE = 0.2
"""Of one core for the hourly looks."""
BATCH = 50
STANDBY_SECONDS = 5.0
NICE = 10

log = logging.getLogger(__name__)


async def run_health(source: Source, clock: Callable[[], datetime]) -> None:
    """Score for ever, once the kernels for it are compiled; holds one connection of the pool."""
    outage = Outage("The scoring of machines")
    drifts: Drifts = {}
    await warm_up()
    while True:
        try:
            async with source.db.acquire() as lead:
                await _lead(lead, source, clock, drifts, outage)
        except TROUBLE as error:
            await outage.wait(error)


async def _lead(
    lead: Connection,
    source: Source,
    clock: Callable[[], datetime],
    drifts: Drifts,
    outage: Outage,
) -> None:
    while not await try_lock_health(lead):
        outage.over()
        await asyncio.sleep(STANDBY_SECONDS)
    scored: datetime | None = None
    while True:
        await lead.execute("select")  # the lead is lost with its connection
        minute = _minute(clock())
        if minute != scored:
            await score_all(source, minute, drifts)
            scored = minute
        until = minute + MINUTE + timedelta(seconds=SETTLE_SECONDS)
        await look_at_due(source, clock, until, drifts)
        outage.over()
        await asyncio.sleep(max(0.05, (until - clock()).total_seconds()))


async def warm_up() -> None:
    """Compile what looks at history needs in a thread that gives way to everything else.

    Step by step: a stop waits for no more than one.
    """
    loop = asyncio.get_running_loop()
    begun = time.monotonic()
    thread = ThreadPoolExecutor(1, thread_name_prefix="warm-up", initializer=_give_way)
    try:
        for step in analytics.bulk():
            await loop.run_in_executor(thread, step)
    finally:
        thread.shutdown(wait=False, cancel_futures=True)
    log.info("Kernels for rules and history ready in %.1f s", time.monotonic() - begun)


def _give_way() -> None:
    """Lower this thread's priority; Linux has one for each."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


async def score_all(source: Source, at: datetime, drifts: Drifts) -> list[HealthScore]:
    """Score every machine that has a signal, and keep the scores; drifts of before are dropped."""
    basis = await read_basis(source, None, at)
    end_ms = drift_end_ms(basis.at_ms)
    for key in [key for key in drifts if key[2] < end_ms]:
        del drifts[key]
    found: list[HealthScore] = []
    for machine_id in basis.signals:
        found.append(await score_machine(source, basis, machine_id, drifts))
        if len(found) % BATCH == 0:
            await insert_health_scores(source.db, found[-BATCH:])
    if rest := len(found) % BATCH:
        await insert_health_scores(source.db, found[-rest:])
    if at.minute == 0:
        await delete_old_minutes(source.db, at - MINUTES_KEPT)
    return found


async def look_at_due(
    source: Source, clock: Callable[[], datetime], until: datetime, drifts: Drifts
) -> int:
    """Look at signals that have not been looked at since the last full hour, until a moment."""
    end_ms = round(clock().timestamp() * 1000) // HOUR_MS * HOUR_MS
    due = [one for one in await select_signals(source.db) if _is_due(one, end_ms)]
    if not due:
        return 0
    rules = await select_looks_at(source.db, None, clock())
    limits = await source.run(shipped)
    for done, signal in enumerate(due):
        if clock() >= until:
            return done
        begun = time.monotonic()
        bounds = limits_of(rules, (signal.device_id, signal.metric), limits)
        look = await look_at(source, signal, bounds, end_ms)
        if look.drift is not None:
            drifts[signal.device_id, signal.metric, end_ms] = look.drift
        await update_look(source.db, signal.device_id, signal.metric, look, clock())
        await asyncio.sleep((time.monotonic() - begun) * (1 / SHARE - 1))
    return len(due)


def _is_due(signal: KnownSignal, end_ms: int) -> bool:
    known = signal.trended_at
    return known is None or not 0 <= known.timestamp() * 1000 - end_ms < HOUR_MS


def _minute(now: datetime) -> datetime:
    """The newest full minute that has settled."""
    settled = now - timedelta(seconds=SETTLE_SECONDS)
    return settled.replace(second=0, microsecond=0)
