"""Seals in a process of its own, which kills itself at a step; run as a script."""

import asyncio
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from appliance.store import sealing
from appliance.store.pool import open_pool
from appliance.workers.archiver import keep_in_order
from appliance.workers.archiving import Archiving


async def main(url: str, root: str, now: str, step: str, times: int) -> None:
    """One pass of the archiver; the process ends when a step is reached so often."""
    left = times

    def reached(what: str) -> None:
        nonlocal left
        left -= what == step
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    with ThreadPoolExecutor(2) as blocking:
        at = datetime.fromisoformat(now)
        grace, backups = timedelta(hours=2), Path(root, "none")
        archiving = Archiving(Path(root), grace, blocking, lambda: at, backups)
        async with open_pool(url, size=1) as pool, pool.acquire() as db:
            assert await sealing.try_lock_archive(db)
            await keep_in_order(db, archiving, reached)


if __name__ == "__main__":
    *texts, last = sys.argv[1:]
    asyncio.run(main(*texts, times=int(last)))
