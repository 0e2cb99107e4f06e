"""The one door to readings wherever they lie."""

from collections.abc import AsyncIterator
from concurrent.futures import Executor
from typing import NamedTuple

from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.store import readings
from appliance.store.pool import Db
from appliance.store.readings import Rows


class Source(NamedTuple):
    """Where readings lie, and the threads that read them."""

    db: Db
    blocking: Executor


async def pages(
    source: Source, scope: Scope, device_id: DeviceId, metric: str, from_ms: int, to_ms: int
) -> AsyncIterator[Rows]:
    """The readings with from_ms <= time < to_ms, page by page; across pages in no strict order."""
    async for rows in readings.select_readings(source.db, scope, device_id, metric, from_ms, to_ms):
        yield rows
