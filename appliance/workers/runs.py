"""Keeps note of when the appliance takes readings."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from appliance.store import runs
from appliance.store.outage import Outage
from appliance.store.pool import TROUBLE, Pool

NOTE_SECONDS = 10.0
END_SECONDS = 2.0


async def run_runs(pool: Pool, clock: Callable[[], datetime]) -> None:
    """Note it for ever; where nothing could be noted for a while, another run begins."""
    outage = Outage("The record of runs")
    run: int | None = None
    try:
        while True:
            try:
                if run is None or not await runs.update_run_seen(pool, run, clock()):
                    run = await runs.insert_run(pool, clock())
            except TROUBLE as error:
                await outage.wait(error)
                continue
            outage.over()
            await asyncio.sleep(NOTE_SECONDS)
    finally:
        if run is not None:
            await _end(pool, run, clock)


async def _end(pool: Pool, run: int, clock: Callable[[], datetime]) -> None:
    try:
        async with asyncio.timeout(END_SECONDS):
            await runs.update_run_ended(pool, run, clock())
    except TROUBLE:
        pass  # then it ended when it was last noted
