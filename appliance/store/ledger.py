"""The ledger: which row numbers of every start of every node are committed. It alone decides."""

from collections.abc import Sequence

import msgspec

from appliance.model.batch import PlacedBatch
from appliance.model.ids import DeviceId, Epoch
from appliance.store.literal import array
from appliance.store.pool import Db

Rows = tuple[int, int]
"""Row numbers from the first up to, but not including, the second."""
Span = tuple[int | None, int | None]
"""When the first and the last of some rows were taken, in UTC milliseconds; None for no rows."""


class Bounds(msgspec.Struct, frozen=True):
    """What is known of when a stream ran, in UTC milliseconds, where known.

    base_ms: the node's uptime 0. before_ms: the latest reading of the streams before it.
    after_ms: the earliest reading of the streams after it.
    """

    base_ms: int | None
    before_ms: int | None
    after_ms: int | None


async def insert_streams(db: Db, batches: Sequence[PlacedBatch]) -> None:
    """Make a ledger row, with nothing received, for every stream that has none yet."""
    await db.execute(
        """
        insert into streams (device_id, epoch, boot, reset, first_seen, last_seen)
        select device_id, epoch, boot, reset, at, at
          from unnest($1::int[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[])
            as b (device_id, epoch, boot, reset, received_ms),
               to_timestamp(received_ms / 1000.0) as at
         order by device_id, epoch
            on conflict do nothing""",
        [batch.device_id for batch in batches],
        [batch.epoch for batch in batches],
        [batch.boot for batch in batches],
        [batch.reset for batch in batches],
        [batch.received_ms for batch in batches],
    )


async def update_streams(
    db: Db, batches: Sequence[PlacedBatch], spans: Sequence[Span]
) -> dict[DeviceId, list[Rows]]:
    """Count all rows of the batches, one of a device, as received; spans: when they were taken.

    Returns which of a device's rows were received before; a device is missing where its stream has
    no ledger row. The streams stay locked until the transaction ends.
    """
    new = await _update_streams(db, batches, spans, [0] * len(batches), overlapping=False)
    received: dict[DeviceId, list[Rows]] = {device_id: [] for device_id in new}
    if rest := [index for index, batch in enumerate(batches) if batch.device_id not in new]:
        batches, spans = [batches[index] for index in rest], [spans[index] for index in rest]
        overlapping = await _select_received_for_update(db, batches)
        duplicates = [
            sum(stop - first for first, stop in overlapping.get(batch.device_id, ()))
            for batch in batches
        ]
        await _update_streams(db, batches, spans, duplicates, overlapping=True)
        received |= overlapping
    return received


async def _update_streams(
    db: Db,
    batches: Sequence[PlacedBatch],
    spans: Sequence[Span],
    duplicates: Sequence[int],
    *,
    overlapping: bool,
) -> set[DeviceId]:
    """Count batches as received, ones that overlap what is received if asked; their devices."""
    rows = await db.fetch(
        """
        update streams s
           set received   = s.received + int8multirange(int8range(b.first, b.stop)),
               boot       = coalesce(b.boot, s.boot),
               base_ms    = coalesce(b.base_ms, s.base_ms),
               first_ms   = least(s.first_ms, b.first_ms),
               last_ms    = greatest(s.last_ms, b.last_ms),
               dropped    = greatest(s.dropped, b.dropped),
               duplicates = s.duplicates + b.duplicates,
               last_seen  = to_timestamp(b.received_ms / 1000.0)
          from unnest(
                   $1::text::int[], $2::text::bigint[], $3::text::bigint[], $4::text::bigint[],
                   $5::text::bigint[], $6::text::bigint[], $7::text::bigint[], $8::text::bigint[],
                   $9::text::bigint[], $10::text::bigint[], $11::text::bigint[]
               ) as b (device_id, epoch, first, stop, boot, base_ms,
                       first_ms, last_ms, dropped, duplicates, received_ms)
         where s.device_id = b.device_id and s.epoch = b.epoch
           and ($12 or not s.received && int8range(b.first, b.stop))
        returning s.device_id""",
        array([batch.device_id for batch in batches]),
        array([batch.epoch for batch in batches]),
        array([batch.first_row for batch in batches]),
        array([batch.first_row + len(batch.times_ms) for batch in batches]),
        array([batch.boot for batch in batches]),
        array([batch.base_ms for batch in batches]),
        array([first_ms for first_ms, _ in spans]),
        array([last_ms for _, last_ms in spans]),
        array([batch.dropped for batch in batches]),
        array(duplicates),
        array([batch.received_ms for batch in batches]),
        overlapping,
    )
    return {row["device_id"] for row in rows}


async def _select_received_for_update(
    db: Db, batches: Sequence[PlacedBatch]
) -> dict[DeviceId, list[Rows]]:
    """Lock the batches' streams in the order of their keys; which of the rows are received."""
    rows = await db.fetch(
        """
        select s.device_id, s.received * int8multirange(int8range(b.first, b.stop)) as received
          from unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[])
            as b (device_id, epoch, first, stop)
          join streams s using (device_id, epoch)
         order by s.device_id, s.epoch
           for update of s""",
        [batch.device_id for batch in batches],
        [batch.epoch for batch in batches],
        [batch.first_row for batch in batches],
        [batch.first_row + len(batch.times_ms) for batch in batches],
    )
    return {
        device_id: [(part.lower, part.upper) for part in received] for device_id, received in rows
    }


async def select_bounds(db: Db, device_id: DeviceId, epoch: Epoch) -> Bounds:
    """What the ledger knows of when a stream ran, from the streams of its device.

    A node sends its oldest rows first: who was heard of first came before. A reading from after its
    stream was last heard of counts from then.
    """
    (row,) = await db.fetch(
        """
        select own.base_ms,
               max(least(s.last_ms, (extract(epoch from s.last_seen) * 1000)::bigint))
                   filter (where earlier) as before_ms,
               min(s.first_ms) filter (where not earlier) as after_ms
          from (select $1::int as device_id, $2::bigint as epoch) as asked
          left join streams own using (device_id, epoch)
          left join streams s on s.device_id = asked.device_id and s.epoch <> asked.epoch
         cross join lateral coalesce(s.first_seen < own.first_seen, true) as earlier
         group by own.base_ms""",
        device_id,
        epoch,
    )
    return Bounds(**row)
