"""What the engine remembers of each rule between batches, beside the rule itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from appliance.model.ids import MetricId, RuleId
from appliance.model.rule import Rule
from appliance.model.rule_state import LevelState, Phase, RuleState
from appliance.store.pool import Db
from appliance.store.rules import rule_of

_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(RuleState).decode


class Watch(NamedTuple):
    """A rule about readings that is evaluated, and where it stands."""

    rule: Rule
    state: RuleState
    metric_id: MetricId
    condition_id: MetricId | None
    """The metric of its condition."""
    interval_ms: int
    """How often a reading of its device is expected."""
    digits: int
    zone: str
    changed_ms: int
    """When it was made or changed: it looks at no reading from before."""
    checkpoint_ms: int | None
    """The newest reading in its newest checkpoint."""


class Silence(NamedTuple):
    """A no-data rule, where it stands, and when its device was last heard of (UTC ms)."""

    rule: Rule
    state: RuleState
    heard_ms: int | None
    changed_ms: int | None
    """When the rule was made or changed."""


async def select_watches(db: Db) -> list[Watch]:
    """The live and shadow rules about readings."""
    rows = await db.fetch(
        """
        select w.*, s.state, r.metric_id, c.id as condition_id, d.expected_interval_ms,
               m.digits, f.time_zone as zone, k.seen_ms as checkpoint_ms,
               floor(extract(epoch from r.changed_at) * 1000)::int8 as changed_ms
          from whole_rules w
          join rules r on r.id = w.id
          join metrics m on m.id = r.metric_id
          join devices d on d.id = r.device_id
          join factories f on f.id = r.factory_id
          left join metrics c on c.name = r.suppress_while ->> 'metric'
          left join rule_states s on s.rule_id = r.id
          left join lateral (
               select max(seen_ms) as seen_ms from rule_checkpoints where rule_id = r.id
          ) as k on true
         where r.mode in ('live', 'shadow') and r.kind not in ('model', 'health')
         order by r.id
        """
    )
    return [
        Watch(
            rule_of(row),
            state_of(row),
            row["metric_id"],
            row["condition_id"],
            row["expected_interval_ms"],
            row["digits"],
            row["zone"],
            row["changed_ms"],
            row["checkpoint_ms"],
        )
        for row in rows
    ]


async def select_silences(db: Db, listening_at: datetime, now: datetime) -> list[Silence]:
    """The no-data rules in force that are not normal, or whose on-delay is over.

    Silence counts from listening_at and from the rule's last change at the earliest. A time ahead
    of now by more than the on-delay is not known: a clock was set back since.
    """
    rows = await db.fetch(
        """
        select w.*, s.state, (extract(epoch from l.received_at) * 1000)::int8 as heard_ms,
               (extract(epoch from c.changed_at) * 1000)::int8 as changed_ms
          from rules r
          join whole_rules w on w.id = r.id
         cross join lateral (values (r.on_delay_seconds * interval '1 s')) as o (on_delay)
         cross join lateral (values ($2::timestamptz + o.on_delay)) as k (known_until)
         cross join lateral (
               values (case when r.changed_at <= k.known_until then r.changed_at end)
             ) as c (changed_at)
          left join latest l on l.device_id = r.device_id and l.received_at <= k.known_until
          left join rule_states s on s.rule_id = r.id
         where r.mode in ('live', 'shadow') and r.kind = 'no_data'
           and (s.phase <> 'normal'
                or greatest(l.received_at, c.changed_at, $1) + o.on_delay <= $2)
        """,
        listening_at,
        now,
    )
    return [
        Silence(rule_of(row), state_of(row), row["heard_ms"], row["changed_ms"]) for row in rows
    ]


async def update_rule_states(db: Db, states: Mapping[RuleId, RuleState]) -> None:
    """Remember where rules stand."""
    await db.execute(
        """
        insert into rule_states (rule_id, phase, state)
        select * from unnest($1::int[], $2::text[], $3::bytea[])
        on conflict (rule_id) do update set phase = excluded.phase, state = excluded.state
        """,
        list(states),
        [_phase(state) for state in states.values()],
        [_ENCODE(state) for state in states.values()],
    )


async def select_rule_state(db: Db, rule_id: RuleId) -> RuleState:
    """Where a rule stands."""
    row = await db.fetchrow("select state from rule_states where rule_id = $1", rule_id)
    return RuleState() if row is None else state_of(row)


async def update_rule_state_restarted(db: Db, rule_id: RuleId, keep: frozenset[str]) -> None:
    """Let a rule's delays and figures begin anew; the levels to keep go on standing."""
    old = await select_rule_state(db, rule_id)
    levels = {
        level: LevelState(Phase.RAISED, state.since_ms)
        for level, state in old.levels.items()
        if state.standing and level in keep
    }
    await update_rule_states(db, {rule_id: RuleState(levels=levels)})
    await db.execute("delete from rule_checkpoints where rule_id = $1", rule_id)


async def insert_checkpoints(db: Db, states: Mapping[RuleId, RuleState], keep_ms: int) -> None:
    """Remember where rules stood; what is older than keep_ms before goes, but for the newest."""
    await db.execute(
        """
        with made as (
            insert into rule_checkpoints (rule_id, seen_ms, state)
            select * from unnest($1::int[], $2::int8[], $3::bytea[])
            on conflict (rule_id, seen_ms) do update set state = excluded.state
            returning rule_id, seen_ms
        )
        delete from rule_checkpoints c using made
         where c.rule_id = made.rule_id and c.seen_ms < (
                   select max(seen_ms) from rule_checkpoints
                    where rule_id = made.rule_id and seen_ms <= made.seen_ms - $4
               )
        """,
        list(states),
        [state.seen_ms for state in states.values()],
        [_ENCODE(state) for state in states.values()],
        keep_ms,
    )


async def select_checkpoint(db: Db, rule_id: RuleId, before_ms: int) -> RuleState:
    """Where a rule last stood before the readings of before_ms; if unknown, where it first did."""
    row = await db.fetchrow(
        """
        select state from rule_checkpoints where rule_id = $1
         order by seen_ms < $2 desc, abs(seen_ms - $2) limit 1
        """,
        rule_id,
        before_ms,
    )
    return RuleState() if row is None else state_of(row)


async def delete_checkpoints_from(db: Db, rule_id: RuleId, from_ms: int) -> None:
    """Forget the checkpoints that readings of from_ms and later went into."""
    await db.execute(
        "delete from rule_checkpoints where rule_id = $1 and seen_ms >= $2", rule_id, from_ms
    )


def state_of(row: Any) -> RuleState:
    """The state of a row, that of the beginning if it has none."""
    return RuleState() if row["state"] is None else _DECODE(row["state"])


def _phase(state: RuleState) -> str:
    """The phase of a rule with one level; of several, whether all are normal."""
    return next((level.phase.value for level in state.levels.values()), Phase.NORMAL.value)
