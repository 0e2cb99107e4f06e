"""The demo's model: what a rule of kind `model` asks, and what it makes of nonsense."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from appliance.alarms.asking import make_client, post
from appliance.demo import model
from appliance.demo.model import Window, judge

MINUTE = 60_000


def window(*values: float) -> Window:
    """A value each half a minute."""
    return Window([number * MINUTE // 2 for number in range(len(values))], list(values))


@pytest.mark.parametrize(
    ("values", "score"),
    [
        ((20.0,), 0.0),
        ((20.0,) * 10, 0.0),
        ((*(20.0,) * 10, 21.5, 21.5), 0.5),
        ((*(20.0,) * 10, 18.5, 18.5), 0.5),
        ((*(20.0,) * 10, 90.0), 1.0),
    ],
)
def test_it_tells_how_far_the_last_minute_is_off(values: tuple[float, ...], score: float) -> None:
    assert judge(window(*values)).score == pytest.approx(score)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    server = await asyncio.to_thread(model.bind, 0)
    serving = asyncio.create_task(model.serve(server))
    yield f"http://127.0.0.1:{server.server_port}/"
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


async def test_it_answers_what_the_appliance_asks(url: str) -> None:
    client = await asyncio.to_thread(make_client)
    async with client:
        body = msgspec.json.encode({"device": "booth", "times": [0, 1000], "values": [1.0, 1.0]})
        answer = await post(client, url, body)
    assert (answer.score, answer.note) == (0.0, "0.0 off the last minutes")


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[", b'{"times": [], "values": []}', b'{"times": [1], "values": []}']
)
async def test_nonsense_is_refused_and_the_next_is_answered(url: str, body: bytes) -> None:
    client = await asyncio.to_thread(make_client)
    async with client:
        assert (await client.post(url, content=body)).status_code == 400
        good = await client.post(url, content=b'{"times": [1], "values": [2]}')
        assert good.json()["score"] == 0.0


async def test_a_port_that_is_taken_is_another() -> None:
    first, second = None, None
    try:
        first = await asyncio.to_thread(model.bind, 0)
        second = await asyncio.to_thread(model.bind, first.server_port)
        assert second.server_port != first.server_port
    finally:
        for server in (first, second):
            if server is not None:
                server.server_close()


async def test_a_client_that_hangs_up_is_borne(url: str) -> None:
    port = int(url.rstrip("/").rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: m\r\nContent-Length: 10\r\n\r\n{")
    await writer.drain()
    writer.close()
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.post(url, content=b"{}")).status_code == 400
