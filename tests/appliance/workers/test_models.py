"""The whole chain with real HTTP: rule, window, post, answer, score; and models that fail."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import numpy as np
import pytest

from appliance.alarms.asking import ModelFailed, make_client, post
from appliance.history.readings import Source
from appliance.model.ids import DeviceId
from appliance.model.insight import ModelState
from appliance.model.look import Model
from appliance.store.model_scores import delete_old_scores, model_series, select_model_states
from appliance.workers.models import LONGEST_REST, ask_due, rest
from tests.appliance.conftest import Clock
from tests.appliance.plant import NOON_MS, Plant, at

SERVER = Path(__file__).parents[3] / "docs/model-server/server.py"
Answering = Callable[[bytes], bytes]


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    client = await asyncio.to_thread(make_client)
    async with client:
        yield client


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.alarms.asking.RETRY_SECONDS", 0.001)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    )
    return head + await reader.readexactly(length)


@asynccontextmanager
async def answering(answer: Answering) -> AsyncIterator[str]:
    """A server that gives back what `answer` makes of each request."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(answer(await read_request(reader)))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def response(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{more}\r\n"
    return head.encode() + body


async def model_rule(plant: Plant, url: str, *, every: float = 60, mode: str = "live") -> DeviceId:
    device_id = await plant.device("press")
    look = Model(url=url, above=0.8, window_seconds=600, every_seconds=every)
    await plant.pool.execute(
        """
        insert into rules (factory_id, device_id, kind, metric_id, look, priority, message, mode)
        values ($1, $2, 'model', 1, $3, 4, 'Odd', $4)""",
        plant.factory_id,
        device_id,
        msgspec.to_builtins(look),
        mode,
    )
    return device_id


async def state(plant: Plant, clock: Clock) -> ModelState:
    [found] = await select_model_states(plant.pool, [plant.factory_id], clock())
    return found


async def send(plant: Plant, device_id: DeviceId, clock: Clock, level: float = 40.0) -> None:
    """The last ten minutes, a reading every ten seconds."""
    end_ms = round(clock().timestamp() * 1000)
    times = np.arange(end_ms - 600_000, end_ms, 10_000)
    noise = np.random.default_rng(int(times[0] // 1000 % 2**31)).normal(scale=0.5, size=times.size)
    await plant.send(device_id, times.tolist(), {"temperature": (level + noise).tolist()})


async def test_the_example_server_scores_windows_through_the_whole_chain(
    plant: Plant, source: Source, clock: Clock, http: httpx.AsyncClient
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SERVER), "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        device_id = await model_rule(plant, url)
        for _ in range(22):
            await send(plant, device_id, clock)
            assert await ask_due(source, http, clock) == 1
            clock.forward(minutes=10)
        usual = await state(plant, clock)
        await send(plant, device_id, clock, level=95.0)
        await ask_due(source, http, clock)
        odd = await state(plant, clock)
    finally:
        process.kill()
        await process.wait()
    assert (usual.state, usual.failures) == ("ok", 0)
    assert usual.score is not None
    assert odd.score is not None
    assert usual.score < 0.5 < odd.score
    assert odd.score_at == clock() - timedelta(seconds=10)
    times, scores = await model_series(plant.pool, odd.rule_id, 0, 2 * NOON_MS)
    assert times.size == scores.size == 23
    assert scores[-1] == odd.score
    await delete_old_scores(plant.pool, at(int(times[-1])))
    assert (await model_series(plant.pool, odd.rule_id, 0, 2 * NOON_MS))[0].size == 1


async def test_what_is_posted_is_the_window(
    plant: Plant, source: Source, clock: Clock, http: httpx.AsyncClient
) -> None:
    bodies = []

    def keep(request: bytes) -> bytes:
        bodies.append(msgspec.json.decode(request.split(b"\r\n\r\n", 1)[1]))
        return response(b'{"score": 0.25, "note": "fine", "more": [1]}')

    async with answering(keep) as url:
        device_id = await model_rule(plant, url)
        times = [NOON_MS - 700_000, NOON_MS - 2000, NOON_MS - 1000, NOON_MS]
        await plant.send(device_id, times, {"temperature": [1.0, 2.0, float("nan"), 3.0]})
        assert await ask_due(source, http, clock) == 1
        assert await ask_due(source, http, clock) == 0  # its minute is not over
    assert bodies == [
        {
            "device": "press",
            "metric": "temperature",
            "unit": "Cel",
            "times": [NOON_MS - 2000],
            "values": [2.0],
        }
    ]
    told = await state(plant, clock)
    assert (told.score, told.note, told.score_at) == (0.25, "fine", at(NOON_MS - 2000))


async def test_a_draft_is_not_asked_and_a_window_without_readings_neither(
    plant: Plant, source: Source, clock: Clock, http: httpx.AsyncClient
) -> None:
    await model_rule(plant, "http://127.0.0.1:1/", mode="draft")
    assert await ask_due(source, http, clock) == 0
    await plant.pool.execute("update rules set mode = 'shadow'")
    assert await ask_due(source, http, clock) == 1
    assert (await state(plant, clock)).state == "waiting"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (response(b"{}"), "cannot be read"),
        (response(b"oh no"), "cannot be read"),
        (response(b'{"score": "high"}'), "cannot be read"),
        (response(b'{"score": 1e999}'), "answer|score"),
        (response(b'{"score": 1}', "500 Oops"), "500"),
        (response(b"", "302 Found", "Location: http://127.0.0.1:1/\r\n"), "302"),
        (response(b'{"note": "' + b"x" * 70_000 + b'", "score": 1}'), "longer than 65536"),
        (b"nonsense\r\n\r\n", "."),
        (b"", "."),
    ],
)
async def test_what_is_no_answer_is_refused(
    answer: bytes, said: str, http: httpx.AsyncClient
) -> None:
    asked = []

    def count(request: bytes) -> bytes:
        asked.append(request)
        return answer

    async with answering(count) as url:
        with pytest.raises(ModelFailed, match=said):
            await post(http, url, b"{}")
    assert len(asked) == 2


async def test_a_model_that_never_answers_is_given_up(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.alarms.asking.TIMEOUT_SECONDS", 0.05)
    over = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(ModelFailed, match="No answer within"):
            await post(http, url, b"{}")
        over.set()
        await asyncio.sleep(0)


async def test_the_breaker_opens_probes_once_and_closes(
    plant: Plant, source: Source, clock: Clock, http: httpx.AsyncClient
) -> None:
    asked: list[bytes] = []
    works = False

    def answer(request: bytes) -> bytes:
        asked.append(request)
        return response(b'{"score": 0.5}') if works else response(b"", "503 Busy")

    async with answering(answer) as url:
        device_id = await model_rule(plant, url, every=10)
        for failures in range(1, 6):
            await send(plant, device_id, clock)
            assert await ask_due(source, http, clock) == 1
            told = await state(plant, clock)
            assert told.failures == failures
            assert told.state == ("open" if failures == 5 else "failing")
            clock.forward(seconds=10)
        assert len(asked) == 10  # each time twice
        assert await ask_due(source, http, clock) == 0  # open
        clock.forward(minutes=1)
        assert await ask_due(source, http, clock) == 1
        assert len(asked) == 11  # the probe is one
        told = await state(plant, clock)
        assert told.open_until == clock() + timedelta(minutes=2)
        works = True
        clock.forward(minutes=2)
        assert await ask_due(source, http, clock) == 1
        told = await state(plant, clock)
        assert (told.state, told.failures, told.error, told.open_until) == ("ok", 0, "", None)
    assert await plant.pool.fetchval("select count(*) from alerts") == 0


def test_rests_grow_to_an_hour() -> None:
    assert [rest(failures) for failures in (5, 6, 7)] == [timedelta(minutes=n) for n in (1, 2, 4)]
    assert rest(1000) == LONGEST_REST


async def test_many_readings_are_posted_as_minutes(
    plant: Plant, source: Source, clock: Clock, http: httpx.AsyncClient
) -> None:
    sizes = []

    def keep(request: bytes) -> bytes:
        sizes.append(len(msgspec.json.decode(request.split(b"\r\n\r\n", 1)[1])["values"]))
        return response(b'{"score": 0}')

    async with answering(keep) as url:
        device_id = await model_rule(plant, url)
        for start in range(NOON_MS - 600_000, NOON_MS, 60_000):
            times = list(range(start, start + 60_000, 100))
            await plant.send(device_id, times, {"temperature": [1.0] * 600})
        await ask_due(source, http, clock)
    assert sizes == [10]
