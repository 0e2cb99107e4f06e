"""Finds points that were told before among sealed readings."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.archive.read import Archive, Unreadable
from appliance.errors import Unavailable
from appliance.model.batch import POINTS
from appliance.model.ids import DeviceId
from appliance.model.sealed import Located
from appliance.store.points import Known
from appliance.store.pool import Db
from appliance.store.sealed import select_sealed_by_metric

RETRY_SECONDS = 300
"""So often it is looked whether a damaged file is to be had again."""


class Undecided(Unavailable):
    """Whether these points are there already cannot be told just now; send them again later."""

    code = "undecided"


class SealedPoints(NamedTuple):
    """The archive, and the threads that read it."""

    archive: Archive
    blocking: Executor

    async def select(
        self, db: Db, device_id: DeviceId, metric_ids: Sequence[int], times_ms: NDArray[np.int64]
    ) -> Known:
        """The sealed points of a device at any of these times, ascending; at least one.

        Called in a transaction that holds the table of batches. Undecided: a file that may hold
        some cannot be read.
        """
        located = await select_sealed_by_metric(
            db, device_id, metric_ids, times_ms.item(0), times_ms.item(-1)
        )
        if not located:
            return {}
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.blocking, self._read, located, times_ms)

    def _read(self, located: Sequence[tuple[int, Located]], times_ms: NDArray[np.int64]) -> Known:
        known: Known = {}
        for metric_id, one in located:
            first, last = one.group.first_ms, one.group.last_ms
            if times_ms.searchsorted(first) == times_ms.searchsorted(last, "right"):
                continue
            try:
                rows = self.archive.readings(one)
            except Unreadable as error:
                raise Undecided(
                    "Whether these points are there already cannot be told: a file of the archive "
                    "cannot be read. Send them again later.",
                    retry_after_seconds=RETRY_SECONDS,
                ) from error
            same = (rows.epochs == POINTS) & ~np.isnan(rows.values)
            same &= np.isin(rows.times_ms, times_ms)
            for time_ms, value in zip(
                rows.times_ms[same].tolist(), rows.values[same].tolist(), strict=True
            ):
                known[metric_id, time_ms] = value
        return known
