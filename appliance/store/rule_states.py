"""What the engine remembers of each rule between batches, beside the rule itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from appliance.model.ids import DeviceId, MetricId, RuleId
from appliance.model.rule import Phase, Rule, RuleKind, RuleState
from appliance.store.pool import Db


class Watch(NamedTuple):
    """A high or low rule and where it stands."""

    rule: Rule
    state: RuleState
    metric_id: MetricId
    interval_ms: int
    """How often a reading of its device is expected."""


class Silence(NamedTuple):
    """A no-data rule, where it stands, and when its device was last heard of (UTC ms)."""

    rule: Rule
    state: RuleState
    heard_ms: int | None
    changed_ms: int | None
    """When the rule was made or changed."""


async def select_watches(db: Db, device_ids: Sequence[DeviceId]) -> list[Watch]:
    """The enabled high and low rules of devices."""
    rows = await db.fetch(
        """
        select r.id, r.factory_id, r.device_id, r.kind, m.name as metric, r."limit", r.deadband,
               r.on_delay_seconds, r.off_delay_seconds, r.priority, r.message, r.what_to_do,
               r.enabled, s.phase, s.since_ms, s.seen_ms, r.metric_id,
               d.expected_interval_ms
          from rules r
          join metrics m on m.id = r.metric_id
          join devices d on d.id = r.device_id
          left join rule_states s on s.rule_id = r.id
         where r.enabled and r.device_id = any($1::int[])
        """,
        device_ids,
    )
    return [
        Watch(_rule(row), _state(row), row["metric_id"], row["expected_interval_ms"])
        for row in rows
    ]


async def select_silences(db: Db, listening_at: datetime, now: datetime) -> list[Silence]:
    """The enabled no-data rules that are not normal, or whose on-delay is over.

    Silence counts from listening_at and from the rule's last change at the earliest. A time ahead
    of now by more than the on-delay is not known: a clock was set back since.
    """
    rows = await db.fetch(
        """
        select r.id, r.factory_id, r.device_id, r.kind, null as metric, r."limit", r.deadband,
               r.on_delay_seconds, r.off_delay_seconds, r.priority, r.message, r.what_to_do,
               r.enabled, s.phase, s.since_ms, s.seen_ms,
               (extract(epoch from l.received_at) * 1000)::int8 as heard_ms,
               (extract(epoch from c.changed_at) * 1000)::int8 as changed_ms
          from rules r
         cross join lateral (values (r.on_delay_seconds * interval '1 s')) as o (on_delay)
         cross join lateral (values ($2::timestamptz + o.on_delay)) as k (known_until)
         cross join lateral (
               values (case when r.changed_at <= k.known_until then r.changed_at end)
             ) as c (changed_at)
          left join latest l on l.device_id = r.device_id and l.received_at <= k.known_until
          left join rule_states s on s.rule_id = r.id
         where r.enabled and r.kind = 'no_data'
           and (s.phase <> 'normal'
                or greatest(l.received_at, c.changed_at, $1) + o.on_delay <= $2)
        """,
        listening_at,
        now,
    )
    return [Silence(_rule(row), _state(row), row["heard_ms"], row["changed_ms"]) for row in rows]


async def update_rule_states(db: Db, states: Mapping[RuleId, RuleState]) -> None:
    """Remember where rules stand."""
    await db.execute(
        """
        insert into rule_states (rule_id, phase, since_ms, seen_ms)
        select * from unnest($1::int[], $2::text[], $3::int8[], $4::int8[])
        on conflict (rule_id) do update
           set phase = excluded.phase, since_ms = excluded.since_ms, seen_ms = excluded.seen_ms
        """,
        list(states),
        [state.phase.value for state in states.values()],
        [state.since_ms for state in states.values()],
        [state.seen_ms for state in states.values()],
    )


async def update_rule_state_restarted(db: Db, rule_id: RuleId) -> None:
    """Let a rule's delays begin anew; an alert that stands goes on standing."""
    await db.execute(
        """
        update rule_states s
           set phase = case when a.standing then 'raised' else 'normal' end,
               since_ms = case when a.standing then s.since_ms end
          from (select exists (
                   select from alerts where rule_id = $1 and cleared_at is null
               ) as standing) as a
         where s.rule_id = $1
        """,
        rule_id,
    )


def _rule(row: Any) -> Rule:
    columns = {name: row[name] for name in Rule.__struct_fields__}
    return Rule(**{**columns, "kind": RuleKind(row["kind"])})


def _state(row: Any) -> RuleState:
    if row["phase"] is None:
        return RuleState()
    return RuleState(Phase(row["phase"]), row["since_ms"], row["seen_ms"])
