"""Asks models about the last window of their signal, and bears those that do not answer."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx

from appliance.alarms.asking import (
    AT_ONCE,
    OPENS_AFTER,
    TRIES,
    ModelFailed,
    body_of,
    look_of,
    make_client,
    post,
    read_window,
)
from appliance.history.readings import Source
from appliance.store.model_scores import (
    Asked,
    delete_old_scores,
    insert_model_score,
    select_models,
    try_lock_models,
    update_model_failed,
)
from appliance.store.outage import Outage
from appliance.store.pool import TROUBLE, Connection

TICK_SECONDS = 1.0
STANDBY_SECONDS = 5.0
FIRST_REST, LONGEST_REST = timedelta(minutes=1), timedelta(hours=1)
MOST_NOTE = 200
KEPT = timedelta(days=400)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

log = logging.getLogger(__name__)


async def run_models(source: Source, clock: Callable[[], datetime]) -> None:
    """Ask for ever."""
    outage = Outage("The asking of models")
    client = await source.run(make_client)
    async with client:
        while True:
            try:
                async with source.db.acquire() as lead:
                    await _lead(lead, source, client, clock, outage)
            except TROUBLE as error:
                await outage.wait(error)


async def _lead(
    lead: Connection,
    source: Source,
    client: httpx.AsyncClient,
    clock: Callable[[], datetime],
    outage: Outage,
) -> None:
    while not await try_lock_models(lead):
        outage.over()
        await asyncio.sleep(STANDBY_SECONDS)
    tidied: datetime | None = None
    while True:
        await lead.execute("select")  # the lead is lost with its connection
        if tidied is None or clock() - tidied > timedelta(days=1):
            tidied = clock()
            await delete_old_scores(source.db, tidied - KEPT)
        await ask_due(source, client, clock)
        outage.over()
        await asyncio.sleep(TICK_SECONDS)


async def ask_due(source: Source, client: httpx.AsyncClient, clock: Callable[[], datetime]) -> int:
    """Ask every model whose time has come, a few at once; how many."""
    due = [one for one in await select_models(source.db) if is_due(one, clock())]
    few = asyncio.Semaphore(AT_ONCE)

    async def one(asked: Asked) -> None:
        async with few:
            await ask_one(source, client, asked, clock)

    async with asyncio.TaskGroup() as group:
        for asked in due:
            group.create_task(one(asked))
    return len(due)


def is_due(asked: Asked, now: datetime) -> bool:
    """Whether a model's time has come; while its breaker is open, only at the end of that."""
    if asked.open_until is not None and asked.failures >= OPENS_AFTER:
        return not now < asked.open_until <= now + LONGEST_REST  # else the clock was set back
    if asked.asked_at is None or asked.asked_at > now:
        return True
    return now - asked.asked_at >= timedelta(seconds=look_of(asked.rule).every_seconds)


async def ask_one(
    source: Source, client: httpx.AsyncClient, asked: Asked, clock: Callable[[], datetime]
) -> None:
    """Ask one model and keep what it says, or that it failed; a window without readings is none.

    A model whose breaker was open is asked once only.
    """
    rule = asked.rule
    window = await read_window(source, rule, round(clock().timestamp() * 1000))
    if not window.times_ms:
        return
    body = body_of(rule, asked.device, asked.unit, window)
    tries = 1 if asked.failures >= OPENS_AFTER else TRIES
    try:
        answer = await post(client, look_of(rule).url, body, tries)
    except ModelFailed as error:
        failures = asked.failures + 1
        opens = clock() + rest(failures) if failures >= OPENS_AFTER else None
        await update_model_failed(source.db, rule.id, clock(), str(error), opens)
        if failures in (1, OPENS_AFTER):
            log.warning("The model of rule %d fails: %s", rule.id, error)
        return
    at = _EPOCH + timedelta(milliseconds=window.times_ms[-1])
    note = answer.note.replace("\0", "")[:MOST_NOTE]
    await insert_model_score(source.db, rule.id, at, answer.score, note, clock())
    if asked.failures:
        log.info("The model of rule %d answers again", rule.id)


def rest(failures: int) -> timedelta:
    """For how long a model is left alone after so many failures in a row."""
    doublings: int = min(max(failures - OPENS_AFTER, 0), 10)
    return min(LONGEST_REST, FIRST_REST * 2.0**doublings)
