"""The server's process as something an event loop can await, whichever loop it is."""

import asyncio
import logging
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress

from appliance.store.postgres import ClusterError, server
from appliance.store.postgres.server import Installation

log = logging.getLogger(__name__)


class Process:
    """The server's process as something to await; a thread of its own starts it and sees it end."""

    def __init__(self, installation: Installation) -> None:
        self.ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._started: asyncio.Future[subprocess.Popen[bytes]] = self._loop.create_future()
        threading.Thread(
            target=self._run, args=(installation,), name="postgres", daemon=True
        ).start()

    @property
    def pid(self) -> int:
        """The number of the process, once it is started."""
        return self._started.result().pid

    async def started(self) -> subprocess.Popen[bytes]:
        """Wait until the process is started; a ClusterError says why it cannot be."""
        return await asyncio.shield(self._started)

    async def wait(self) -> int:
        """Wait for the end and return the exit code (negative: the signal)."""
        await self.ended.wait()
        return (await self.started()).wait()

    async def end(self) -> None:
        """Ask the server to end, more firmly each time, and wait until it has."""
        if self.ended.is_set():
            return
        process = await self.started()
        for ask, seconds in server.ENDING:
            process.send_signal(ask)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.ended.wait()
                return
            log.warning("PostgreSQL (process %s) did not end within %g s", self.pid, seconds)

    def _run(self, installation: Installation) -> None:
        try:
            process = server.start(installation)
        except OSError as error:
            self._tell(self.ended.set)
            problem = ClusterError(f"PostgreSQL cannot be started: {error}")
            self._tell(self._started.set_exception, problem)
            return
        self._tell(self._started.set_result, process)
        process.wait()
        self._tell(self.ended.set)

    def _tell(self, what: Callable[..., object], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(what, *arguments)
