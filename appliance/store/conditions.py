"""What tells of the condition of devices beside their newest readings, in one question for all."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from appliance.model.batch import POINTS
from appliance.model.ids import DeviceId
from appliance.model.look import Level
from appliance.store.pool import Db

Times = tuple[int, int]
"""UTC milliseconds."""
PIECES = 8
"""So many of a device's newest pieces of late rows are looked at: one outage has one for a day."""


class Fault(msgspec.Struct, frozen=True):
    """A rule about a device that stands. kind: stuck or threshold."""

    kind: str
    level: Level
    metric: str | None
    since_ms: int


class Signs(msgspec.Struct, frozen=True, kw_only=True):
    """Of one device, times in UTC milliseconds.

    started_ms: the first row of its newest start. before_ms: the last row before that, if it is a
    recent one. reset: what the node said of that start. beyond_belief_ms: when the first rows of
    this start with a time beyond belief came, if its newest are such. late: when the oldest of its
    rows was taken that came late, recently, and when it came; rows of an earlier start waited for
    this one. faults: the rules that stand, the oldest first.
    """

    started_ms: int | None = None
    before_ms: int | None = None
    reset: str | None = None
    beyond_belief_ms: int | None = None
    late: Times | None = None
    faults: Sequence[Fault] = ()


async def select_signs(
    db: Db, device_ids: Sequence[DeviceId], now: datetime, recent: timedelta
) -> dict[DeviceId, Signs]:
    """The signs, of the recent past, of devices that the caller has seen to be in scope."""
    rows = await db.fetch(
        """
        with starts as (
            select distinct on (device_id) device_id, epoch, reset, first_ms, first_seen, last_seen
              from streams
             where device_id = any($1::int[]) and epoch <> $2 and last_seen >= $4
             order by device_id, first_seen desc, epoch desc
        ),
        standing as (
            select a.device_id, jsonb_agg(jsonb_build_array(
                       r.kind, a.level, m.name, (extract(epoch from a.raised_at) * 1000)::bigint
                   ) order by a.raised_at) as faults
              from alerts a
              join rules r on r.id = a.rule_id and r.kind in ('stuck', 'threshold')
              left join metrics m on m.id = r.metric_id
             where a.cleared_at is null and a.state <> 'closed' and a.device_id = any($1)
             group by a.device_id
        )
        select a.device_id, s.first_ms as started_ms, e.before_ms, s.reset, b.beyond_belief_ms,
               l.late, f.faults
          from unnest($1::int[]) as a (device_id)
          left join starts s using (device_id)
          left join lateral (
                select max(least(last_ms, (extract(epoch from last_seen) * 1000)::bigint))
                       as before_ms
                  from streams
                 where s.first_seen >= $4 and device_id = s.device_id
                   and epoch not in ($2, s.epoch) and first_seen <= s.first_seen
               ) as e on true
          left join lateral (
                select (extract(epoch from oldest.received_at) * 1000)::bigint as beyond_belief_ms
                  from (select received_at from quarantine
                         where device_id = s.device_id and epoch = s.epoch
                         order by row_number desc limit 1) as newest,
                       (select received_at from quarantine
                         where device_id = s.device_id and epoch = s.epoch
                         order by row_number limit 1) as oldest
                 where newest.received_at >= s.last_seen
               ) as b on true
          left join lateral (
                select array_agg(array[first_row, stop_row, first_ms, first_received_ms]
                                 order by stop_row desc) as late
                  from (select * from late_rows where device_id = s.device_id and epoch = s.epoch
                         order by stop_row desc limit $3) as newest
                 where last_received_ms >= extract(epoch from $4::timestamptz) * 1000
               ) as l on true
          left join standing f using (device_id)""",
        device_ids,
        POINTS,
        PIECES,
        now - recent,
    )
    return {row["device_id"]: _signs(row) for row in rows}


def _signs(row: Any) -> Signs:
    return Signs(
        started_ms=row["started_ms"],
        before_ms=row["before_ms"],
        reset=row["reset"],
        beyond_belief_ms=row["beyond_belief_ms"],
        late=_late(row["late"] or ()),
        faults=[
            Fault(kind, Level(level), metric, since)
            for kind, level, metric, since in row["faults"] or ()
        ],
    )


def _late(pieces: Sequence[Sequence[int]]) -> Times | None:
    """The newest piece with those before it whose numbers it continues: a day ends one."""
    if not pieces:
        return None
    first_row, _, begin_ms, received_ms = pieces[0]
    for earlier_row, stop_row, first_ms, first_received_ms in pieces[1:]:
        if stop_row == first_row:
            first_row, begin_ms, received_ms = earlier_row, first_ms, first_received_ms
    return begin_ms, received_ms
