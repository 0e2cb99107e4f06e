"""Nodes that call the devices' door, beside what ingest's tests have."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from appliance.api.node.application import create_node
from appliance.listeners.asgi import App, Message
from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from tests.appliance.api.ingest.conftest import JSON, PER_MINUTE, Ingest, Node, ingest

__all__ = ["ingest"]


class Reply(NamedTuple):
    """What came back; json: its body read as JSON, None if there was none."""

    status: int
    headers: dict[str, str]
    body: bytes
    pieces: int

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


Ask = Callable[..., Awaitable[Reply]]


@pytest.fixture
def door(ingest: Ingest) -> App:
    """What the devices' port serves."""
    return create_node(
        ingest.app,
        db=ingest.pool,
        keys=ingest.ring,
        clock=ingest.clock,
        requests_per_minute=PER_MINUTE,
    )


@pytest.fixture
def ask(door: App) -> Ask:
    """`await ask("GET", "/node/config", node.key)`: a call with a device key."""

    async def do(
        verb: str, path: str, key: str, body: Any = None, app: App = door, **headers: str
    ) -> Reply:
        raw = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        given = {"authorization": f"Bearer {key}", "content-type": JSON, **headers}
        given["content-length"] = str(len(raw))
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": verb,
            "path": path,
            "query_string": b"",
            "client": ("10.0.0.9", 4321),
            "headers": [
                (name.replace("_", "-").encode(), value.encode()) for name, value in given.items()
            ],
        }
        await app(scope, receive, send)
        start, *rest = sent
        assert not rest[-1].get("more_body")
        told = {name.decode(): value.decode() for name, value in start["headers"]}
        whole = b"".join(message["body"] for message in rest)
        if "content-length" in told:
            assert int(told["content-length"]) == len(whole)
        return Reply(start["status"], told, whole, len(rest))

    return do


@pytest.fixture
def tell(ask: Ask) -> Ask:
    """`await tell(node.key, version="1.0.7")`: a node's log."""

    async def do(key: str, **members: Any) -> Reply:
        told = {"v": 1, "epoch": "9f3c2a7151e0b6d4", "boot": 41, "version": "1.0.3", **members}
        return await ask("POST", "/node/log", key, told)

    return do


class Site(NamedTuple):
    """A node, and the people's side of it."""

    node: Node
    scope: Scope

    @property
    def id(self) -> DeviceId:
        return self.node.id


@pytest.fixture
async def site(ingest: Ingest) -> Site:
    return Site(await ingest.node(), ingest.scope)
