"""Live events: one long answer that begins with a snapshot (server-sent events)."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress

import msgspec
from quart import Blueprint, Response

from appliance.history import latest
from appliance.http.access import EVERYONE, allow, caller
from appliance.http.context import Context, ctx
from appliance.identity import sessions
from appliance.model.live import Beat, Event, Snapshot
from appliance.model.user import Caller
from appliance.store.alerts import select_alerts
from appliance.store.pool import UNREACHABLE

blueprint = Blueprint("live", __name__)

BEAT_SECONDS = 10.0
"""A silent line is known to be alive within this time."""
CHECK_SECONDS = 60.0
"""A session that has ended is shut out within this time."""
RETRY_MS = 2000
"""How long a browser waits before it comes back."""


@blueprint.get("/live")
@allow(*EVERYONE)
async def live() -> Response:
    """A snapshot of the caller's factories, then every change in them."""
    events = _events(ctx(), caller())
    first = await anext(events)  # an error still has its status here
    response = Response(_after(first, events), content_type="text/event-stream")
    response.timeout = None
    response.headers["X-Accel-Buffering"] = "no"
    return response


async def _after(first: bytes, events: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(events):
        yield first
        async for event in events:
            yield event


async def _events(c: Context, who: Caller) -> AsyncGenerator[bytes, None]:
    """The listener is attached before the snapshot is taken: no change falls between the two."""
    loop = asyncio.get_running_loop()
    with c.live.listen(who.scope) as listener:
        yield b"retry: %d\n\n" % RETRY_MS + _written(await _snapshot(c, who))
        checked = loop.time()
        while True:
            changes: Sequence[Event] | None = [Beat(c.clock())]
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_SECONDS):
                    changes = await anext(listener, None)
            if changes is None:
                return
            if loop.time() - checked >= CHECK_SECONDS:
                if not await _still(c, who):
                    return
                checked = loop.time()
            yield b"".join(_written(change) for change in changes)


async def _snapshot(c: Context, who: Caller) -> Snapshot:
    now = c.clock()
    return Snapshot(
        now,
        await latest.statuses(c.db, who.scope, now),
        await select_alerts(c.db, who.scope, "open"),
    )


async def _still(c: Context, who: Caller) -> bool:
    """Whether the session lasts and its user may see what they saw; not known: no."""
    try:
        return await sessions.current(c.db, who, c.clock()) == who
    except UNREACHABLE:
        return False


def _written(event: Event) -> bytes:
    name = str(event.__struct_config__.tag)
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(event))
