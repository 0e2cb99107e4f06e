"""Keeps a partition ready for every day that readings arrive for."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta

from appliance.store import batches
from appliance.store.outage import Outage
from appliance.store.pool import TROUBLE, Db, Pool

CHECK_SECONDS = 3600.0
AHEAD = range(-1, 3)
"""Yesterday, for the late, to two days ahead."""
_FIRST_DAY = date(1970, 1, 1)


class Partitions:
    """Makes partitions, and knows those that this process has seen."""

    def __init__(self) -> None:
        self._there: set[int] = set()

    async def ensure(self, db: Db, days: Iterable[int]) -> None:
        """Make the partitions of these UTC days, counted from 1970, unless they are there."""
        for day in sorted(set(days) - self._there):
            await batches.create_partition(db, _FIRST_DAY + timedelta(days=day))
            self._there.add(day)

    def forget(self) -> None:
        """Look again: a partition may have gone."""
        self._there.clear()


async def run_partitions(pool: Pool, clock: Callable[[], datetime]) -> None:
    """Keep yesterday's to the day after tomorrow's partitions; for ever."""
    outage = Outage("The maker of partitions")
    while True:
        today = (clock().astimezone(UTC).date() - _FIRST_DAY).days
        try:
            await Partitions().ensure(pool, (today + day for day in AHEAD))
        except TROUBLE as error:
            await outage.wait(error)
        else:
            outage.over()
            await asyncio.sleep(CHECK_SECONDS)
