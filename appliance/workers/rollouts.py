"""Takes roll-outs of firmware further, and halts them; any number of processes may do so."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from appliance.nodes.rollouts import Pace, advance
from appliance.store.outage import Outage
from appliance.store.pool import TROUBLE, Pool

LOOK_SECONDS = 5.0


async def run_rollouts(pool: Pool, pace: Pace, clock: Callable[[], datetime]) -> None:
    """Look at every roll-out every few seconds; for ever."""
    outage = Outage("The roll-out of firmware")
    while True:
        try:
            async with pool.acquire() as db:
                await advance(db, pace, clock())
        except TROUBLE as error:
            await outage.wait(error)
        else:
            outage.over()
            await asyncio.sleep(LOOK_SECONDS)
