"""Readings that cannot take their place in time: kept aside, with the reason."""

from collections.abc import Sequence

import msgspec

from appliance.model.ids import DeviceId, Epoch
from appliance.model.scope import Scope
from appliance.store.pool import Db

NEWEST_MS = 3_600_000
"""So far after its receipt a reading is still believed."""
CONFLICTING = "at a time for which another value is there"
"""The reason for which points are set aside whose time has another value."""


class SetAside(msgspec.Struct, frozen=True):
    """One row of a batch: where it would have been placed, its values by metric id, and why not."""

    device_id: DeviceId
    epoch: Epoch
    row_number: int
    received_ms: int
    reason: str
    reading: dict[str, object]


async def insert_quarantine(db: Db, rows: Sequence[SetAside]) -> None:
    """Keep the rows, each of them once: the ledger has seen to it, or else its number does."""
    await db.execute(
        """
        insert into quarantine (device_id, epoch, row_number, received_at, reason, reading)
        select device_id, epoch, row_number, to_timestamp(received_ms / 1000.0), reason, reading
          from unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::jsonb[])
            as q (device_id, epoch, row_number, received_ms, reason, reading)
            on conflict do nothing""",
        [row.device_id for row in rows],
        [row.epoch for row in rows],
        [row.row_number for row in rows],
        [row.received_ms for row in rows],
        [row.reason for row in rows],
        [row.reading for row in rows],
    )


async def select_quarantined_count(db: Db, scope: Scope, device_id: DeviceId) -> int:
    """How many rows of a device in scope are set aside."""
    count: int = await db.fetchval(
        """
        select count(*)
          from quarantine q
          join devices d on d.id = q.device_id
         where q.device_id = $2 and d.factory_id = any($1::int[])""",
        scope.factory_ids,
        device_id,
    )
    return count
