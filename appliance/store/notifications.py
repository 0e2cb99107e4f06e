"""PostgreSQL's notifications: told at commit to every process that listens."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from appliance.store.pool import Connection


class Notifications:
    """What has been told on the channels since it was last taken."""

    def __init__(self) -> None:
        self._told: dict[str, set[str]] = defaultdict(set)
        self._wake = asyncio.Event()
        self.ended = False
        """Whether the connection has ended: nothing more will be told."""

    def tell(self, channel: str, payload: str) -> None:
        """Keep a payload; the same one told twice is kept once."""
        self._told[channel].add(payload)
        self._wake.set()

    def end(self) -> None:
        """Whoever waits, or will, is told that the connection is lost."""
        self.ended = True
        self._wake.set()

    async def wait(self, timeout_seconds: float) -> None:
        """Until something is told that was not taken yet, or for timeout_seconds at most.

        ConnectionError: the connection is lost, and with it perhaps what should have been told.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._wake.wait()
        if self.ended:
            raise ConnectionError("the connection that listened is lost")

    def take(self) -> dict[str, set[str]]:
        """The payloads by channel."""
        told = dict(self._told)
        self._told.clear()
        self._wake.clear()
        return told


@asynccontextmanager
async def listen(db: Connection, *channels: str) -> AsyncIterator[Notifications]:
    """Listen on a connection, which is kept for as long; its end wakes whoever waits."""
    notifications = Notifications()

    def told(_connection: Any, _pid: int, channel: str, payload: object) -> None:
        notifications.tell(channel, str(payload))

    def ended(_connection: Any) -> None:
        notifications.end()

    db.add_termination_listener(ended)
    for channel in channels:
        await db.add_listener(channel, told)
    try:
        yield notifications
    finally:
        if not notifications.ended:
            db.remove_termination_listener(ended)
            for channel in channels:
                await db.remove_listener(channel, told)
