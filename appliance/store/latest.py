"""The newest reading of each metric of every device: the writing side."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import msgspec

from appliance.model.ids import DeviceId
from appliance.model.reading import Health
from appliance.store.literal import array
from appliance.store.pool import Db
from appliance.store.quarantine import NEWEST_MS


class News(msgspec.Struct, frozen=True):
    """What a device told: readings[i] of metric_ids[i], ascending, at times_ms[i]; perhaps none."""

    device_id: DeviceId
    received_ms: int
    metric_ids: Sequence[int]
    times_ms: Sequence[int]
    readings: Sequence[float]
    health: Health | None


async def upsert_latest(db: Db, news: Sequence[News]) -> None:
    """Keep what is newer than what is known, metric by metric; each device is told of once.

    When a device was heard of is what the last batch says: a clock that was ahead may be set back,
    and then a known reading that is from after an hour from now gives way to any that is told.

    Nearly always a device tells the same metrics as before, all of them newer: one cheap statement.
    """
    done = await _update_latest(db, news)
    if rest := [each for each in news if each.device_id not in done]:
        await _merge_latest(db, rest)


async def _update_latest(db: Db, news: Sequence[News]) -> set[DeviceId]:
    """Update the devices that told the same metrics as before, all of them newer; return those."""
    rows = await db.fetch(
        """
        with told as materialized (
            select $1::text::int2[] as metric_ids, $2::text::bigint[] as times_ms,
                   $3::text::float8[] as readings
        )
        update latest l
           set received_at = to_timestamp(n.received_ms / 1000.0),
               health      = coalesce(n.health, l.health),
               times_ms    = told.times_ms[n.first:n.last],
               readings    = told.readings[n.first:n.last]
          from told, unnest($4::text::int[], $5::text::bigint[], $6::jsonb[], $7::text::int[],
                            $8::text::int[], $9::text::bigint[])
            as n (device_id, received_ms, health, first, last, oldest_ms)
         where l.device_id = n.device_id
           and l.metric_ids = told.metric_ids[n.first:n.last]
           and n.oldest_ms >= all (l.times_ms)
        returning l.device_id""",
        *_columns(news),
        array([min(each.times_ms, default=0) for each in news]),
    )
    return {row["device_id"] for row in rows}


async def _merge_latest(db: Db, news: Sequence[News]) -> None:
    await db.execute(
        """
        with told as materialized (
            select $1::text::int2[] as metric_ids, $2::text::bigint[] as times_ms,
                   $3::text::float8[] as readings
        )
        insert into latest as l (device_id, received_at, health, metric_ids, times_ms, readings)
        select n.device_id, to_timestamp(n.received_ms / 1000.0), n.health,
               told.metric_ids[n.first:n.last],
               told.times_ms[n.first:n.last],
               told.readings[n.first:n.last]
          from told, unnest($4::text::int[], $5::text::bigint[], $6::jsonb[], $7::text::int[],
                            $8::text::int[]) as n (device_id, received_ms, health, first, last)
         order by n.device_id
            on conflict (device_id) do update
           set received_at = excluded.received_at,
               health      = coalesce(excluded.health, l.health),
               (metric_ids, times_ms, readings) = (
                   select coalesce(array_agg(metric_id order by metric_id), '{}'),
                          coalesce(array_agg(time_ms order by metric_id), '{}'),
                          coalesce(array_agg(reading order by metric_id), '{}')
                     from (
                              select distinct on (metric_id) metric_id, time_ms, reading
                                from (
                                         select * from unnest(l.metric_ids, l.times_ms, l.readings)
                                         union all
                                         select * from unnest(excluded.metric_ids,
                                                              excluded.times_ms, excluded.readings)
                                     ) as known_and_told (metric_id, time_ms, reading)
                               order by metric_id, time_ms > $9 + extract(
                                            epoch from excluded.received_at
                                        ) * 1000, time_ms desc
                          ) as newest
               )""",
        *_columns(news),
        NEWEST_MS,
    )


def _columns(news: Sequence[News]) -> tuple[Any, ...]:
    lasts = list(accumulate(len(each.metric_ids) for each in news))
    return (
        array([metric_id for each in news for metric_id in each.metric_ids]),
        array([time_ms for each in news for time_ms in each.times_ms]),
        array([reading for each in news for reading in each.readings]),
        array([each.device_id for each in news]),
        array([each.received_ms for each in news]),
        [each.health for each in news],
        array([last - len(each.metric_ids) + 1 for each, last in zip(news, lasts, strict=True)]),
        array(lasts),
    )
