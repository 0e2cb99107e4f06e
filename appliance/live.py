"""Hands live events to those who listen, each within its factories."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from appliance.model.ids import FactoryId
from appliance.model.live import AlertChanged, DeviceChanged
from appliance.model.scope import Scope

Change = DeviceChanged | AlertChanged


class Listener(AsyncIterator[list[Change]]):
    """What one client has not taken yet; iterating gives all that waits, at least one change.

    Every change is a whole row, so a newer one takes the place of the same row still waiting:
    a slow client skips states in between, and what it holds here is bounded.
    """

    def __init__(self, scope: Scope, limit: int) -> None:
        self._factory_ids = frozenset(scope.factory_ids)
        self._limit = limit
        self._waiting: dict[tuple[str, int], Change] = {}
        self._wake = asyncio.Event()
        self._closed = False

    def offer(self, change: Change, factory_id: FactoryId) -> None:
        """Keep a change for the client; one that is too far behind is closed."""
        if self._closed or factory_id not in self._factory_ids:
            return
        self._waiting[_row(change)] = change
        self._wake.set()
        if len(self._waiting) > self._limit:
            self.close()

    def close(self) -> None:
        """End the iteration at once; the client comes back and starts from a new snapshot."""
        self._closed = True
        self._waiting.clear()
        self._wake.set()

    async def __anext__(self) -> list[Change]:
        """All that waits; cancelling it (a timeout) loses nothing."""
        await self._wake.wait()
        if self._closed:
            raise StopAsyncIteration
        taken = list(self._waiting.values())
        self._waiting.clear()
        self._wake.clear()
        return taken


class Hub:
    """The listeners of one process. Belongs to its event loop; nothing here waits."""

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._listeners: set[Listener] = set()

    @contextmanager
    def listen(self, scope: Scope) -> Iterator[Listener]:
        """A listener for the factories in scope; attach it before taking the snapshot."""
        listener = Listener(scope, self._limit)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    @property
    def heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def publish(self, change: Change, factory_id: FactoryId) -> None:
        """Hand a change to everybody whose scope holds the factory."""
        for listener in self._listeners:
            listener.offer(change, factory_id)

    def close(self) -> None:
        """End all listeners: at shutdown, and when changes may have been missed."""
        for listener in self._listeners:
            listener.close()


def _row(change: Change) -> tuple[str, int]:
    match change:
        case DeviceChanged(device=status):
            return "device", status.device.id
        case AlertChanged(alert=alert):
            return "alert", alert.id
