"""POST /ingest as a plain ASGI application: who, what, and the answer or the problem."""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from appliance.api.ingest.decode import decode
from appliance.api.ingest.place import place
from appliance.api.ingest.rate import Rate
from appliance.errors import (
    BadRequest,
    CarbonseedError,
    NotFound,
    NotSignedIn,
    TooLarge,
    UnsupportedMedia,
)
from appliance.identity.device_keys import KeyRing
from appliance.listeners.asgi import App, Header, Receive, Scope, Send, answer
from appliance.model.batch import PlacedBatch, Stored
from appliance.model.device import KeyHolder
from appliance.model.ids import MetricId
from appliance.model.problem import Problem
from appliance.model.reading import Ack
from appliance.store.pool import Pool, unavailable

PATH = "/ingest"
LARGEST_BODY = 64 * 1024
BODY_SECONDS = 10.0
MEDIA = (b"application/json", b"application/vnd.carbonseed.batch+json")

log = logging.getLogger(__name__)


class OnlyPost(BadRequest):
    """Readings are posted here, nothing else."""

    status = 405
    code = "only-post"


class TooSlow(BadRequest):
    """The body did not arrive in time."""

    status = 408
    code = "too-slow"


def create_ingest(
    *,
    db: Pool,
    keys: KeyRing,
    store: Callable[[PlacedBatch], Awaitable[Stored]],
    metrics: Mapping[str, MetricId],
    clock: Callable[[], datetime],
    requests_per_minute: int,
) -> App:
    """The application; `store` returns once a batch is committed, requests are counted a device."""
    ingest = _Ingest(db, keys, store, metrics, clock, Rate(requests_per_minute))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await ingest.handle(scope, receive, send)
        elif scope["type"] == "lifespan":
            while (await receive())["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await send({"type": "websocket.close"})

    return app


class _Gone(Exception):
    """The client has closed the connection."""


@dataclass(frozen=True, slots=True)
class _Ingest:
    db: Pool
    keys: KeyRing
    store: Callable[[PlacedBatch], Awaitable[Stored]]
    metrics: Mapping[str, MetricId]
    clock: Callable[[], datetime]
    rate: Rate

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = None
        try:
            headers = dict(scope["headers"])
            holder = await self._admit(scope, headers)
            body = await _read(receive, headers)
            self.rate.take(holder.device_id, time.monotonic())
            ack = await self._accept(holder, body)
        except _Gone:
            pass
        except Exception as error:  # noqa: BLE001  the edge
            await _refuse(send, error, close=body is None)
        else:
            media = (b"content-type", b"application/json")
            await answer(send, 200, [media], msgspec.json.encode(ack))

    async def _admit(self, scope: Scope, headers: Mapping[bytes, bytes]) -> KeyHolder:
        """The device that may post this, before its body is read."""
        if scope["path"] != PATH:
            raise NotFound(f"Readings are posted to {PATH}; there is nothing else here.")
        if scope["method"] != "POST":
            raise OnlyPost
        scheme, _, key = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        holder = await self.keys.recognise(key.strip()) if scheme.lower() == "bearer" else None
        if holder is None:
            raise NotSignedIn("Send a device key that is not revoked: Authorization: Bearer csk_…")
        media = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if media not in MEDIA or headers.get(b"content-encoding", b"identity") != b"identity":
            raise UnsupportedMedia(
                f"Readings are sent as application/json, not compressed; this is "
                f"{media.decode('latin-1')[:60] or 'of no type'}."
            )
        return holder

    async def _accept(self, holder: KeyHolder, body: bytes) -> Ack:
        """Store the batch in a body and acknowledge it."""
        batch, rows = await self._place(holder, body)
        stored = await self.store(batch)
        return Ack(
            ack=rows,
            stored=stored.stored,
            duplicate=stored.duplicate,
            now=_milliseconds(self.clock()),
            config=holder.config_revision,
        )

    async def _place(
        self, holder: KeyHolder, body: bytes
    ) -> tuple[PlacedBatch, list[tuple[str, int, int]]]:
        """The batch in a body, and the rows to acknowledge.

        The message as it was sent is gone when this returns. Kept while it waits to be stored, its
        hundred small objects would cost the next request twice the time, in memory not yet cached.
        """
        received_ms = _milliseconds(self.clock())
        sent = decode(body)
        batch = await place(self.db, holder, self.metrics, sent, received_ms)
        rows = (sent.epoch, sent.first, sent.first + len(sent.rows) - 1)
        return batch, [rows] if sent.rows else []


async def _read(receive: Receive, headers: Mapping[bytes, bytes]) -> bytes:
    """The body, as long as it is neither too large nor too slow."""
    length = int(headers.get(b"content-length", b"0"))
    body = bytearray()
    more = True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more and max(length, len(body)) <= LARGEST_BODY:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Gone
                body += message.get("body", b"")
                more = message.get("more_body", False)
    except TimeoutError as error:
        raise TooSlow(f"The body did not arrive within {BODY_SECONDS:g} seconds.") from error
    if max(length, len(body)) > LARGEST_BODY:
        raise TooLarge(f"A body may have {LARGEST_BODY} bytes; send fewer rows at once.")
    return bytes(body)


async def _refuse(send: Send, error: Exception, *, close: bool) -> None:
    """Say what went wrong; nothing of the inside is told. close: the body was not read."""
    headers: list[Header] = [(b"content-type", b"application/problem+json")]
    if close:
        headers.append((b"connection", b"close"))
    known = error if isinstance(error, CarbonseedError) else unavailable(error)
    if known is None:
        instance = secrets.token_hex(4)
        log.error("Unexpected error %s", instance, exc_info=error)
        told = Problem(
            500,
            "Something went wrong inside the appliance.",
            "internal",
            f"Quote {instance} to whoever keeps the appliance; its log has the rest.",
            instance,
        )
    else:
        title = (type(known).__doc__ or known.code).splitlines()[0]
        told = Problem(known.status, title, known.code, str(known))
        if known.retry_after_seconds is not None:
            headers.append((b"retry-after", str(known.retry_after_seconds).encode()))
        if isinstance(known, OnlyPost):
            headers.append((b"allow", b"POST"))
    await answer(send, told.status, headers, msgspec.json.encode(told))


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
