import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from h2.connection import H2Connection
from h2.events import DataReceived
from quart import Quart

from appliance.api import live as api
from appliance.history import latest
from appliance.http.context import Context
from appliance.identity import certificates
from appliance.listeners.people import PROTOCOLS, serve_people
from appliance.listeners.sockets import listen, port_of
from appliance.listeners.tls import server_context
from appliance.model.factory import Factory
from appliance.model.live import DeviceChanged
from appliance.model.user import Role
from appliance.store.alerts import select_alerts
from tests.appliance.conftest import SignedIn, SignIn
from tests.appliance.plant import NOON, NOON_MS, Plant

Event = tuple[str, dict[str, Any]]


@asynccontextmanager
async def watching(person: SignedIn) -> AsyncIterator[AsyncIterator[Event]]:
    """The events of a stream that is left at the end of the block."""
    client: Any = person.client
    headers = {"Authorization": f"Bearer {person.access}"}
    async with client.request("/live", headers=headers) as connection:
        await connection.send_complete()

        async def chunks() -> AsyncIterator[bytes]:
            while chunk := await asyncio.wait_for(connection.receive(), 20):
                yield chunk

        yield events(chunks())
        assert connection.status_code == 200
        await connection.disconnect()


async def events(chunks: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    text = ""
    async for chunk in chunks:
        text += chunk.decode()
        while "\n\n" in text:
            event, text = text.split("\n\n", 1)
            if not event.startswith("retry: "):
                name, data = event.split("\n")
                yield name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


async def changed(context: Context, plant: Plant, device_id: Any) -> None:
    """What the relay does."""
    [status] = await latest.statuses(plant.pool, plant.scope, NOON, [device_id])
    context.live.publish(DeviceChanged(status), plant.factory_id)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_snapshot_comes_first_and_then_the_changes(
    plant: Plant, context: Context, sign_in: SignIn
) -> None:
    device_id = await plant.device("a")
    async with watching(await sign_in(Role.MANAGER)) as stream:
        name, snapshot = await anext(stream)
        assert (name, snapshot["type"]) == ("snapshot", "snapshot")
        assert (snapshot["now"], snapshot["alerts"]) == ("2026-11-23T12:00:00Z", [])
        assert [one["device"]["name"] for one in snapshot["devices"]] == ["a"]
        await plant.send(device_id, [NOON_MS], {"gas": [7.5]})
        await changed(context, plant, device_id)
        name, change = await anext(stream)
        assert (name, change["type"], change["device"]["state"]) == ("device", "device", "live")
        assert change["device"]["latest"][0]["value"] == 7.5


async def test_what_changes_while_the_snapshot_is_taken_is_not_lost(
    plant: Plant, context: Context, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    device_id = await plant.device("a")

    async def slow(*args: Any) -> Any:
        await plant.send(device_id, [NOON_MS], {"gas": [7.5]})
        await changed(context, plant, device_id)
        return await select_alerts(*args)

    monkeypatch.setattr(api, "select_alerts", slow)
    async with watching(await sign_in(Role.OPERATOR)) as stream:
        _, snapshot = await anext(stream)
        assert snapshot["devices"][0]["state"] == "never"
        _, change = await anext(stream)
        assert change["device"]["state"] == "live"


async def test_a_stream_holds_the_callers_factories_only(
    plant: Plant, south: Factory, context: Context, sign_in: SignIn
) -> None:
    other = Plant(plant.pool, south.id)
    ours, theirs = await plant.device("ours"), await other.device("theirs")
    async with watching(await sign_in(Role.OPERATOR)) as stream:
        _, snapshot = await anext(stream)
        assert [one["device"]["id"] for one in snapshot["devices"]] == [ours]
        await changed(context, other, theirs)
        await changed(context, plant, ours)
        _, change = await anext(stream)
        assert change["device"]["device"]["id"] == ours


async def test_a_silent_line_beats(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "BEAT_SECONDS", 0.01)
    async with watching(await sign_in(Role.COMPLIANCE)) as stream:
        names = [(await anext(stream))[0] for _ in range(3)]
    assert names == ["snapshot", "beat", "beat"]


@pytest.mark.parametrize("ending", ["logout", "disabled", "moved"])
async def test_a_stream_ends_with_the_session_and_with_what_it_may_see(
    plant: Plant,
    south: Factory,
    sign_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
    ending: str,
) -> None:
    monkeypatch.setattr(api, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(api, "CHECK_SECONDS", 0.0)
    person = await sign_in(Role.OPERATOR)
    async with watching(person) as stream:
        assert [(await anext(stream))[0] for _ in range(2)] == ["snapshot", "beat"]
        if ending == "logout":
            assert (await person.post("/auth/logout")).status_code == 204
        elif ending == "disabled":
            await plant.pool.execute("update users set disabled_at = now()")
        else:
            await plant.pool.execute("update memberships set factory_id = $1", south.id)
        assert {name async for name, _ in stream} <= {"beat"}


async def test_a_stream_ends_when_changes_may_have_been_missed(
    context: Context, sign_in: SignIn
) -> None:
    async with watching(await sign_in(Role.OPERATOR)) as stream:
        await anext(stream)
        context.live.close()
        assert [name async for name, _ in stream] == []


async def test_who_has_gone_is_forgotten(context: Context, sign_in: SignIn) -> None:
    async with watching(await sign_in(Role.OPERATOR)) as stream:
        await anext(stream)
        assert context.live.heard
    await until(lambda: not context.live.heard)


async def test_what_fails_before_the_snapshot_has_its_status(
    context: Context, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_args: Any) -> Any:
        raise ConnectionError

    monkeypatch.setattr(api, "select_alerts", away)
    response = await (await sign_in(Role.OPERATOR)).get("/live")
    assert response.status_code == 503
    assert not context.live.heard


@asynccontextmanager
async def served(app: Quart, folder: Path) -> AsyncIterator[tuple[str, ssl.SSLContext]]:
    """The application behind people's real door on a free port."""
    made = await asyncio.to_thread(certificates.ensure, folder, ["localhost"], datetime.now(UTC))
    stop = asyncio.Event()
    with listen("127.0.0.1", 0) as listener:
        port = port_of(listener)
        tls = await asyncio.to_thread(server_context, *made.people, PROTOCOLS)
        serving = asyncio.create_task(serve_people(app, listener, tls, stop))
        trusting = ssl.create_default_context(cafile=made.authority)
        try:
            yield f"https://localhost:{port}", trusting
        finally:
            stop.set()
            await serving


@pytest.mark.parametrize("http2", [True, False])
async def test_it_flows_through_the_real_door(
    plant: Plant,
    app: Quart,
    context: Context,
    sign_in: SignIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    http2: bool,
) -> None:
    monkeypatch.setitem(app.config, "RESPONSE_TIMEOUT", 0.2)
    monkeypatch.setattr(api, "BEAT_SECONDS", 0.15)
    device_id = await plant.device("a")
    person = await sign_in(Role.OPERATOR)
    headers = {"Authorization": f"Bearer {person.access}"}
    async with served(app, tmp_path) as (url, trusting):
        async with (
            httpx.AsyncClient(verify=trusting, http2=http2, headers=headers) as client,
            client.stream("GET", f"{url}/live") as response,
        ):
            assert response.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
            assert response.headers["Content-Type"] == "text/event-stream"
            assert response.headers["Cache-Control"] == "no-store"
            stream = events(response.aiter_bytes())
            names = [(await anext(stream))[0] for _ in range(4)]
            assert names == ["snapshot", "beat", "beat", "beat"]
            await changed(context, plant, device_id)
            while (await anext(stream))[0] != "device":
                pass
        await until(lambda: not context.live.heard)


async def test_a_tab_that_closes_leaves_the_others_of_its_connection(
    app: Quart, context: Context, sign_in: SignIn, tmp_path: Path
) -> None:
    person = await sign_in(Role.OPERATOR)
    async with served(app, tmp_path) as (url, trusting):
        trusting.set_alpn_protocols(["h2"])
        port = int(url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("localhost", port, ssl=trusting)
        browser = H2Connection()
        browser.initiate_connection()
        request = {
            ":method": "GET",
            ":scheme": "https",
            ":authority": "localhost",
            ":path": "/live",
            "authorization": f"Bearer {person.access}",
        }
        started: set[int] = set()
        for stream_id in (1, 3):
            browser.send_headers(stream_id, list(request.items()), end_stream=True)
        while started != {1, 3}:
            writer.write(browser.data_to_send())
            for event in browser.receive_data(await reader.read(65_536)):
                if isinstance(event, DataReceived):
                    started.add(event.stream_id)
        for stream_id, left in ((1, 1), (3, 0)):
            assert len(context.live._listeners) == left + 1
            browser.reset_stream(stream_id)
            writer.write(browser.data_to_send())
            await until(lambda left=left: len(context.live._listeners) == left)
        writer.close()
        await writer.wait_closed()
