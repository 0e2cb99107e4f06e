"""Posts of readings as a plain ASGI application: who, what, and the answer or the problem."""

import base64
import binascii
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from appliance.api.ingest import answers
from appliance.api.ingest.body import LARGEST_BATCH, LARGEST_POINTS, Gone, read_body, unzip
from appliance.api.ingest.decode import decode
from appliance.api.ingest.formats import (
    GZIP,
    TELEMETRY,
    Format,
    Post,
    check_path,
    format_of,
    tongue_of,
)
from appliance.api.ingest.place import place
from appliance.api.ingest.points import Catalogue, gather
from appliance.api.ingest.rate import Rate
from appliance.api.ingest.thingsboard import is_telemetry
from appliance.errors import BadRequest, NotSignedIn
from appliance.identity.device_keys import KeyRing
from appliance.listeners.asgi import App, Receive, Scope, Send, address
from appliance.model.batch import PlacedBatch, Stored
from appliance.model.device import KeyHolder
from appliance.model.ids import MetricId
from appliance.model.metric import Metric
from appliance.model.reading import Ack, Kept
from appliance.nodes.rotation import hand_over
from appliance.store.pool import Pool


class OnlyPost(BadRequest):
    """Readings are posted here, nothing else."""

    status = 405
    code = "only-post"


def create_ingest(
    *,
    db: Pool,
    keys: KeyRing,
    store: Callable[[PlacedBatch], Awaitable[Stored]],
    metrics: Sequence[Metric],
    clock: Callable[[], datetime],
    requests_per_minute: int,
) -> App:
    """The application; `store` returns once a batch is committed, requests are counted a device."""
    ids = {metric.name: metric.id for metric in metrics}
    catalogue = {metric.name: metric for metric in metrics}
    ingest = _Ingest(db, keys, store, ids, catalogue, clock, Rate(requests_per_minute))

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


@dataclass(frozen=True, slots=True)
class _Ingest:
    db: Pool
    keys: KeyRing
    store: Callable[[PlacedBatch], Awaitable[Stored]]
    metrics: Mapping[str, MetricId]
    catalogue: Catalogue
    clock: Callable[[], datetime]
    rate: Rate

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, tongue = None, tongue_of(scope["path"])
        try:
            headers = dict(scope["headers"])
            holder, form = await self._admit(scope, headers)
            largest = LARGEST_POINTS if form else LARGEST_BATCH
            body = await read_body(receive, headers, largest)
            self.rate.take(holder.device_id, time.monotonic())
            if form is None:
                told = await self._accept(holder, body)
            else:
                if headers.get(b"content-encoding") == GZIP:
                    body = unzip(body, largest)
                told = await self._keep(holder, form, body, scope.get("query_string", b""))
            if holder.replaces:
                await hand_over(self.db, holder, address(scope), self.clock())
        except Gone:
            pass
        except Exception as error:  # noqa: BLE001  the edge
            await answers.refuse(send, tongue, error, close=body is None)
        else:
            await answers.accept(send, tongue, told)

    async def _admit(
        self, scope: Scope, headers: Mapping[bytes, bytes]
    ) -> tuple[KeyHolder, Format | None]:
        """The device that may post this, and its format, before the body is read."""
        check_path(scope["path"])
        if scope["method"] != "POST":
            raise OnlyPost
        holder = await self.keys.recognise(_key(headers.get(b"authorization", b"")))
        if holder is None:
            raise NotSignedIn("Send a device key that is not revoked: Authorization: Bearer csk_…")
        return holder, format_of(scope["path"], headers)

    async def _accept(self, holder: KeyHolder, body: bytes) -> Ack | Kept:
        """Store the batch in a body, or the telemetry that has its content type; acknowledge it."""
        try:
            batch, rows = await self._place(holder, body)
        except BadRequest:
            if not is_telemetry(body):
                raise
            return await self._keep(holder, TELEMETRY, body)
        stored = await self.store(batch)
        return Ack(
            ack=rows,
            stored=stored.stored,
            duplicate=stored.duplicate,
            now=_milliseconds(self.clock()),
            config=holder.config,
            firmware=holder.firmware,
            commands=holder.commands,
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

    async def _keep(self, holder: KeyHolder, form: Format, body: bytes, query: bytes = b"") -> Kept:
        """Store the points in a body, all of them or none, and say what became of them."""
        told, batch = self._gather(holder, form, body, query)
        stored = await self.store(batch) if told else Stored(0, 0)
        return Kept(
            stored=stored.stored,
            duplicate=told - stored.stored - stored.conflicting - stored.set_aside,
            conflicting=stored.conflicting,
            set_aside=stored.set_aside,
            now=_milliseconds(self.clock()),
        )

    def _gather(
        self, holder: KeyHolder, form: Format, body: bytes, query: bytes
    ) -> tuple[int, PlacedBatch]:
        """How many points are in a body, and the batch of them; as in _place, no more is kept."""
        received_ms = _milliseconds(self.clock())
        points = form.read(body, Post(self.catalogue, received_ms, query))
        return len(points), gather(points, self.catalogue, holder.device_id, received_ms)


def _key(authorization: bytes) -> str:
    """The device key in a header: a bearer's, InfluxDB's token, or the password of a user."""
    scheme, _, told = authorization.decode("latin-1").partition(" ")
    match scheme.lower():
        case "bearer" | "token":
            return told.strip()
        case "basic":
            try:
                return base64.b64decode(told).decode("latin-1").partition(":")[2]
            except (binascii.Error, ValueError):
                return ""
    return ""


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
