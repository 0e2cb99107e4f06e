"""A plant in the test's own database: machines, nodes that send, and rules."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from appliance.model.batch import PlacedBatch
from appliance.model.ids import DeviceId, Epoch, FactoryId, RuleId
from appliance.model.scope import Scope
from appliance.store.metrics import select_metrics
from appliance.store.pool import Pool
from appliance.workers.writer import Writer

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
DAY_MS = 86_400_000


def at(ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ms)


@dataclass(frozen=True)
class Plant:
    pool: Pool
    factory_id: FactoryId

    @property
    def scope(self) -> Scope:
        return Scope((self.factory_id,))

    async def device(
        self, name: str, *, interval_ms: int = 1000, machine: str | None = None, area: str = ""
    ) -> DeviceId:
        machine_id = machine and await self.pool.fetchval(
            "insert into machines (factory_id, name, area) values ($1, $2, $3) returning id",
            self.factory_id,
            machine,
            area,
        )
        return await self.pool.fetchval(
            """
            insert into devices (factory_id, machine_id, name, expected_interval_ms)
            values ($1, $2, $3, $4) returning id
            """,
            self.factory_id,
            machine_id,
            name,
            interval_ms,
        )

    async def rule(self, device_id: DeviceId, kind: str = "high", **given: Any) -> RuleId:
        """A live rule; by default temperature over 100. `look` makes it one of another kind."""
        limit = given.pop("limit", 100.0)
        looks = {
            "high": {"kind": "threshold", "h": limit},
            "low": {"kind": "threshold", "l": limit},
            "no_data": {"kind": "no_data"},
        }
        look = given.pop("look", None) or looks[kind]
        columns = {
            "metric": None if look["kind"] in {"no_data", "health"} else "temperature",
            "deadband": 0.0,
            "on_delay_seconds": 0.0,
            "off_delay_seconds": 0.0,
            "priority": 2,
            "message": "Too hot",
            "mode": "live",
            "changed_at": EPOCH,
            "suppress_while": None,
            "latching": False,
        } | given
        return await self.pool.fetchval(
            """
            insert into rules (factory_id, device_id, kind, look, metric_id, deadband,
                               on_delay_seconds, off_delay_seconds, priority, message, mode,
                               changed_at, suppress_while, latching)
            values ($1, $2, $3, $4, (select id from metrics where name = $5), $6, $7, $8, $9, $10,
                    $11, $12, $13, $14)
            returning id
            """,
            self.factory_id,
            device_id,
            look["kind"],
            look,
            *columns.values(),
        )

    async def send(
        self,
        device_id: DeviceId,
        times_ms: Sequence[int],
        readings: Mapping[str, Sequence[float]],
        *,
        received_ms: int | None = None,
        epoch: int = 1,
        first_row: int | None = None,
        **told: Any,
    ) -> None:
        """Store rows as the post of a node would be, by default received at the last row.

        told: what the node says beside them, health and reset.
        """
        catalogue = {metric.name: metric.id for metric in await select_metrics(self.pool)}
        received = await self.pool.fetchval(
            "select upper(received) from streams where device_id = $1 and epoch = $2",
            device_id,
            epoch,
        )
        batch = PlacedBatch(
            device_id=device_id,
            epoch=Epoch(epoch),
            boot=None,
            first_row=(received or 0) if first_row is None else first_row,
            metric_ids=tuple(catalogue[name] for name in readings),
            times_ms=np.array(times_ms, np.int64),
            values=np.array(list(readings.values()), np.float64),
            quality=0,
            received_ms=times_ms[-1] if received_ms is None else received_ms,
            base_ms=None,
            dropped=0,
            **told,
        )
        await store(self.pool, batch)


async def store(pool: Pool, *batches: PlacedBatch) -> None:
    """Have batches stored by the writer itself."""
    writer = Writer(pool, queue_batches=len(batches))
    running = asyncio.create_task(writer.run())
    try:
        await asyncio.gather(*(writer.store(batch) for batch in batches))
    finally:
        running.cancel()
        await asyncio.wait([running])
