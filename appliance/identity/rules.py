"""Alarm rules: added and changed by people, with a record of who did it."""

from datetime import datetime

import msgspec

from appliance.errors import NotFound, Unprocessable
from appliance.identity import audit
from appliance.model.audit import Actor, AuditEntry
from appliance.model.ids import FactoryId, RuleId
from appliance.model.rule import NewRule, Rule, RuleChange, RuleKind
from appliance.model.scope import Scope
from appliance.store import alerts, devices, readings, rule_states, rules
from appliance.store.pool import Connection, Pool

EVALUATED = ("limit", "deadband", "on_delay_seconds", "off_delay_seconds", "enabled")
SWITCHED_OFF = "Cleared because the rule was switched off."


async def create(db: Pool, scope: Scope, actor: Actor, asked: NewRule, now: datetime) -> Rule:
    """Add a rule to a device in scope."""
    _refuse_nonsense(asked)
    async with db.acquire() as connection, connection.transaction():
        device = await devices.select_device(connection, scope, asked.device_id)
        if device is None:
            raise NotFound("There is no such device.")
        await _refuse_unknown_metric(connection, scope, asked)
        rule_id = await rules.insert_rule(connection, device.factory_id, asked, now)
        rule = await _one(connection, scope, rule_id)
        entry = _entry(actor, "rule.create", rule.factory_id, rule_id, now)
        await audit.record(connection, msgspec.structs.replace(entry, new=_told(rule)))
    return rule


async def change(
    db: Pool, scope: Scope, actor: Actor, rule_id: RuleId, asked: RuleChange, now: datetime
) -> Rule:
    """Change a rule in scope. If it evaluates differently now, its delays begin anew.

    An alert that stands goes on standing, except that of a rule that is switched off.
    """
    changes = {
        name: value
        for name, value in msgspec.structs.asdict(asked).items()
        if value is not msgspec.UNSET
    }
    async with db.acquire() as connection, connection.transaction():
        await rules.lock_rules(connection)
        old = await _one(connection, scope, rule_id)
        new = msgspec.structs.replace(old, **changes)
        if new == old:
            return old
        _refuse_nonsense(new)
        differs = any(getattr(old, name) != getattr(new, name) for name in EVALUATED)
        await rules.update_rule(connection, new, now if differs else None)
        if not new.enabled:
            await alerts.update_alert_cleared(connection, rule_id, now, None, SWITCHED_OFF)
        if differs:
            await rule_states.update_rule_state_restarted(connection, rule_id)
        entry = _entry(actor, "rule.change", old.factory_id, rule_id, now)
        entry = msgspec.structs.replace(entry, old=_told(old), new=_told(new))
        await audit.record(connection, entry)
    return new


def _refuse_nonsense(rule: NewRule | Rule) -> None:
    if rule.kind is RuleKind.NO_DATA:
        if rule.metric is not None or rule.limit is not None or rule.deadband:
            raise Unprocessable("A no_data rule has no metric, no limit and no deadband.")
        if not rule.on_delay_seconds:
            raise Unprocessable(
                "A no_data rule needs on_delay_seconds: how long nothing may come before it raises."
            )
        return
    if rule.metric is None or rule.limit is None:
        raise Unprocessable(f"A {rule.kind} rule needs a metric and a limit.")


async def _refuse_unknown_metric(db: Connection, scope: Scope, asked: NewRule) -> None:
    if asked.metric is None:
        return
    if await readings.select_measured(db, scope, asked.device_id, asked.metric) is None:
        raise Unprocessable(f"There is no metric {asked.metric}; GET /metrics lists them.")


async def _one(db: Connection, scope: Scope, rule_id: RuleId) -> Rule:
    rule = await rules.select_rule(db, scope, rule_id)
    if rule is None:
        raise NotFound("There is no such rule.")
    return rule


def _told(rule: Rule) -> dict[str, object]:
    told: dict[str, object] = msgspec.to_builtins(rule)
    return told


def _entry(
    actor: Actor, action: str, factory_id: FactoryId, rule_id: RuleId, now: datetime
) -> AuditEntry:
    return AuditEntry(
        at=now, actor=actor, action=action, object=f"rule {rule_id}", factory_ids=[factory_id]
    )
