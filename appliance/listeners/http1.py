"""HTTP/1.1 with long keep-alive, for devices and for plain HTTP: uvicorn's protocol, our limits."""

import asyncio
import socket
import ssl

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from appliance.listeners.asgi import App
from appliance.listeners.tls import GOODBYE_SECONDS, HANDSHAKE_SECONDS

PROTOCOLS = ("http/1.1",)
KEEP_ALIVE_SECONDS = 120
REQUEST_SECONDS = 30.0
"""From its first byte (or from connecting) to its last a request may take this long."""
LARGEST_HEADER = 256 * 1024
"""Bytes of a request that may arrive before its header is complete."""
CONNECTIONS = 4000
DRAIN_SECONDS = 3.0


async def serve_http1(
    app: App, listener: socket.socket, tls: ssl.SSLContext | None, stop: asyncio.Event
) -> None:
    """Serve until `stop`; then answer what has been asked and close."""
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        limit_concurrency=CONNECTIONS,
    )
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Protocol(config, state, {}),
        sock=listener,
        ssl=tls,
        ssl_handshake_timeout=HANDSHAKE_SECONDS if tls else None,
        ssl_shutdown_timeout=GOODBYE_SECONDS if tls else None,
    )
    try:
        await stop.wait()
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=DRAIN_SECONDS)
    finally:
        server.close()
        for task in state.tasks:
            task.cancel()
        for connection in list(state.connections):
            connection.transport.abort()


class _Protocol(HttpToolsProtocol):
    """Cuts off whoever does not bring a whole request in time."""

    _deadline: asyncio.TimerHandle | None = None
    _header_bytes = 0
    _in_header = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_deadline()

    def data_received(self, data: bytes) -> None:
        if self._in_header:
            self._header_bytes += len(data)
            if self._header_bytes > LARGEST_HEADER:
                self.transport.abort()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        self._start_deadline()
        self._in_header, self._header_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_header = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._cancel_deadline()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_deadline()
        super().connection_lost(exc)

    def _start_deadline(self) -> None:
        self._cancel_deadline()
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
