"""The scores that a health or a model rule would have looked at in the past."""

import asyncio
import time
from typing import NamedTuple

import httpx
import numpy as np

from appliance.alarms.asking import (
    AT_ONCE,
    OPENS_AFTER,
    ModelFailed,
    body_of,
    look_of,
    make_client,
    post,
    read_window,
)
from appliance.alarms.evaluation import Run, run_of
from appliance.history import past_health
from appliance.history.readings import Source
from appliance.model.ids import FactoryId, MachineId
from appliance.model.rule import Rule
from appliance.model.series import Gap

SCORE_MS = 60_000
"""How often a score is expected, live and in the past."""
HEALTH_MS = 92 * 86_400_000
"""So much of a machine's health is made again at the most."""
MOST_QUESTIONS = 5_000
MOST_SECONDS = 60.0
"""A back-test asks a model so many questions at the most, and for so long."""
NO_MACHINE = "This device is on no machine: there is no health score to look at."


class Scored(NamedTuple):
    """Scores of from_ms <= t: None if there are none, and what could not be read or asked."""

    run: Run | None
    from_ms: int
    gaps: list[Gap]
    needs: str | None = None


class Told(NamedTuple):
    """What a model is told beside the readings."""

    device: str
    unit: str


async def health_scores(
    source: Source, machine: tuple[FactoryId, MachineId | None], from_ms: int, to_ms: int
) -> Scored:
    """The health of a machine by the minute, of the last HEALTH_MS at the most."""
    factory_id, machine_id = machine
    from_ms = max(from_ms, to_ms - HEALTH_MS)
    if machine_id is None:
        return Scored(None, from_ms, [], NO_MACHINE)
    gaps: list[Gap] = []
    found = past_health.scores(source, (factory_id, machine_id), from_ms, to_ms, gaps)
    parts = [part async for part in found]
    run = run_of(
        np.concatenate([part.times_ms for part in parts] or [np.empty(0, np.int64)]),
        np.concatenate([part.values for part in parts] or [np.empty(0)]),
    )
    return Scored(run, from_ms, gaps)


async def model_scores(source: Source, rule: Rule, told: Told, from_ms: int, to_ms: int) -> Scored:
    """What the rule's model answers about past windows, a few asked at once, the newest first.

    Of as much of the past as MOST_QUESTIONS and MOST_SECONDS allow. A window about which it does
    not answer is a gap; OPENS_AFTER of them in a row end it, and `needs` says why.
    """
    every_ms = round(1000 * look_of(rule).every_seconds)
    wanted = range(to_ms, from_ms, -every_ms)
    client = await source.run(make_client)
    async with client:
        asking = _Asking(source, client, rule, told)
        ends = wanted[:MOST_QUESTIONS]
        until = time.monotonic() + MOST_SECONDS
        done = 0
        while done < len(ends) and (not done or time.monotonic() < until):
            await asking.ask(ends[done : done + AT_ONCE])
            done = min(done + AT_ONCE, len(ends))
            if asking.needs is not None:
                return Scored(None, from_ms, [], asking.needs)
    if asking.failed and not asking.scores:
        return Scored(None, from_ms, [], asking.why)
    reached_ms = from_ms if done == len(wanted) else wanted[done - 1] - every_ms
    times = np.array(sorted(each for each in asking.scores if each >= reached_ms), np.int64)
    values = np.array([asking.scores[each] for each in times.tolist()])
    gaps = [
        Gap(end_ms - every_ms, end_ms, f"The model was asked in vain: {error}")
        for end_ms, error in sorted(asking.failed.items())
    ]
    return Scored(run_of(times, values), reached_ms, gaps)


class _Asking:
    """What a model has answered so far, by the time of each window's last reading."""

    def __init__(self, source: Source, client: httpx.AsyncClient, rule: Rule, told: Told) -> None:
        self._source = source
        self._client = client
        self._rule = rule
        self._told = told
        self._in_a_row = 0
        self._reading = asyncio.Lock()  # of the pool, others want connections too
        self.scores: dict[int, float] = {}
        self.failed: dict[int, str] = {}

    @property
    def why(self) -> str:
        """The last failure, in words for the person who tries the rule."""
        url = look_of(self._rule).url
        last = next(reversed(self.failed.values()))
        return f"The model at {url} does not answer, so nothing could be tried: {last}"

    @property
    def needs(self) -> str | None:
        """Why there is no sense in asking on."""
        return self.why if self._in_a_row >= OPENS_AFTER else None

    async def ask(self, ends_ms: range) -> None:
        """Ask about these windows at once."""
        answers = await asyncio.gather(*(self._one(end_ms) for end_ms in ends_ms))
        for end_ms, answer in zip(ends_ms, answers, strict=True):
            if answer is None:
                continue
            if isinstance(answer, ModelFailed):
                self.failed[end_ms] = str(answer)
                self._in_a_row += 1
            else:
                self.scores.setdefault(*answer)
                self._in_a_row = 0

    async def _one(self, end_ms: int) -> tuple[int, float] | ModelFailed | None:
        """When the window's last reading was, and its score; None: there is none in it."""
        async with self._reading:
            window = await read_window(self._source, self._rule, end_ms)
        if not window.times_ms:
            return None
        body = body_of(self._rule, *self._told, window)
        try:
            answer = await post(self._client, look_of(self._rule).url, body)
        except ModelFailed as error:
            return error
        return window.times_ms[-1], answer.score
