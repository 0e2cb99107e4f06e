"""Health scores as they were known when they were made, and what they are made of."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.model.health import HealthScore, Reason, ScoreAt
from appliance.model.ids import DeviceId, FactoryId, MachineId
from appliance.model.look import Look
from appliance.store.pool import Connection, Db

_LOCK = 0x_4EA_174
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StandingAlarm(msgspec.Struct, frozen=True):
    """An alarm that stands on a device of a machine."""

    machine_id: MachineId
    priority: int


class StoodAlarm(msgspec.Struct, frozen=True):
    """An alarm of a machine, and from when to when it stood; null: it still does."""

    priority: int
    raised_at: datetime
    cleared_at: datetime | None


class LookAt(msgspec.Struct, frozen=True):
    """How a live rule looks at a signal."""

    rule_id: int
    device_id: DeviceId
    metric: str | None
    mode: str
    look: Look


class Why(msgspec.Struct, frozen=True):
    """What the column why holds."""

    reasons: tuple[Reason, ...]
    unmeasured: tuple[str, ...]


async def try_lock_health(db: Connection) -> bool:
    """Be the one who scores, until this connection is given back; False: another is."""
    locked: bool = await db.fetchval("select pg_try_advisory_lock($1)", _LOCK)
    return locked


async def select_looks_at(
    db: Db, factory_ids: Sequence[FactoryId] | None, at: datetime
) -> list[LookAt]:
    """How the rules that are no drafts looked at signals at a moment, by rule."""
    rows = await db.fetch(
        """
        select r.id as rule_id, r.device_id, r.metric, r.mode,
               coalesce((select v.rule -> 'look' from rule_versions v
                          where v.rule_id = r.id and v.changed_at <= $2
                          order by v.version desc limit 1), r.look) as look
          from whole_rules r
         where ($1::int[] is null or r.factory_id = any($1))
           and r.mode <> 'draft' and r.kind in ('threshold', 'vibration', 'exposure')
         order by r.id
        """,
        factory_ids,
        at,
    )
    return [msgspec.convert(dict(row), LookAt) for row in rows]


async def select_standing_alarms(
    db: Db, at: datetime, machine_id: MachineId | None = None
) -> list[StandingAlarm]:
    """The alarms that stood at a moment, except those that say that nothing came."""
    rows = await db.fetch(
        """
        select d.machine_id, a.priority
          from alerts a
          join rules r on r.id = a.rule_id
          join devices d on d.id = a.device_id
         where d.machine_id is not null and ($2::int is null or d.machine_id = $2)
           and r.kind not in ('no_data', 'health') and r.alarm_class = 'alarm'
           and a.raised_at <= $1 and (a.cleared_at is null or a.cleared_at > $1)
        """,
        at,
        machine_id,
    )
    return [StandingAlarm(**row) for row in rows]


async def select_alarms_stood(
    db: Db, machine_id: MachineId, begin: datetime, end: datetime
) -> list[StoodAlarm]:
    """The alarms that stood at any time of begin <= t < end, of the kinds that count as above."""
    rows = await db.fetch(
        """
        select a.priority, a.raised_at, a.cleared_at
          from alerts a
          join rules r on r.id = a.rule_id
          join devices d on d.id = a.device_id
         where d.machine_id = $1 and r.kind not in ('no_data', 'health')
           and r.alarm_class = 'alarm'
           and a.raised_at < $3 and (a.cleared_at is null or a.cleared_at > $2)
        """,
        machine_id,
        begin,
        end,
    )
    return [StoodAlarm(**row) for row in rows]


async def select_looks_changed(
    db: Db, factory_id: FactoryId, begin: datetime, end: datetime
) -> list[datetime]:
    """When any rule of a factory got another version in begin < t < end, in order."""
    rows = await db.fetch(
        """
        select distinct v.changed_at from rule_versions v join rules r on r.id = v.rule_id
         where r.factory_id = $1 and v.changed_at > $2 and v.changed_at < $3
         order by 1
        """,
        factory_id,
        begin,
        end,
    )
    return [row["changed_at"] for row in rows]


async def insert_health_scores(db: Db, scores: Sequence[HealthScore]) -> None:
    """Keep scores; one that is there already stays. Of a machine gone meanwhile none is kept."""
    await db.execute(
        """
        insert into health_scores (machine_id, at, score, quality, version, why)
        select n.* from unnest($1::int[], $2::timestamptz[], $3::float8[], $4::float8[], $5::int[],
                               $6::jsonb[]) as n (machine_id)
          join machines m on m.id = n.machine_id
        on conflict do nothing
        """,
        [one.machine_id for one in scores],
        [one.at for one in scores],
        [one.score for one in scores],
        [one.quality for one in scores],
        [one.version for one in scores],
        [{"reasons": one.reasons, "unmeasured": one.unmeasured} for one in scores],
    )


async def select_newest_health(
    db: Db, machine_ids: Sequence[MachineId], since: datetime, until: datetime
) -> dict[MachineId, HealthScore]:
    """The newest score with since < at <= until of each machine, which the caller has seen to be in
    scope."""
    rows = await db.fetch(
        """
        select h.* from unnest($1::int[]) as m (id)
         cross join lateral (
               select * from health_scores
                where machine_id = m.id and at > $2 and at <= $3
                order by at desc limit 1
         ) as h
        """,
        machine_ids,
        since,
        until,
    )
    return {row["machine_id"]: _health(row) for row in rows}


async def select_daily_scores(
    db: Db, machine_ids: Sequence[MachineId], since: datetime, zone: str
) -> dict[MachineId, list[ScoreAt]]:
    """The mean of the full hours' scores of each day of the plant, the oldest first."""
    rows = await db.fetch(
        """
        select machine_id, date_trunc('day', at, $3) as at, avg(score) as score
          from health_scores
         where machine_id = any($1::int[]) and at >= $2 and extract(minute from at) = 0
         group by 1, 2 order by 1, 2
        """,
        machine_ids,
        since,
        zone,
    )
    found: dict[MachineId, list[ScoreAt]] = {one: [] for one in machine_ids}
    for row in rows:
        found[row["machine_id"]].append(ScoreAt(row["at"], row["score"]))
    return found


async def select_hourly_scores(db: Db, machine_id: MachineId, since: datetime) -> list[ScoreAt]:
    """The scores of full hours of a machine, the oldest first."""
    rows = await db.fetch(
        """
        select at, score from health_scores
         where machine_id = $1 and at >= $2 and extract(minute from at) = 0 order by at
        """,
        machine_id,
        since,
    )
    return [ScoreAt(row["at"], row["score"]) for row in rows]


async def score_series(
    db: Db, machine_id: MachineId, from_ms: int, to_ms: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The scores kept with from_ms <= time < to_ms, in order; minutes without a score are left
    out."""
    rows = await db.fetch(
        """
        select (extract(epoch from at) * 1000)::int8 as time_ms, score from health_scores
         where machine_id = $1 and at >= $2 and at < $3 and score is not null order by at
        """,
        machine_id,
        _EPOCH + timedelta(milliseconds=from_ms),
        _EPOCH + timedelta(milliseconds=to_ms),
    )
    times_ms = np.array([row["time_ms"] for row in rows], np.int64)
    return times_ms, np.array([row["score"] for row in rows], np.float64)


async def delete_old_minutes(db: Db, before: datetime) -> None:
    """Thin out: of what is older only full hours are kept."""
    await db.execute(
        "delete from health_scores where at < $1 and extract(minute from at) <> 0", before
    )


def _health(row: asyncpg.Record) -> HealthScore:
    why: Any = msgspec.convert(row["why"], Why)
    return HealthScore(
        machine_id=row["machine_id"],
        at=row["at"],
        score=row["score"],
        quality=row["quality"],
        version=row["version"],
        reasons=why.reasons,
        unmeasured=why.unmeasured,
    )
