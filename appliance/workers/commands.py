"""Takes back commands that no device has done in time; any number of processes may do so."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from appliance.nodes.commands import take_back
from appliance.store.outage import Outage
from appliance.store.pool import TROUBLE, Pool

LOOK_SECONDS = 60.0


async def run_commands(pool: Pool, expiry: timedelta, clock: Callable[[], datetime]) -> None:
    """Look every minute for commands older than `expiry`; for ever."""
    outage = Outage("The expiry of commands")
    while True:
        try:
            await take_back(pool, expiry, clock())
        except TROUBLE as error:
            await outage.wait(error)
        else:
            outage.over()
            await asyncio.sleep(LOOK_SECONDS)
