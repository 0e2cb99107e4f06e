"""People's door: HTTP/2 and HTTP/1.1 over TLS, served by Hypercorn."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from hypercorn.asyncio import serve, tcp_server
from hypercorn.asyncio.worker_context import AsyncioSingleTask
from hypercorn.config import Config, Sockets
from hypercorn.typing import TaskGroup

from appliance.errors import BadRequest
from appliance.listeners.asgi import App, Message, Receive, Scope, Send, header, refuse
from appliance.listeners.tls import HANDSHAKE_SECONDS

PROTOCOLS = ("h2", "http/1.1")
INGEST_PATH = "/ingest"
KEEP_ALIVE_SECONDS = 30.0
PATIENCE_SECONDS = 5.0
"""How long the rest of a request that was answered already may take to arrive."""
DRAIN_SECONDS = 3.0
"""How long requests that run may take to end once the appliance stops."""
GIVE_UP_SECONDS = 1.0
CONNECTION_PLACES = ("client_connected_cb", "StreamReaderProtocol.connection_made")
"""Where asyncio was when a connection's task failed."""

log = logging.getLogger(__name__)


class Misdirected(BadRequest):
    """The appliance is not known by this name."""

    status = 421
    code = "misdirected"


def front(pages: App, ingest: App, knows: Callable[[str], bool]) -> App:
    """One application out of two: readings go to `ingest`, all else to `pages`.

    knows: whether the appliance goes by this host name; others are refused, so that no page of
    somebody else's name can be made of ours.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # none here, and Hypercorn trips over some
            await send({"type": "websocket.close"})
            return
        if scope["type"] == "lifespan":
            await pages(scope, receive, send)
            return
        request = _Request(receive, send)
        if scope["path"] == INGEST_PATH:
            await ingest(scope, request.receive, request.send)
        elif knows(header(scope, b"host")):
            await pages(scope, request.receive, request.send)
        else:
            await refuse(
                request.send,
                Misdirected(
                    f"The appliance is not known as {header(scope, b'host')!r}. Use its address, "
                    "or have this name added to the setting CARBONSEED_NAMES."
                ),
            )

    return app


class _Request:
    """Lets the response end only after the request has, within reason.

    When more of a request comes for an HTTP/2 stream that was answered already, Hypercorn gives
    up the whole connection, with every live view on it.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._receivers = 0
        self._ended = asyncio.Event()

    async def receive(self) -> Message:
        self._receivers += 1
        try:
            message = await self._receive()
        finally:
            self._receivers -= 1
        if not message.get("more_body"):
            self._ended.set()
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._drain()
        await self._send(message)

    async def _drain(self) -> None:
        while not self._ended.is_set():
            if self._receivers:
                await self._ended.wait()
            else:
                await self.receive()


async def serve_people(
    app: App, listener: socket.socket, tls: ssl.SSLContext, stop: asyncio.Event
) -> None:
    """Serve until `stop`; then let requests end, but not for long: some never do."""
    serving = asyncio.create_task(
        serve(app, _Config(listener, tls), shutdown_trigger=stop.wait, mode="asgi"),  # type: ignore[arg-type]  # ASGI by any other name
    )
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({serving}, timeout=DRAIN_SECONDS)
    finally:
        stopping.cancel()
        serving.cancel()
        await asyncio.wait({serving}, timeout=GIVE_UP_SECONDS)
    if serving.cancelled() or not serving.done():
        return
    error = serving.exception()
    if error and not (stop.is_set() and isinstance(error, OSError)):  # one connection's bad end
        raise error


def quieten(loop: asyncio.AbstractEventLoop) -> None:
    """Keep out of the log what Hypercorn lets fall when a connection ends in a bad moment."""

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if any(place in context["message"] for place in CONNECTION_PLACES):
            log.debug("A connection ended badly: %s", context.get("exception"))
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)


class _IdleTask(AsyncioSingleTask):
    """Hypercorn's, but for a connection that ended meanwhile: nothing is left behind unawaited.

    Python says so of what is left whenever it collects it, be it amid a compilation, which that
    breaks in 3.11.
    """

    async def restart(
        self, task_group: TaskGroup, action: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        idle = action()
        try:
            await super().restart(task_group, lambda: idle)
        except BaseException:
            idle.close()
            raise


tcp_server.AsyncioSingleTask = _IdleTask  # type: ignore[attr-defined]  # it offers no setting for this


class _Config(Config):
    """Hypercorn's settings, with our own socket and our own TLS, whose certificate changes."""

    accesslog = None
    errorlog = logging.getLogger("hypercorn.error")
    include_server_header = False
    ssl_handshake_timeout = HANDSHAKE_SECONDS
    keep_alive_timeout = KEEP_ALIVE_SECONDS
    graceful_timeout = DRAIN_SECONDS
    ssl_enabled = True

    def __init__(self, listener: socket.socket, tls: ssl.SSLContext) -> None:
        self._listener = listener
        self._tls = tls

    def create_sockets(self) -> Sockets:
        """Ours as it is: Hypercorn's own would be inherited by every child process."""
        self._listener.settimeout(0)
        return Sockets([self._listener], [], [])

    def create_ssl_context(self) -> ssl.SSLContext:
        return self._tls
