"""All listeners of one process: ports taken first, served until it stops."""

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from appliance.identity.host_names import is_known
from appliance.listeners.asgi import App
from appliance.listeners.http1 import serve_http1
from appliance.listeners.people import front, serve_people
from appliance.listeners.plain import redirect
from appliance.listeners.sockets import listen, port_of
from appliance.listeners.trust import Trust
from appliance.running import Running
from appliance.settings import Settings

Serving: TypeAlias = Coroutine[Any, Any, None]


@dataclass(frozen=True)
class Doors:
    """The ports this process has taken."""

    people: socket.socket
    devices: socket.socket
    plain: socket.socket | None

    def running(self, host: str) -> Running:
        """Where this process listens."""
        http_port = port_of(self.plain) if self.plain else None
        return Running(os.getpid(), host, port_of(self.people), port_of(self.devices), http_port)

    def serve(self, pages: App, ingest: App, trust: Trust) -> Callable[[asyncio.Event], Serving]:
        """What lets people and devices in until its event is set, then ends what is under way."""
        ports = port_of(self.people), port_of(self.devices)
        app = front(pages, ingest, lambda host: is_known(host, trust.names))

        async def until(stop: asyncio.Event) -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(serve_people(app, self.people, trust.people, stop))
                group.create_task(serve_http1(ingest, self.devices, trust.devices, stop))
                if self.plain:
                    group.create_task(serve_http1(redirect(*ports), self.plain, None, stop))

        return until


@contextmanager
def open_doors(settings: Settings) -> Iterator[Doors]:
    """Take the ports, before anything that lasts; a busy one is an error that names it."""
    with ExitStack() as stack:
        people = stack.enter_context(listen(settings.host, settings.people_port))
        devices = stack.enter_context(listen(settings.host, settings.device_port))
        plain = None
        if settings.http_port:
            plain = stack.enter_context(listen(settings.host, settings.http_port))
        yield Doors(people, devices, plain)
