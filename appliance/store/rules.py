"""Alarm rules: added and changed by people, with a record of who did it."""

from datetime import datetime
from typing import Any

import msgspec

from appliance.model.ids import DeviceId, FactoryId, RuleId
from appliance.model.rule import NewRule, Rule, RuleMode, kind_of
from appliance.model.scope import Scope
from appliance.store.pool import Connection, Db

_LOCK = 0x_4C_0C_D2_17E5


async def lock_rules(db: Connection) -> None:
    """Until the transaction ends, nobody else who calls this changes rules or where they stand."""
    await db.execute("select pg_advisory_xact_lock($1)", _LOCK)


async def select_rule_changes(db: Db) -> int:
    """A number that grows with every change of any rule."""
    number: int = await db.fetchval("select number from rule_changes")
    return number


async def update_rule_changes(db: Db) -> None:
    """Have the engine read where rules stand: somebody else has set it."""
    await db.execute("update rule_changes set number = number + 1")


async def select_rules(
    db: Db, scope: Scope, device_id: DeviceId | None = None, mode: RuleMode | None = None
) -> list[Rule]:
    """The rules in scope, or those of one device or mode, by device, priority and age."""
    rows = await db.fetch(
        """
        select r.* from whole_rules r join devices d on d.id = r.device_id
         where r.factory_id = any($1::int[]) and ($2::int is null or r.device_id = $2)
           and ($3::text is null or r.mode = $3)
         order by d.name, r.device_id, r.priority, r.id
        """,
        scope.factory_ids,
        device_id,
        mode,
    )
    return [rule_of(row) for row in rows]


async def select_rule(db: Db, scope: Scope, rule_id: RuleId) -> Rule | None:
    """One rule in scope."""
    row = await db.fetchrow(
        "select * from whole_rules where id = $2 and factory_id = any($1::int[])",
        scope.factory_ids,
        rule_id,
    )
    return None if row is None else rule_of(row)


async def insert_rule(db: Db, factory_id: FactoryId, asked: NewRule, now: datetime) -> RuleId:
    """Add a rule as a draft to a device of the factory; its metric, if any, is in the catalogue."""
    made: RuleId = await db.fetchval(
        """
        insert into rules (factory_id, device_id, kind, metric_id, look, deadband,
                           on_delay_seconds, off_delay_seconds, priority, message, cause,
                           consequence, what_to_do, respond_seconds, suppress_while, latching,
                           note_required, realarm_seconds, alarm_class, changed_at)
        values ($1, $2, $3, (select id from metrics where name = $4), $5, $6, $7, $8, $9, $10,
                $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
        returning id
        """,
        factory_id,
        asked.device_id,
        kind_of(asked.look).value,
        asked.metric,
        msgspec.to_builtins(asked.look),
        asked.deadband,
        asked.on_delay_seconds,
        asked.off_delay_seconds,
        asked.priority,
        asked.message,
        asked.cause,
        asked.consequence,
        asked.what_to_do,
        asked.respond_seconds,
        _condition(asked),
        asked.latching,
        asked.note_required,
        asked.realarm_seconds,
        asked.alarm_class.value,
        now,
    )
    return made


async def update_rule(db: Db, rule: Rule, changed_at: datetime | None) -> None:
    """Store what may change of a rule; changed_at: if it evaluates differently from now on."""
    await db.execute(
        """
        update rules
           set look = $2, deadband = $3, on_delay_seconds = $4, off_delay_seconds = $5,
               priority = $6, message = $7, cause = $8, consequence = $9, what_to_do = $10,
               respond_seconds = $11, suppress_while = $12, latching = $13, note_required = $14,
               realarm_seconds = $15, alarm_class = $16, mode = $17, version = $18,
               changed_at = coalesce($19, changed_at)
         where id = $1
        """,
        rule.id,
        msgspec.to_builtins(rule.look),
        rule.deadband,
        rule.on_delay_seconds,
        rule.off_delay_seconds,
        rule.priority,
        rule.message,
        rule.cause,
        rule.consequence,
        rule.what_to_do,
        rule.respond_seconds,
        _condition(rule),
        rule.latching,
        rule.note_required,
        rule.realarm_seconds,
        rule.alarm_class.value,
        rule.mode.value,
        rule.version,
        changed_at,
    )


def rule_of(row: Any) -> Rule:
    """The rule of a row of whole_rules; columns of more are left out."""
    return msgspec.convert({name: row[name] for name in Rule.__struct_fields__}, Rule)


def _condition(rule: NewRule | Rule) -> object:
    return None if rule.suppress_while is None else msgspec.to_builtins(rule.suppress_while)
