"""How a worker bears a database that is away: it says so once, and once that it is back."""

import asyncio
import logging

FIRST_SECONDS = 0.2
LONGEST_SECONDS = 5.0

log = logging.getLogger(__name__)


class Outage:
    """One worker's; `what` works is told in the log, e.g. "The alarm engine"."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._seconds = 0.0

    async def wait(self, error: Exception) -> None:
        """Wait before the next try, each time longer."""
        if not self._seconds:
            log.warning("%s waits for PostgreSQL: %s", self._what, error or type(error).__name__)
        self._seconds = min(max(2 * self._seconds, FIRST_SECONDS), LONGEST_SECONDS)
        await asyncio.sleep(self._seconds)

    def over(self) -> None:
        """It works."""
        if self._seconds:
            log.info("%s works again", self._what)
        self._seconds = 0.0
