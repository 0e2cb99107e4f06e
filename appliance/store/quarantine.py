"""Readings that cannot take their place in time: kept aside, with the reason."""

from collections.abc import Sequence

import msgspec

from appliance.model.ids import DeviceId, Epoch
from appliance.store.pool import Db


class SetAside(msgspec.Struct, frozen=True):
    """One row of a batch: where it would have been placed, its values by metric id, and why not."""

    device_id: DeviceId
    epoch: Epoch
    row_number: int
    received_ms: int
    reason: str
    reading: dict[str, object]


async def insert_quarantine(db: Db, rows: Sequence[SetAside]) -> None:
    """Keep the rows; each of them once, as the ledger has seen to."""
    await db.execute(
        """
        insert into quarantine (device_id, epoch, row_number, received_at, reason, reading)
        select device_id, epoch, row_number, to_timestamp(received_ms / 1000.0), reason, reading
          from unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::jsonb[])
            as q (device_id, epoch, row_number, received_ms, reason, reading)""",
        [row.device_id for row in rows],
        [row.epoch for row in rows],
        [row.row_number for row in rows],
        [row.received_ms for row in rows],
        [row.reason for row in rows],
        [row.reading for row in rows],
    )
