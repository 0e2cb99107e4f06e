"""Asks models about the last window of their signal, and bears those that do not answer."""

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import numpy as np

from appliance.errors import CarbonseedError
from appliance.history.baselines import read_minutes
from appliance.history.readings import Asked as Wanted
from appliance.history.readings import Source, pages
from appliance.model.look import Model
from appliance.model.scope import Scope
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
TIMEOUT_SECONDS = 10.0
TRIES = 2
RETRY_SECONDS = 0.5
"""And up to as long again, so that not all come back at once."""
OPENS_AFTER = 5
FIRST_REST, LONGEST_REST = timedelta(minutes=1), timedelta(hours=1)
MOST_BYTES = 65_536
MOST_READINGS = 5_000
MOST_NOTE = 200
AT_ONCE = 4
KEPT = timedelta(days=400)
MINUTE_MS = 60_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

log = logging.getLogger(__name__)


class ModelFailed(CarbonseedError):
    """A model did not answer as it should."""

    code = "model"


class Answer(msgspec.Struct, frozen=True):
    """What a model says of a window; other members are ignored."""

    score: float
    note: str = ""


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


def make_client() -> httpx.AsyncClient:
    """A client that follows no redirect and no proxy of the environment; reads certificates."""
    return httpx.AsyncClient(
        follow_redirects=False, trust_env=False, timeout=TIMEOUT_SECONDS, http2=False
    )


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
    return now - asked.asked_at >= timedelta(seconds=_look(asked).every_seconds)


async def ask_one(
    source: Source, client: httpx.AsyncClient, asked: Asked, clock: Callable[[], datetime]
) -> None:
    """Ask one model and keep what it says, or that it failed; a window without readings is none.

    A model whose breaker was open is asked once only.
    """
    look, rule, now = _look(asked), asked.rule, clock()
    end_ms = round(now.timestamp() * 1000)
    times, values = await _read(source, asked, end_ms)
    if not times:
        return
    body = msgspec.json.encode(
        {
            "device": asked.device,
            "metric": rule.metric,
            "unit": asked.unit,
            "times": times,
            "values": values,
        }
    )
    tries = 1 if asked.failures >= OPENS_AFTER else TRIES
    try:
        answer = await post(client, look.url, body, tries)
    except ModelFailed as error:
        failures = asked.failures + 1
        opens = clock() + rest(failures) if failures >= OPENS_AFTER else None
        await update_model_failed(source.db, rule.id, clock(), str(error), opens)
        if failures in (1, OPENS_AFTER):
            log.warning("The model of rule %d fails: %s", rule.id, error)
        return
    at = _EPOCH + timedelta(milliseconds=times[-1])
    note = answer.note.replace("\0", "")[:MOST_NOTE]
    await insert_model_score(source.db, rule.id, at, answer.score, note, clock())
    if asked.failures:
        log.info("The model of rule %d answers again", rule.id)


def rest(failures: int) -> timedelta:
    """For how long a model is left alone after so many failures in a row."""
    doublings: int = min(max(failures - OPENS_AFTER, 0), 10)
    return min(LONGEST_REST, FIRST_REST * 2.0**doublings)


async def post(client: httpx.AsyncClient, url: str, body: bytes, tries: int = TRIES) -> Answer:
    """What the model says; it is asked again after a pause. ModelFailed: why it cannot be had."""
    for left in range(tries - 1, -1, -1):
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await _post(client, url, body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ModelFailed) as error:
            if not left:
                raise ModelFailed(_said(error)) from error
        await asyncio.sleep(RETRY_SECONDS * (1 + random.random()))  # noqa: S311 - to spread load
    raise ModelFailed("It was not asked.")


async def _post(client: httpx.AsyncClient, url: str, body: bytes) -> Answer:
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    async with client.stream("POST", url, content=body, headers=headers) as response:
        if response.status_code != 200:
            raise ModelFailed(f"It answered {response.status_code}; 200 is wanted.")
        answer = bytearray()
        async for part in response.aiter_raw():
            answer += part
            if len(answer) > MOST_BYTES:
                raise ModelFailed(f"Its answer is longer than {MOST_BYTES} bytes.")
    try:
        found = msgspec.json.decode(answer, type=Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelFailed(f"Its answer cannot be read: {error}.") from error
    if not np.isfinite(found.score):
        raise ModelFailed("Its score is no finite number.")
    return found


async def _read(source: Source, asked: Asked, end_ms: int) -> tuple[list[int], list[float]]:
    """The window's readings, or the minutes' means where these are many."""
    rule, from_ms = asked.rule, end_ms - round(1000 * _look(asked).window_seconds)
    wanted = Wanted(Scope((rule.factory_id,)), rule.device_id, rule.metric or "")
    times, values, many = [np.empty(0, np.int64)], [np.empty(0)], 0
    async for page in pages(source, *wanted, from_ms, end_ms):
        there = np.isfinite(page.values)
        times.append(page.times_ms[there])
        values.append(page.values[there])
        many += int(there.sum())
        if many > MOST_READINGS:
            bounds = (each // MINUTE_MS * MINUTE_MS for each in (from_ms, end_ms))
            minutes = await read_minutes(source, wanted, *bounds)
            return minutes.times_ms.tolist(), minutes.means.tolist()
    return np.concatenate(times).tolist(), np.concatenate(values).tolist()


def _look(asked: Asked) -> Model:
    look: Any = asked.rule.look
    if not isinstance(look, Model):
        raise TypeError(f"rule {asked.rule.id} has no model")
    return look


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return f"No answer within {TIMEOUT_SECONDS:g} seconds."
    return " ".join(f"{error or type(error).__name__}".split())[:300]
