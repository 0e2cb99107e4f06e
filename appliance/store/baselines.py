"""Baselines: every version that was learnt, and which was valid when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from appliance.model.baseline import Baseline, Learnt
from appliance.model.ids import DeviceId, FactoryId
from appliance.store.pool import Connection, Db

_LOCK = 0x_1EA_24E2


class UsualAt(NamedTuple):
    """Of one hour of the week: the version that was valid, its middle and scale (NaN: unknown)."""

    version: int
    learnt_at: datetime
    hours: str
    mid: float
    scale: float


async def try_lock_learning(db: Connection) -> bool:
    """Be the one who learns, until this connection is given back; False: another is."""
    locked: bool = await db.fetchval("select pg_try_advisory_lock($1)", _LOCK)
    return locked


async def select_baseline(
    db: Db, device_id: DeviceId, metric: str, at: datetime
) -> Baseline | None:
    """The baseline that was valid at a moment, of a device the caller knows to be in scope."""
    row = await db.fetchrow(
        """
        select b.*, m.name as metric from baselines b join metrics m on m.id = b.metric_id
         where b.device_id = $1 and m.name = $2 and b.learnt_at <= $3
         order by b.version desc limit 1
        """,
        device_id,
        metric,
        at,
    )
    return None if row is None else _baseline(row)


async def select_baselines(
    db: Db, device_id: DeviceId, metric: str, from_at: datetime, to_at: datetime
) -> list[Baseline]:
    """The versions that were valid at any time of a range, the oldest first."""
    rows = await db.fetch(
        """
        select * from (
            select b.*, m.name as metric,
                   lead(b.learnt_at) over (order by b.version) as until_at
              from baselines b join metrics m on m.id = b.metric_id
             where b.device_id = $1 and m.name = $2
        ) as each
         where learnt_at < $4 and coalesce(until_at, 'infinity') > $3
         order by version
        """,
        device_id,
        metric,
        from_at,
        to_at,
    )
    return [_baseline(row) for row in rows]


async def select_usual_at(
    db: Db, factory_ids: Sequence[FactoryId] | None, at: datetime
) -> dict[tuple[DeviceId, str], UsualAt]:
    """What was usual of every signal of some factories (None: of all) at a moment."""
    rows = await db.fetch(
        """
        with slots as (
            select id as factory_id,
                   (extract(isodow from $2::timestamptz at time zone time_zone)::int - 1) * 24
                   + extract(hour from $2::timestamptz at time zone time_zone)::int + 1 as slot
              from factories where $1::int[] is null or id = any($1)
        )
        select distinct on (b.device_id, b.metric_id)
               b.device_id, m.name as metric, b.version, b.learnt_at, b.hours,
               b.mid[s.slot] as mid, b.scale[s.slot] as scale
          from slots s
          join devices d on d.factory_id = s.factory_id
          join baselines b on b.device_id = d.id and b.learnt_at <= $2
          join metrics m on m.id = b.metric_id
         order by b.device_id, b.metric_id, b.version desc
        """,
        factory_ids,
        at,
    )
    return {
        (row["device_id"], row["metric"]): UsualAt(
            row["version"], row["learnt_at"], row["hours"], row["mid"], row["scale"]
        )
        for row in rows
    }


async def insert_baseline(
    db: Db, device_id: DeviceId, metric: str, learnt: Learnt, now: datetime
) -> int:
    """Keep what was learnt as the next version, valid from now on; its number."""
    version: int = await db.fetchval(
        """
        insert into baselines (device_id, metric_id, version, learnt_at, from_ms, to_ms, hours, mid,
                               scale, resolution)
        select $1, m.id, 1 + coalesce(max(b.version), 0), $3, $4, $5, $6, $7, $8, $9
          from metrics m left join baselines b on b.metric_id = m.id and b.device_id = $1
         where m.name = $2
         group by m.id
        returning version
        """,
        device_id,
        metric,
        now,
        learnt.from_ms,
        learnt.to_ms,
        learnt.by,
        learnt.mid,
        learnt.scale,
        learnt.resolution,
    )
    return version


def _baseline(row: Any) -> Baseline:
    return Baseline(
        device_id=row["device_id"],
        metric=row["metric"],
        version=row["version"],
        learnt_at=row["learnt_at"],
        from_ms=row["from_ms"],
        to_ms=row["to_ms"],
        by=row["hours"],
        mid=tuple(row["mid"]),
        scale=tuple(row["scale"]),
        resolution=row["resolution"],
    )
