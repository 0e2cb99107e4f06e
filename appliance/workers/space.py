"""Watches the disk: when it runs short days are sealed early, then readings are refused."""

import asyncio
import logging
from concurrent.futures import Executor
from pathlib import Path

from appliance.history.storage import free_bytes

LOOK_SECONDS = 5.0

log = logging.getLogger(__name__)


class Space:
    """What is free on the disks of these folders, as it was a moment ago; known once it runs."""

    def __init__(self, folders: tuple[Path, ...], reserve_bytes: int, blocking: Executor) -> None:
        self._folders, self._reserve, self._blocking = folders, reserve_bytes, blocking
        self._free: int | None = None

    @property
    def short(self) -> bool:
        """Whether days should be sealed as early as may be."""
        return self._free is not None and self._free < 2 * self._reserve

    @property
    def trouble(self) -> str | None:
        """Why no readings are taken just now; None if they are."""
        if self._free is None or self._free >= self._reserve:
            return None
        return f"The disk is full but for {self._free >> 20} MB: no readings are taken."

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Look once."""
        before = self.short, self.trouble is not None
        loop = asyncio.get_running_loop()
        self._free = await loop.run_in_executor(self._blocking, free_bytes, *self._folders)
        if before != (now := (self.short, self.trouble is not None)):
            log.warning(
                "%s",
                self.trouble
                or (
                    f"The disk runs short, {self._free >> 20} MB are free: days are sealed early"
                    if now[0]
                    else "The disk has room again."
                ),
            )
