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
        insert into streams (device_id, epoch, boot, first_seen, last_seen)
        select device_id, epoch, boot, at, at
          from unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[])
            as b (device_id, epoch, boot, received_ms),
               to_timestamp(received_ms / 1000.0) as at
         order by device_id, epoch
            on conflict do nothing""",
        [batch.device_id for batch in batches],
        [batch.epoch for batch in batches],
        [batch.boot for batch in batches],
        [batch.received_ms for batch in batches],
    )


async def update_streams(
    db: Db, batches: Sequence[PlacedBatch], spans: Sequence[Span]
) -> dict[DeviceId, list[Rows]]:
    """Count all rows of the batches, one of a device, as received; spans: when they were taken.

    Returns which of a device's rows were received before; a device is missing where its stream has
    no ledger row. The streams stay locked until the transaction ends.
    Nearly always all rows of all batches are new: one cheap statement.
    """
    done = await _update_new(db, batches, spans)
    received = dict.fromkeys(done, list[Rows]())
    if rest := [each for each in zip(batches, spans, strict=True) if each[0].device_id not in done]:
        received |= await _update_overlapping(db, *zip(*rest, strict=True))
    return received


async def _update_new(
    db: Db, batches: Sequence[PlacedBatch], spans: Sequence[Span]
) -> set[DeviceId]:
    """Count the batches whose rows are all new; return their devices."""
    rows = await db.fetch(
        """
        update streams s
           set received  = s.received + int8multirange(int8range(a.first, a.stop)),
               boot      = coalesce(a.boot, s.boot),
               base_ms   = coalesce(a.base_ms, s.base_ms),
               first_ms  = least(s.first_ms, a.first_ms),
               last_ms   = greatest(s.last_ms, a.last_ms),
               dropped   = greatest(s.dropped, a.dropped),
               last_seen = greatest(s.last_seen, to_timestamp(a.received_ms / 1000.0))
          from unnest($1::text::int[], $2::text::bigint[], $3::text::bigint[], $4::text::bigint[],
                      $5::text::bigint[], $6::text::bigint[], $7::text::bigint[], $8::text::bigint[],
                      $9::text::bigint[], $10::text::bigint[])
            as a (device_id, epoch, first, stop, boot, base_ms,
                  first_ms, last_ms, dropped, received_ms)
         where s.device_id = a.device_id and s.epoch = a.epoch
           and not s.received && int8range(a.first, a.stop)
        returning s.device_id""",
        *_columns(batches, spans),
    )
    return {row["device_id"] for row in rows}


async def _update_overlapping(
    db: Db, batches: Sequence[PlacedBatch], spans: Sequence[Span]
) -> dict[DeviceId, list[Rows]]:
    """Lock the streams in the order of their keys, count the batches, tell what was there before."""
    rows = await db.fetch(
        """
        with asked as (
            select * from unnest($1::text::int[], $2::text::bigint[], $3::text::bigint[],
                                 $4::text::bigint[], $5::text::bigint[], $6::text::bigint[],
                                 $7::text::bigint[], $8::text::bigint[], $9::text::bigint[],
                                 $10::text::bigint[])
                as a (device_id, epoch, first, stop, boot, base_ms,
                      first_ms, last_ms, dropped, received_ms)
        ), held as (
            select s.device_id, s.received * int8multirange(int8range(a.first, a.stop)) as before
              from streams s join asked a using (device_id, epoch)
             order by s.device_id, s.epoch
               for update of s
        ), counted as (
            update streams s
               set received   = s.received + int8multirange(int8range(a.first, a.stop)),
                   boot       = coalesce(a.boot, s.boot),
                   base_ms    = coalesce(a.base_ms, s.base_ms),
                   first_ms   = least(s.first_ms, a.first_ms),
                   last_ms    = greatest(s.last_ms, a.last_ms),
                   dropped    = greatest(s.dropped, a.dropped),
                   duplicates = s.duplicates + coalesce((
                       select sum(upper(part) - lower(part)) from unnest(h.before) as part
                   ), 0),
                   last_seen  = greatest(s.last_seen, to_timestamp(a.received_ms / 1000.0))
              from asked a join held h using (device_id)
             where s.device_id = a.device_id and s.epoch = a.epoch
        )
        select device_id, before from held""",
        *_columns(batches, spans),
    )
    return {device_id: [(part.lower, part.upper) for part in before] for device_id, before in rows}


def _columns(batches: Sequence[PlacedBatch], spans: Sequence[Span]) -> tuple[str, ...]:
    return (
        array([batch.device_id for batch in batches]),
        array([batch.epoch for batch in batches]),
        array([batch.first_row for batch in batches]),
        array([batch.first_row + len(batch.times_ms) for batch in batches]),
        array([batch.boot for batch in batches]),
        array([batch.base_ms for batch in batches]),
        array([first_ms for first_ms, _ in spans]),
        array([last_ms for _, last_ms in spans]),
        array([batch.dropped for batch in batches]),
        array([batch.received_ms for batch in batches]),
    )


async def select_bounds(db: Db, device_id: DeviceId, epoch: Epoch, boot: int | None) -> Bounds:
    """What the ledger knows of when a stream ran, from the streams of its device.

    Boot counters tell what came before, where both have one; else who was heard of first.
    """
    (row,) = await db.fetch(
        """
        select own.base_ms,
               max(s.last_ms) filter (where earlier) as before_ms,
               min(s.first_ms) filter (where not earlier) as after_ms
          from (select $1::int as device_id, $2::bigint as epoch, $3::bigint as boot) as asked
          left join streams own using (device_id, epoch)
          left join streams s on s.device_id = asked.device_id and s.epoch <> asked.epoch
         cross join lateral coalesce(
                   s.boot < asked.boot, s.first_seen < own.first_seen, true
               ) as earlier
         group by own.base_ms""",
        device_id,
        epoch,
        boot,
    )
    return Bounds(**row)
