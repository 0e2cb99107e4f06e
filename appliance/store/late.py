"""Rows that came late: the ledger says that they came, this says when."""

from collections.abc import Sequence

from appliance.model.batch import PlacedBatch
from appliance.store.literal import array
from appliance.store.pool import Connection

LATE_MS = 300_000
"""Received so long after it was taken, a row is late."""
JOIN_MS = 60_000
"""Late rows whose forerunners came so shortly before are of one range."""


async def upsert_late_rows(db: Connection, pieces: Sequence[PlacedBatch], late_ms: int) -> None:
    """Note the rows received more than late_ms after they were taken, each piece in one UTC day.

    Rows with bounded times are left out: nobody knows how old they were.
    """
    late = [
        (piece, int(piece.times_ms.searchsorted(piece.received_ms - late_ms)))
        for piece in pieces
        if not piece.quality and piece.times_ms.item(0) < piece.received_ms - late_ms
    ]
    if not late:
        return
    await db.execute(
        """
        with b as (
            select * from unnest(
                $1::text::int[], $2::text::bigint[], $3::text::bigint[], $4::text::bigint[],
                $5::text::bigint[], $6::text::bigint[], $7::text::bigint[]
            ) as b (device_id, epoch, first_row, stop_row, first_ms, last_ms, received_ms)
        ),
        joined as (
            update late_rows l
               set stop_row = b.stop_row, last_ms = b.last_ms, last_received_ms = b.received_ms
              from b
             where l.device_id = b.device_id and l.epoch = b.epoch and l.stop_row = b.first_row
               and l.last_received_ms between b.received_ms - $8 and b.received_ms
               and l.last_ms between b.last_ms / 86400000 * 86400000 and b.first_ms
            returning b.device_id, b.epoch, b.first_row
        )
        insert into late_rows (device_id, epoch, first_row, stop_row, first_ms, last_ms,
                               first_received_ms, last_received_ms)
        select b.*, received_ms from b
         where (device_id, epoch, first_row) not in (select device_id, epoch, first_row from joined)
            on conflict do nothing""",
        array([piece.device_id for piece, _ in late]),
        array([piece.epoch for piece, _ in late]),
        array([piece.first_row for piece, _ in late]),
        array([piece.first_row + rows for piece, rows in late]),
        array([piece.times_ms.item(0) for piece, _ in late]),
        array([piece.times_ms.item(rows - 1) for piece, rows in late]),
        array([piece.received_ms for piece, _ in late]),
        JOIN_MS,
    )
