"""Nodes' other calls: configuration, firmware, commands, log, key; each of its own device alone."""

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from appliance.api.ingest import answers
from appliance.api.ingest.answers import JSON, Tongue
from appliance.api.ingest.application import OnlyPost
from appliance.api.ingest.body import Gone, read_body
from appliance.api.ingest.rate import Rate
from appliance.errors import BadRequest, NotFound, NotSignedIn
from appliance.identity.device_keys import KeyRing
from appliance.listeners.asgi import App, Header, Receive, Scope, Send, address, header
from appliance.model.device import KeyHolder
from appliance.model.node_log import NodeLog
from appliance.nodes import commands, configs, logs, rotation
from appliance.store.firmware import select_offered_bundle
from appliance.store.pool import Pool
from appliance.store.rollouts import update_device_fetching

PREFIX = "/node/"
LARGEST = 4 * 1024
PIECE_BYTES = 16 * 1024
SEND_SECONDS = 300.0
"""A node that takes longer over an answer has gone."""
_RANGE = re.compile(r"bytes=(\d{1,9})-(\d{0,9})")


class OnlyTold(OnlyPost):
    """This is posted, nothing else."""


class OnlyGet(OnlyPost):
    """This is fetched, nothing else."""

    code = "only-get"
    allow = b"GET"


class Call(NamedTuple):
    """A node's call, admitted: whose device it is of, and what was sent."""

    holder: KeyHolder
    scope: Scope
    body: bytes
    now: datetime


class Told(NamedTuple):
    """An answer: a body sent in pieces, or none at all."""

    status: int
    headers: list[Header]
    body: bytes | None = None


def create_node(
    ingest: App,
    *,
    db: Pool,
    keys: KeyRing,
    clock: Callable[[], datetime],
    requests_per_minute: int,
) -> App:
    """What the devices' door serves: nodes' calls here, readings and all else by `ingest`."""
    rate = Rate(requests_per_minute)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await ingest(scope, receive, send)
            return
        body = None
        try:
            serve, verb = _route(scope)
            holder = await _admit(keys, scope)
            headers = dict(scope["headers"])
            body = await read_body(receive, headers, LARGEST) if verb == "POST" else b""
            rate.take(holder.device_id, time.monotonic())
            told = await serve(db, Call(holder, scope, body, clock()))
        except Gone:
            pass
        except Exception as error:  # noqa: BLE001  the edge
            await answers.refuse(send, Tongue.OWN, error, close=body is None)
        else:
            await _answer(send, told)

    return app


async def _config(db: Pool, call: Call) -> Told:
    found = await configs.for_node(db, call.holder.device_id)
    tag = f'"{found.version}"'
    known = header(call.scope, b"if-none-match").removeprefix("W/")
    tagged: Header = (b"etag", tag.encode())
    if known == tag:
        return Told(304, [tagged])
    return Told(200, [JSON, tagged], msgspec.json.encode(found))


async def _firmware(db: Pool, call: Call) -> Told:
    bundle = await select_offered_bundle(db, call.holder.device_id)
    if bundle is None:
        return Told(204, [])
    await update_device_fetching(db, call.holder.device_id, call.now)
    return _part(bundle, header(call.scope, b"range"))


def _part(bundle: bytes, wanted: str) -> Told:
    """A bundle, or the part of it that a Range header names (RFC 9110, 14); a list is ignored."""
    size = len(bundle)
    tag = hashlib.sha256(bundle).hexdigest()
    headers: list[Header] = [
        (b"content-type", b"application/octet-stream"),
        (b"accept-ranges", b"bytes"),
        (b"etag", f'"{tag}"'.encode()),
    ]
    named = _RANGE.fullmatch(wanted)
    if named is None:
        return Told(200, headers, bundle)
    first, last = int(named[1]), min(int(named[2] or size), size - 1)
    if first >= size:
        return Told(416, [(b"content-range", f"bytes */{size}".encode())])
    if last < first:
        return Told(200, headers, bundle)
    headers.append((b"content-range", f"bytes {first}-{last}/{size}".encode()))
    return Told(206, headers, bundle[first : last + 1])


async def _commands(db: Pool, call: Call) -> Told:
    return _json({"commands": await commands.for_node(db, call.holder.device_id)})


async def _log(db: Pool, call: Call) -> Told:
    try:
        told = msgspec.json.decode(call.body, type=NodeLog)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The body cannot be read: {error}") from error
    stored = await logs.take(db, call.holder, told, address(call.scope), call.now)
    return _json({"stored": stored})


async def _new_key(db: Pool, call: Call) -> Told:
    return _json(await rotation.rotate(db, call.holder, address(call.scope), call.now))


Serve = Callable[[Pool, Call], Awaitable[Told]]
ROUTES: Mapping[str, tuple[Serve, str]] = {
    "config": (_config, "GET"),
    "firmware": (_firmware, "GET"),
    "commands": (_commands, "GET"),
    "log": (_log, "POST"),
    "key": (_new_key, "POST"),
}


def _route(scope: Scope) -> tuple[Serve, str]:
    path = scope["path"].removeprefix(PREFIX)
    if path not in ROUTES:
        raise NotFound(f"Nodes call {', '.join(PREFIX + name for name in ROUTES)}.")
    verb = ROUTES[path][1]
    if scope["method"] != verb:
        raise OnlyTold if verb == "POST" else OnlyGet
    return ROUTES[path]


async def _admit(keys: KeyRing, scope: Scope) -> KeyHolder:
    scheme, _, key = header(scope, b"authorization").partition(" ")
    holder = await keys.recognise(key.strip()) if scheme.lower() == "bearer" else None
    if holder is None:
        raise NotSignedIn("Send a device key that is not revoked: Authorization: Bearer csk_…")
    return holder


def _json(value: Any) -> Told:
    return Told(200, [JSON], msgspec.json.encode(value))


async def _answer(send: Send, told: Told) -> None:
    headers = [*told.headers]
    if told.body is not None:
        headers.append((b"content-length", str(len(told.body)).encode()))
    with suppress(TimeoutError):  # the listener then closes the connection
        async with asyncio.timeout(SEND_SECONDS):
            await send({"type": "http.response.start", "status": told.status, "headers": headers})
            for piece in _pieces(told.body or b""):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


def _pieces(body: bytes) -> Iterator[bytes]:
    for place in range(0, len(body), PIECE_BYTES):
        yield body[place : place + PIECE_BYTES]
