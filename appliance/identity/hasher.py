"""How passwords are hashed, and how many at once."""

import asyncio
import base64
import hmac
import unicodedata
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

import bcrypt

from appliance.errors import TooMany

COST = 12
"""Rounds of bcrypt as a power of two: about a quarter of a second on a small server's core."""
AT_ONCE = 2
"""Hashes computed at a time, so that logins leave the executor to the rest of the appliance."""
MAX_WAITING = 30
"""More logins than this in the queue are sent away: the last one waits some four seconds."""

R = TypeVar("R")


class Hasher:
    """Hashes and checks passwords in an executor, a few at a time.

    The hash is bcrypt(base64(HMAC-SHA-256(pepper, password))): bcrypt alone reads 72 bytes, this
    way every character of a password counts, and a stolen database is of no use without the pepper.
    """

    def __init__(self, pepper: bytes, *, cost: int = COST) -> None:
        self.pepper = pepper
        self.cost = cost
        self._free = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hash(self, blocking: Executor, password: str) -> str:
        """The hash to store."""
        made = await self._in_turn(
            blocking, lambda: bcrypt.hashpw(self._digest(password), bcrypt.gensalt(self.cost))
        )
        return made.decode("ascii")

    async def matches(self, blocking: Executor, password: str, stored: str | None) -> bool:
        """Whether the password belongs to the stored hash.

        Without a hash, or with one that is none, the answer is no and takes just as long.
        """
        real = stored is not None and stored.startswith("$2b$")
        against = stored if real and stored is not None else f"$2b${self.cost:02}${'.' * 53}"
        same = await self._in_turn(
            blocking, lambda: bcrypt.checkpw(self._digest(password), against.encode("ascii"))
        )
        return same and real

    def is_outdated(self, stored: str) -> bool:
        """Whether a stored hash was made with fewer rounds than today's."""
        return int(stored.split("$")[2]) < self.cost

    def _digest(self, password: str) -> bytes:
        # NFC, as RFC 8265 asks: "é" is the same password from every keyboard.
        text = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
        return base64.b64encode(hmac.digest(self.pepper, text, "sha256"))

    async def _in_turn(self, blocking: Executor, work: Callable[[], R]) -> R:
        if self._waiting >= MAX_WAITING:
            raise TooMany("Many people are signing in right now.", retry_after_seconds=5)
        self._waiting += 1
        try:
            async with self._free:
                return await asyncio.get_running_loop().run_in_executor(blocking, work)
        finally:
            self._waiting -= 1
