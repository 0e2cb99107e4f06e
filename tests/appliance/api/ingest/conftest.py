"""The ingest application on a database of its own, with its writer and its key ring running."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest

from appliance.api.ingest.application import create_ingest
from appliance.identity import device_keys
from appliance.identity.device_keys import KeyRing
from appliance.listeners.asgi import App, Message
from appliance.model.batch import PlacedBatch, Stored
from appliance.model.factory import Factory
from appliance.model.ids import DeviceId, KeyId
from appliance.model.metric import Metric
from appliance.model.scope import Scope
from appliance.store.metrics import select_metrics
from appliance.store.pool import Pool
from appliance.workers.writer import Writer
from tests.appliance.conftest import Clock

JSON = "application/json"
PER_MINUTE = 10_000

Store = Callable[[PlacedBatch], Awaitable[Stored]]


@dataclass(frozen=True)
class Answer:
    """What came back, its body read as JSON."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass(frozen=True)
class Node:
    """A device and its key."""

    id: DeviceId
    key_id: KeyId
    key: str


@dataclass
class Request:
    """One request on its way into an ASGI application, in as many parts as one likes."""

    parts: Sequence[bytes]
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"
    path: str = "/ingest"
    ends: bool = True
    """Whether the last part is the end; if not, the client sends no more and waits."""
    leaves: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: the client closes the connection."""

    async def into(self, app: App) -> Answer:
        parts = list(self.parts)
        sent: list[Message] = []

        async def receive() -> Message:
            if parts:
                body = parts.pop(0)
                return {
                    "type": "http.request",
                    "body": body,
                    "more_body": bool(parts) or not self.ends,
                }
            await self.leaves.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        headers = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
        path, _, query = self.path.partition("?")
        scope = {
            "type": "http",
            "method": self.method,
            "path": path,
            "query_string": query.encode(),
            "headers": headers,
        }
        await app(scope, receive, send)
        start, body = sent
        told = {name.decode(): value.decode() for name, value in start["headers"]}
        if start["status"] == 204:
            assert not body["body"]
            assert "content-length" not in told
            return Answer(204, told, {})
        assert int(told["content-length"]) == len(body["body"])
        return Answer(start["status"], told, json.loads(body["body"]))


@dataclass
class Ingest:
    """The application, what is behind it, and devices to post with."""

    writer: Writer
    ring: KeyRing
    pool: Pool
    clock: Clock
    factory: Factory
    metrics: list[Metric]

    def application(self, store: Store, *, requests_per_minute: int = PER_MINUTE) -> App:
        return create_ingest(
            db=self.pool,
            keys=self.ring,
            store=store,
            metrics=self.metrics,
            clock=self.clock,
            requests_per_minute=requests_per_minute,
        )

    @cached_property
    def app(self) -> App:
        return self.application(self.writer.store)

    @property
    def scope(self) -> Scope:
        return Scope((self.factory.id,))

    async def node(self, name: str = "node") -> Node:
        device_id = await self.pool.fetchval(
            """
            insert into devices (factory_id, name, created_at)
            values ($1, $2 || (select count(*) from devices), $3) returning id""",
            self.factory.id,
            name,
            self.clock(),
        )
        key_id, key = await device_keys.issue(self.pool, self.scope, device_id, self.clock())
        return Node(device_id, key_id, key)

    def request(self, node: Node, body: object, content_type: str = JSON) -> Request:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {
            "Authorization": f"Bearer {node.key}",
            "Content-Type": content_type,
            "Content-Length": str(len(raw)),
        }
        return Request([raw], headers)

    async def post(self, node: Node, body: object, content_type: str = JSON) -> Answer:
        return await self.request(node, body, content_type).into(self.app)


def batch(
    first: int = 0, values: Sequence[float | None] = (20.5,), **members: Any
) -> dict[str, Any]:
    """A batch of temperatures of a living epoch, one every 10 s, the last of them just now."""
    rows = [[10_000 * (first + i), value] for i, value in enumerate(values)]
    return {
        "v": 1,
        "epoch": "9f3c2a7151e0b6d4",
        "first": first,
        "sent_up": rows[-1][0] if rows else 0,
        "metrics": ["temperature"],
        "rows": rows,
        **members,
    }


def body_of(case: dict[str, Any]) -> bytes:
    """The body of a case of the golden messages, as tests/vectors/README.md says."""
    if "body_base64" in case:
        return base64.b64decode(case["body_base64"])
    if "body_text" in case:
        return str(case["body_text"]).encode()
    message = dict(case["body"])
    if "repeat_rows" in case:
        message["rows"] = message["rows"] * case["repeat_rows"]
    return json.dumps(message).encode().ljust(case.get("pad_to", 0))


@pytest.fixture
async def ingest(pool: Pool, clock: Clock, north: Factory) -> AsyncIterator[Ingest]:
    ring, writer = KeyRing(pool, clock), Writer(pool, 100)
    running = [asyncio.create_task(ring.run()), asyncio.create_task(writer.run())]
    yield Ingest(writer, ring, pool, clock, north, await select_metrics(pool))
    for task in running:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
