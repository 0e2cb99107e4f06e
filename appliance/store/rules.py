"""Alarm rules."""

from datetime import datetime
from typing import Any

from appliance.model.ids import DeviceId, FactoryId, RuleId
from appliance.model.rule import NewRule, Rule, RuleKind
from appliance.model.scope import Scope
from appliance.store.pool import Connection, Db

_LOCK = 0x_4C_0C_D2_17E5


async def lock_rules(db: Connection) -> None:
    """Until the transaction ends, nobody else who calls this changes rules or where they stand."""
    await db.execute("select pg_advisory_xact_lock($1)", _LOCK)


async def select_rules(db: Db, scope: Scope, device_id: DeviceId | None = None) -> list[Rule]:
    """The rules in scope, or those of one device, by device, priority and age."""
    rows = await db.fetch(
        """
        select r.id, r.factory_id, r.device_id, r.kind, m.name as metric, r."limit", r.deadband,
               r.on_delay_seconds, r.off_delay_seconds, r.priority, r.message, r.what_to_do,
               r.enabled
          from rules r
          join devices d on d.id = r.device_id
          left join metrics m on m.id = r.metric_id
         where r.factory_id = any($1::int[]) and ($2::int is null or r.device_id = $2)
         order by d.name, r.device_id, r.priority, r.id
        """,
        scope.factory_ids,
        device_id,
    )
    return [_rule(row) for row in rows]


async def select_rule(db: Db, scope: Scope, rule_id: RuleId) -> Rule | None:
    """One rule in scope."""
    row = await db.fetchrow(
        """
        select r.id, r.factory_id, r.device_id, r.kind, m.name as metric, r."limit", r.deadband,
               r.on_delay_seconds, r.off_delay_seconds, r.priority, r.message, r.what_to_do,
               r.enabled
          from rules r
          left join metrics m on m.id = r.metric_id
         where r.id = $2 and r.factory_id = any($1::int[])
        """,
        scope.factory_ids,
        rule_id,
    )
    return None if row is None else _rule(row)


async def insert_rule(db: Db, factory_id: FactoryId, asked: NewRule, now: datetime) -> RuleId:
    """Add a rule on a device of the factory; its metric, if any, is in the catalogue."""
    made: RuleId = await db.fetchval(
        """
        insert into rules (factory_id, device_id, kind, metric_id, "limit", deadband,
                           on_delay_seconds, off_delay_seconds, priority, message, what_to_do,
                           enabled, changed_at)
        values ($1, $2, $3, (select id from metrics where name = $4), $5, $6, $7, $8, $9, $10,
                $11, $12, $13)
        returning id
        """,
        factory_id,
        asked.device_id,
        asked.kind.value,
        asked.metric,
        asked.limit,
        asked.deadband,
        asked.on_delay_seconds,
        asked.off_delay_seconds,
        asked.priority,
        asked.message,
        asked.what_to_do,
        asked.enabled,
        now,
    )
    return made


async def update_rule(db: Db, rule: Rule, changed_at: datetime | None) -> None:
    """Store what may change of a rule; changed_at: if it evaluates differently from now on."""
    await db.execute(
        """
        update rules
           set "limit" = $2, deadband = $3, on_delay_seconds = $4, off_delay_seconds = $5,
               priority = $6, message = $7, what_to_do = $8, enabled = $9,
               changed_at = coalesce($10, changed_at)
         where id = $1
        """,
        rule.id,
        rule.limit,
        rule.deadband,
        rule.on_delay_seconds,
        rule.off_delay_seconds,
        rule.priority,
        rule.message,
        rule.what_to_do,
        rule.enabled,
        changed_at,
    )


def _rule(row: Any) -> Rule:
    return Rule(**{**row, "kind": RuleKind(row["kind"])})
