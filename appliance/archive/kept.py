"""Keeps what was read last of files that never change, within a bound of bytes; for threads."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """At most `most_bytes` of values, the last used ones, or the last one alone."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self.held_bytes = 0
        self._held: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        """What is kept of a key; None: nothing is."""
        with self._lock:
            if key not in self._held:
                return None
            self._held.move_to_end(key)
            return self._held[key][0]

    def put(self, key: K, value: V, size_bytes: int) -> None:
        """Keep a value in the place of what was kept, and forget what is over the bound."""
        with self._lock:
            self._take(key)
            self._held[key] = value, size_bytes
            self.held_bytes += size_bytes
            while self.held_bytes > self._most and len(self._held) > 1:
                self._take(next(iter(self._held)))

    def forget(self, key: K) -> None:
        """Keep nothing of a key."""
        with self._lock:
            self._take(key)

    def _take(self, key: K) -> None:
        if key in self._held:
            self.held_bytes -= self._held.pop(key)[1]
