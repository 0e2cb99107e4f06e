"""What stood, and what was last heard of, in the past."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from appliance.model.ids import AlertId, DeviceId
from appliance.model.scope import Scope
from appliance.store.pool import Db


class Marks(msgspec.Struct, frozen=True):
    """When an alert changed. hid: (time, whether from then on) of its shelf; of its suppression."""

    id: AlertId
    raised_at: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    latching: bool
    reset_at: datetime | None
    shelved: list[tuple[datetime, bool]]
    suppressed: list[tuple[datetime, bool]]


async def select_alert_marks(
    db: Db, scope: Scope, from_at: datetime, to_at: datetime, limit: int
) -> list[Marks]:
    """The alerts in scope that were open in from_at <= time < to_at, the newest first.

    A shelf holds for the level of a rule, so what another alert of that level was told counts too.
    """
    rows = await db.fetch(
        """
        select a.id, a.raised_at, a.cleared_at, a.acknowledged_at, a.latching, a.reset_at,
               coalesce((
                   select jsonb_agg(jsonb_build_array(e.at, e.what = 'shelved') order by e.id)
                     from alerts b join alert_events e on e.alert_id = b.id
                    where b.rule_id = a.rule_id and b.level = a.level and e.at < $3
                      and e.what in ('shelved', 'unshelved', 'shelf-expired')
               ), '[]') as shelved,
               coalesce((
                   select jsonb_agg(jsonb_build_array(e.at, e.what = 'suppressed') order by e.id)
                     from alert_events e
                    where e.alert_id = a.id and e.at < $3
                      and e.what in ('suppressed', 'unsuppressed')
               ), '[]') as suppressed
          from alerts a
         where a.factory_id = any($1::int[]) and a.raised_at < $3
           and (a.state <> 'closed'
                or greatest(a.cleared_at, a.acknowledged_at, a.reset_at) > $2)
         order by a.raised_at desc, a.id desc limit $4
        """,
        scope.factory_ids,
        from_at,
        to_at,
        limit,
    )
    return [msgspec.convert(dict(row), Marks) for row in rows]


async def select_raised_beside(
    db: Db, scope: Scope, from_at: datetime, to_at: datetime
) -> tuple[datetime | None, datetime | None]:
    """When alerts in scope were raised last before from_at, and first at or after to_at."""
    [row] = await db.fetch(
        """
        select (select max(raised_at) from alerts
                 where factory_id = any($1::int[]) and raised_at < $2) as earlier,
               (select min(raised_at) from alerts
                 where factory_id = any($1::int[]) and raised_at >= $3) as later
        """,
        scope.factory_ids,
        from_at,
        to_at,
    )
    return row["earlier"], row["later"]


async def select_last_heard(
    db: Db, device_ids: Sequence[DeviceId], before_ms: int
) -> dict[DeviceId, int]:
    """The newest reading's time (UTC milliseconds) of devices of which none lies at or after
    before_ms that began before it; whoever has none at all is left out."""
    rows: list[Any] = await db.fetch(
        """
        select d.id, greatest(
                   (select (extract(epoch from b.start_at) * 1000)::int8
                           + b.offsets_ms[cardinality(b.offsets_ms)]
                      from batches b
                     where b.device_id = d.id and b.start_at < to_timestamp($2 / 1000.0)
                     order by b.start_at desc limit 1),
                   (select max(g.last_ms)
                      from sealed_groups g join sealed_files f on f.id = g.file_id
                     where g.device_id = d.id and f.kind = 'readings'
                       and f.state in ('live', 'damaged') and g.first_ms < $2)
               ) as heard
          from unnest($1::int[]) as d (id)
        """,
        list(device_ids),
        before_ms,
    )
    return {row["id"]: row["heard"] for row in rows if row["heard"] is not None}
