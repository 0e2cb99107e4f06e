"""Asks a model about a window of a signal: live about the last one, in a back-test about past ones.

The URL of a rule is trusted as far as whoever may make rules is: no redirect and no proxy is
followed, and an answer is bounded in time and size.
"""

import asyncio
import random
from typing import NamedTuple

import httpx
import msgspec
import numpy as np

from appliance.errors import CarbonseedError
from appliance.history.baselines import read_minutes
from appliance.history.readings import Asked as Wanted
from appliance.history.readings import Source, pages
from appliance.model.look import Model
from appliance.model.rule import Rule
from appliance.model.scope import Scope

TIMEOUT_SECONDS = 10.0
TRIES = 2
RETRY_SECONDS = 0.5
"""And up to as long again, so that not all come back at once."""
OPENS_AFTER = 5
"""So many failures in a row, and a model is left alone for a while."""
AT_ONCE = 4
MOST_BYTES = 65_536
MOST_READINGS = 5_000
MINUTE_MS = 60_000


class ModelFailed(CarbonseedError):
    """A model did not answer as it should."""

    code = "model"


class Window(NamedTuple):
    """Readings that a model is asked about: UTC milliseconds and values."""

    times_ms: list[int]
    values: list[float]


class Answer(msgspec.Struct, frozen=True):
    """What a model says of a window; other members are ignored."""

    score: float
    note: str = ""


def make_client() -> httpx.AsyncClient:
    """A client that follows no redirect and no proxy of the environment; reads certificates."""
    return httpx.AsyncClient(
        follow_redirects=False, trust_env=False, timeout=TIMEOUT_SECONDS, http2=False
    )


def body_of(rule: Rule, device: str, unit: str, window: Window) -> bytes:
    """What is posted."""
    return msgspec.json.encode(
        {
            "device": device,
            "metric": rule.metric,
            "unit": unit,
            "times": window.times_ms,
            "values": window.values,
        }
    )


async def read_window(source: Source, rule: Rule, end_ms: int) -> Window:
    """The readings of the window that ends there, or the minutes' means where these are many."""
    from_ms = end_ms - round(1000 * look_of(rule).window_seconds)
    wanted = Wanted(Scope((rule.factory_id,)), rule.device_id, rule.metric or "")
    times, values, many = [np.empty(0, np.int64)], [np.empty(0)], 0
    async for page in pages(source, *wanted, from_ms, end_ms):
        there = np.isfinite(page.values)
        times.append(page.times_ms[there])
        values.append(page.values[there])
        many += int(there.sum())
        if many > MOST_READINGS:
            begin_ms, last_ms = (each // MINUTE_MS * MINUTE_MS for each in (from_ms, end_ms))
            minutes = await read_minutes(source, wanted, begin_ms, last_ms)
            return Window(minutes.times_ms.tolist(), minutes.means.tolist())
    return Window(np.concatenate(times).tolist(), np.concatenate(values).tolist())


def look_of(rule: Rule) -> Model:
    """How a rule with a model looks; TypeError: it has none."""
    if not isinstance(rule.look, Model):
        raise TypeError(f"rule {rule.id} has no model")
    return rule.look


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


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return f"No answer within {TIMEOUT_SECONDS:g} seconds."
    return " ".join(f"{error or type(error).__name__}".split())[:300]
