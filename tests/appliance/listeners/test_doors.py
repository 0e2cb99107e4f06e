import asyncio
import gc
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import h2.config
import h2.connection
import h2.events
import httpx
import pytest
from hypercorn.asyncio import tcp_server
from hypercorn.asyncio.task_group import TaskGroup

from appliance.identity.certificates import DEVICE_NAME
from appliance.listeners import http1, people
from appliance.listeners.asgi import Receive, Scope, Send, answer, header
from appliance.listeners.doors import open_doors
from appliance.listeners.sockets import PortBusy, listen
from appliance.listeners.trust import Trust
from appliance.settings import Settings
from tests.box import free_port


class House(NamedTuple):
    """Doors that stand open, and what a client must know to come in."""

    people_port: int
    device_port: int
    http_port: int
    trust: Trust
    stop: asyncio.Event
    serving: asyncio.Task[None]

    def client(self, *, http2: bool = True) -> httpx.AsyncClient:
        return httpx.AsyncClient(verify=self.tls(), http2=http2)

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.trust.authority)


async def pages(scope: Scope, receive: Receive, send: Send) -> None:
    """`/` greets, `/hang` never answers, `/stream` never ends, all else echoes at once."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["path"] == "/hang":
        await asyncio.sleep(3600)
    if scope["path"] == "/stream":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await asyncio.sleep(0.05)
    await answer(send, 200, [], f"pages {scope['path']}".encode())


async def ingest(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers before it has read the body, as for a key it does not know."""
    await answer(send, 401, [], f"ingest {header(scope, b'host')}".encode())


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """All doors of an appliance, with small applications behind them."""
    settings = Settings(
        data_dir=tmp_path,
        host="127.0.0.1",
        people_port=0,
        device_port=0,
        http_port=free_port(),
        names=["box.plant.example"],
    )
    trust = await asyncio.to_thread(Trust, settings, lambda: datetime.now(UTC))
    with open_doors(settings) as doors:
        running = doors.running(settings.host)
        stop = asyncio.Event()
        serving = asyncio.create_task(doors.serve(pages, ingest, trust)(stop))
        assert running.http_port
        yield House(
            running.people_port, running.device_port, running.http_port, trust, stop, serving
        )
        stop.set()
        await serving


async def test_browsers_get_http_2_and_scripts_without_it_http_1(house: House) -> None:
    for http2, version in ((True, "HTTP/2"), (False, "HTTP/1.1")):
        async with house.client(http2=http2) as client:
            response = await client.get(f"https://127.0.0.1:{house.people_port}/x")
        assert (response.http_version, response.text) == (version, "pages /x")
        assert "server" not in response.headers


async def test_devices_get_http_1_and_no_server_header(house: House) -> None:
    async with house.client() as client:
        response = await client.post(f"https://127.0.0.1:{house.device_port}/ingest")
    assert (response.http_version, response.status_code) == ("HTTP/1.1", 401)
    assert "server" not in response.headers


@pytest.mark.parametrize("port", ["people_port", "device_port"])
@pytest.mark.parametrize(
    ("version", "accepted"),
    [
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
)
async def test_only_tls_1_2_and_1_3_are_spoken(
    house: House, port: str, version: ssl.TLSVersion, *, accepted: bool
) -> None:
    tls = house.tls()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        tls.minimum_version = tls.maximum_version = version
    tls.set_ciphers("DEFAULT:@SECLEVEL=0")
    connecting = asyncio.open_connection(
        "127.0.0.1", getattr(house, port), ssl=tls, server_hostname=DEVICE_NAME
    )
    if accepted:
        _, writer = await connecting
        assert writer.get_extra_info("cipher")[0].startswith(("TLS_", "ECDHE-"))
        writer.close()
    else:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await connecting


async def test_readings_go_to_ingest_whatever_the_host_is_called(house: House) -> None:
    async with house.client() as client:
        response = await client.post(
            f"https://127.0.0.1:{house.people_port}/ingest", headers={"Host": "node.invented"}
        )
    assert response.text == "ingest node.invented"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("192.0.2.77:8443", 200),
        ("[::1]:8443", 200),
        ("localhost", 200),
        ("box.plant.example:8443", 200),
        ("BOX.plant.example", 200),
        ("evil.example", 421),
        ("box.plant.example.evil.example", 421),
        ("", 421),
    ],
)
async def test_people_reach_it_by_its_names_and_by_addresses_alone(
    house: House, host: str, status: int
) -> None:
    async with house.client(http2=False) as client:
        response = await client.get(
            f"https://127.0.0.1:{house.people_port}/", headers={"Host": host}
        )
    assert response.status_code == status
    assert (response.headers.get("content-type") == "application/problem+json") is (status != 200)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_plain_http_sends_browsers_on(house: House, method: str) -> None:
    async with house.client() as client:
        response = await client.request(
            method, f"http://localhost:{house.http_port}/a%20b/c?d=%C3%A9&e=1"
        )
    assert response.status_code == 308
    place = f"https://localhost:{house.people_port}/a%20b/c?d=%C3%A9&e=1"
    assert response.headers["location"] == place


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/ingest", {}),
        ("GET", "/ingest", {}),
        ("POST", "/auth/login", {}),
        ("PUT", "/", {}),
        ("GET", "/devices", {"Authorization": "Bearer csk_something"}),
        ("GET", "/", {"Host": "evil.example/\x01"}),
    ],
)
async def test_plain_http_refuses_what_carries_data_or_a_key_and_never_sends_it_on(
    house: House, method: str, path: str, headers: dict[str, str]
) -> None:
    async with house.client() as client:
        response = await client.request(
            method, f"http://localhost:{house.http_port}{path}", headers=headers
        )
    assert response.status_code in {400, 403}
    assert "location" not in response.headers


async def test_an_answer_before_the_body_leaves_the_http_2_connection_alive(house: House) -> None:
    """A refused post whose body comes late must not end the live view beside it."""
    tls = house.tls()
    tls.set_alpn_protocols(["h2"])
    reader, writer = await asyncio.open_connection("127.0.0.1", house.people_port, ssl=tls)
    wire = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    wire.initiate_connection()
    base = [(":scheme", "https"), (":authority", "127.0.0.1")]
    post = wire.get_next_available_stream_id()
    wire.send_headers(post, [(":method", "POST"), (":path", "/ingest"), *base])
    writer.write(wire.data_to_send())
    await asyncio.sleep(0.2)  # the answer is given meanwhile
    wire.send_data(post, b"{}")
    wire.send_data(post, b"{}", end_stream=True)
    get = wire.get_next_available_stream_id()
    wire.send_headers(get, [(":method", "GET"), (":path", "/"), *base], end_stream=True)
    writer.write(wire.data_to_send())
    ended: set[int] = set()
    async with asyncio.timeout(10):
        while ended != {post, get}:
            data = await reader.read(65536)
            assert data, "the connection was given up"
            for event in wire.receive_data(data):
                if isinstance(event, h2.events.StreamEnded):
                    ended.add(event.stream_id)
            writer.write(wire.data_to_send())
    writer.close()


async def test_who_does_not_finish_a_request_is_cut_off(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http1, "REQUEST_SECONDS", 0.2)
    for begun in (b"", b"POST /ingest HTTP/1.1\r\nHost: x\r\n"):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", house.device_port, ssl=house.tls()
        )
        writer.write(begun)
        async with asyncio.timeout(10):
            with suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()


async def test_an_endless_header_is_cut_off(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.device_port, ssl=house.tls())
    writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 2 * http1.LARGEST_HEADER)
    async with asyncio.timeout(10):
        with suppress(ConnectionError):
            assert await reader.read() == b""
    writer.close()


async def test_new_certificates_are_served_without_a_restart(house: House, tmp_path: Path) -> None:
    async def served() -> bytes | None:
        _, writer = await asyncio.open_connection("127.0.0.1", house.people_port, ssl=house.tls())
        certificate: bytes | None = writer.get_extra_info("ssl_object").getpeercert(True)
        writer.close()
        return certificate

    keeping = asyncio.create_task(house.trust.keep())
    before = await served()
    await asyncio.to_thread((tmp_path / "certificates" / "people.pem").unlink)
    house.trust.look_now()
    async with asyncio.timeout(10):
        while await served() == before:
            await asyncio.sleep(0.05)
    keeping.cancel()


async def test_requests_that_never_end_do_not_keep_it_from_stopping(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "DRAIN_SECONDS", 0.3)
    hanging = []
    for path in ("/hang", "/stream"):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", house.people_port, ssl=house.tls()
        )
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        hanging.append((reader, writer))
    await hanging[1][0].readuntil(b"x")
    house.stop.set()
    async with asyncio.timeout(10):
        await house.serving
    for _, writer in hanging:
        writer.close()


async def test_a_request_under_way_is_answered_before_it_stops(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.device_port, ssl=house.tls())
    for _ in range(2):
        writer.write(b"GET /ingest HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"401" in await reader.readuntil(b"ingest x")
    house.stop.set()
    assert await reader.read() == b""
    writer.close()


async def test_a_busy_port_is_named(house: House) -> None:
    with pytest.raises(PortBusy, match=f"Port {house.people_port} is taken"):
        listen("127.0.0.1", house.people_port)


async def test_a_connection_that_ended_leaves_nothing_unawaited() -> None:
    async def idle() -> None:
        raise AssertionError

    async with TaskGroup(asyncio.get_running_loop()) as ended:
        pass
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with pytest.raises(RuntimeError):
            await tcp_server.AsyncioSingleTask().restart(ended, idle)
        gc.collect()
    assert not told
