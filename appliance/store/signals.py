"""Every signal there is, what it needs to be understood, and when it was last looked at."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from appliance.model.ids import DeviceId, FactoryId, MachineId
from appliance.model.insight import SignalLook
from appliance.store.pool import Db

RUNNING = "running"


class KnownSignal(msgspec.Struct, frozen=True, kw_only=True):
    """A metric that a device has told of. running_id: the device that says whether its machine
    runs: itself, or another on the machine; null: none does."""

    device_id: DeviceId
    device: str
    factory_id: FactoryId
    machine_id: MachineId | None
    machine: str | None
    time_zone: str
    interval_ms: int
    metric: str
    unit: str
    unit_label: str
    digits: int
    first_ms: int
    running_id: DeviceId | None
    learnt_at: datetime | None
    trended_at: datetime | None


async def select_signals(
    db: Db,
    factory_ids: Sequence[FactoryId] | None = None,
    *,
    device_id: DeviceId | None = None,
    metric: str | None = None,
) -> list[KnownSignal]:
    """The signals of some factories (None: of all), by device and metric."""
    rows = await db.fetch(
        """
        with nodes as (
            select d.*, l.metric_ids,
                   (select min(first_ms) from streams where device_id = d.id) as first_ms
              from devices d
              join latest l on l.device_id = d.id
             where ($1::int[] is null or d.factory_id = any($1))
               and ($2::int is null or d.id = $2
                    or d.machine_id = (select machine_id from devices where id = $2))
        ), told as (
            select n.*, m.id as metric_id, m.name as metric, m.unit, m.unit_label, m.digits,
                   min(n.id) filter (where m.name = $4) over (partition by n.id) as own,
                   min(n.id) filter (where m.name = $4) over (partition by n.machine_id) as other
              from nodes n
             cross join lateral unnest(n.metric_ids) as u (id)
              join metrics m on m.id = u.id
        )
        select t.id as device_id, t.name as device, t.factory_id, t.machine_id, h.name as machine,
               f.time_zone, t.expected_interval_ms as interval_ms, t.metric, t.unit, t.unit_label,
               t.digits, t.first_ms, k.learnt_at, k.trended_at,
               coalesce(t.own, case when t.machine_id is not null then t.other end) as running_id
          from told t
          join factories f on f.id = t.factory_id
          left join machines h on h.id = t.machine_id
          left join signal_looks k on k.device_id = t.id and k.metric_id = t.metric_id
         where t.first_ms is not null
           and ($2::int is null or t.id = $2) and ($3::text is null or t.metric = $3)
         order by t.id, t.metric_id
        """,
        factory_ids,
        device_id,
        metric,
        RUNNING,
    )
    return [KnownSignal(**row) for row in rows]


async def update_learnt(db: Db, device_id: DeviceId, metric: str, at: datetime) -> None:
    """Note when the history of a signal was last looked at for a baseline."""
    await db.execute(
        """
        insert into signal_looks as k (device_id, metric_id, learnt_at)
        select $1, id, $3 from metrics where name = $2
        on conflict (device_id, metric_id) do update set learnt_at = excluded.learnt_at
        """,
        device_id,
        metric,
        at,
    )


async def update_look(
    db: Db, device_id: DeviceId, metric: str, look: SignalLook, at: datetime
) -> None:
    """Keep the newest look at a signal."""
    await db.execute(
        """
        insert into signal_looks as k (device_id, metric_id, trended_at, trend)
        select $1, id, $3, $4 from metrics where name = $2
        on conflict (device_id, metric_id) do update
           set trended_at = excluded.trended_at, trend = excluded.trend
        """,
        device_id,
        metric,
        at,
        msgspec.to_builtins(look),
    )


async def select_looks(
    db: Db,
    factory_id: FactoryId,
    device_id: DeviceId | None = None,
    metric: str | None = None,
) -> dict[tuple[DeviceId, str], SignalLook]:
    """The newest look at each signal of a factory that the caller has seen to be in scope."""
    rows = await db.fetch(
        """
        select k.device_id, m.name as metric, k.trend
          from signal_looks k
          join devices d on d.id = k.device_id
          join metrics m on m.id = k.metric_id
         where d.factory_id = $1 and k.trend is not null
           and ($2::int is null or d.id = $2) and ($3::text is null or m.name = $3)
        """,
        factory_id,
        device_id,
        metric,
    )
    return {(row["device_id"], row["metric"]): _look(row["trend"]) for row in rows}


async def select_day_running(db: Db, factory_id: FactoryId) -> dict[DeviceId, float]:
    """The running share of 24 hours by the newest look at each device of a factory that the caller
    has seen to be in scope; where it is not known, there is none."""
    rows = await db.fetch(
        """
        select k.device_id, (k.trend ->> 'day_running')::float8 as share
          from signal_looks k
          join devices d on d.id = k.device_id
          join metrics m on m.id = k.metric_id
         where d.factory_id = $1 and m.name = $2 and k.trend ->> 'day_running' is not null
        """,
        factory_id,
        RUNNING,
    )
    return {row["device_id"]: row["share"] for row in rows}


async def select_faults(
    db: Db, device_id: DeviceId, from_at: datetime, to_at: datetime
) -> list[tuple[datetime, datetime | None]]:
    """When something was known to be wrong with a device: its alarms and marked incidents."""
    rows = await db.fetch(
        """
        select a.raised_at as begin_at, a.cleared_at as end_at
          from alerts a join rules r on r.id = a.rule_id
         where a.device_id = $1 and r.alarm_class = 'alarm' and a.raised_at < $3
           and coalesce(a.cleared_at, 'infinity') > $2
        union all
        select from_at, to_at from incidents
         where device_id = $1 and from_at < $3 and to_at > $2
        """,
        device_id,
        from_at,
        to_at,
    )
    return [(row["begin_at"], row["end_at"]) for row in rows]


def _look(stored: Any) -> SignalLook:
    return msgspec.convert(stored, SignalLook)
