"""Alarm rules: added, changed and put to work by people, with a record of who did it."""

import asyncio
from datetime import datetime

import msgspec

from appliance.errors import Conflict, NotFound, Unprocessable
from appliance.identity import audit
from appliance.identity.sense import levels_of, refuse_nonsense, refuse_unknown_limit
from appliance.model.audit import Actor, AuditEntry
from appliance.model.device import Device
from appliance.model.ids import FactoryId, RuleId
from appliance.model.rule import Condition, NewRule, Override, Rule, RuleChange, RuleMode, kind_of
from appliance.model.scope import Scope
from appliance.model.text import Sentence
from appliance.store import (
    alerts,
    backtests,
    devices,
    metrics,
    readings,
    rule_states,
    rule_versions,
    rules,
)
from appliance.store.pool import Connection, Db, Pool

EVALUATED = (
    "look",
    "deadband",
    "on_delay_seconds",
    "off_delay_seconds",
    "respond_seconds",
    "suppress_while",
)
"""What makes another version when it changes."""
SWITCHED_OFF = "Cleared because the rule was switched off."
NOT_ANY_MORE = "Cleared because the rule has no such limit any more."


class NoBackTest(Conflict):
    """A rule goes live only once its version was tried on the history there is."""

    code = "no-backtest"


class ModeChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Put a rule to work or take it out. override: why it goes live without a back-test.

    reason: why it is out of service.
    """

    mode: RuleMode
    override: Override | None = None
    reason: Sentence | None = None


async def create(db: Pool, scope: Scope, actor: Actor, asked: NewRule, now: datetime) -> Rule:
    """Add a rule to a device in scope, as a draft."""
    refuse_nonsense(asked)
    async with db.acquire() as connection, connection.transaction():
        await rules.lock_rules(connection)
        factory_id = await refuse_unknown(connection, scope, asked)
        rule_id = await rules.insert_rule(connection, factory_id, asked, now)
        rule = await one(connection, scope, rule_id)
        await rule_versions.upsert_rule_version(connection, rule, actor.name, now)
        entry = _entry(actor, "rule.create", rule, now)
        await audit.record(connection, msgspec.structs.replace(entry, new=_told(rule)))
    return rule


async def change(
    db: Pool, scope: Scope, actor: Actor, rule_id: RuleId, asked: RuleChange, now: datetime
) -> Rule:
    """Change a rule in scope. If it evaluates differently now, it is another version.

    Its delays begin anew then; an alarm that stands goes on standing, unless its limit is gone. A
    live rule stays live, so this needs the reason why nobody tried it first.
    """
    changes = {
        name: value
        for name, value in msgspec.structs.asdict(asked).items()
        if value is not msgspec.UNSET and name != "override"
    }
    async with db.acquire() as connection, connection.transaction():
        await rules.lock_rules(connection)
        old = await one(connection, scope, rule_id)
        new = msgspec.structs.replace(old, **changes)
        if new == old:
            return old
        if kind_of(new.look) is not old.kind:
            raise Unprocessable("A rule of another kind is another rule: add one.")
        refuse_nonsense(new)
        await refuse_unknown(connection, scope, new)
        differs = any(getattr(old, name) != getattr(new, name) for name in EVALUATED)
        if differs and old.mode is RuleMode.LIVE and asked.override is None:
            raise NoBackTest(
                "This rule is live: say in `override` why the change cannot wait for a back-test, "
                "or put the rule in shadow first."
            )
        if differs:
            new = msgspec.structs.replace(new, version=old.version + 1)
            await _restart(connection, old, levels_of(new), now, NOT_ANY_MORE)
        await rules.update_rule(connection, new, now if differs else None)
        await rule_versions.upsert_rule_version(connection, new, actor.name, now)
        entry = _entry(actor, "rule.change", new, now)
        reason = asked.override if differs and old.mode is RuleMode.LIVE else None
        entry = msgspec.structs.replace(entry, old=_told(old), new=_told(new), reason=reason)
        await audit.record(connection, entry)
    return new


async def put(
    db: Pool, scope: Scope, actor: Actor, rule_id: RuleId, asked: ModeChange, now: datetime
) -> Rule:
    """Put a rule to work, or take it out; live needs a back-test of this version, or a reason."""
    if asked.mode is RuleMode.OUT_OF_SERVICE and asked.reason is None:
        raise Unprocessable("Say in `reason` why the rule is taken out of service.")
    async with db.acquire() as connection, connection.transaction():
        await rules.lock_rules(connection)
        old = await one(connection, scope, rule_id)
        new = msgspec.structs.replace(old, mode=asked.mode)
        if new == old:
            return old
        action = "rule.mode"
        if asked.mode is RuleMode.LIVE:
            found = await backtests.select_backtest(connection, rule_id, old.version)
            if found is None or found.needs:
                if asked.override is None:
                    raise NoBackTest(
                        f"Version {old.version} of this rule was not tried on the history there is:"
                        " run its back-test first, or say in `override` why it cannot wait."
                    )
                action = "rule.live.override"
        await _restart(connection, old, frozenset(), now, SWITCHED_OFF)
        await rules.update_rule(connection, new, now)
        entry = _entry(actor, action, new, now)
        entry = msgspec.structs.replace(
            entry,
            old=_told(old),
            new=_told(new),
            reason=asked.override if action == "rule.live.override" else asked.reason,
        )
        await audit.record(connection, entry)
    return new


async def refuse_unknown(db: Db, scope: Scope, asked: NewRule | Rule) -> FactoryId:
    """Refuse a device or metric that is not there; the factory of the device."""
    device = await devices.select_device(db, scope, asked.device_id)
    if device is None:
        raise NotFound("There is no such device.")
    if asked.metric is not None:
        metric = await readings.select_measured(db, scope, asked.device_id, asked.metric)
        if metric is None:
            raise Unprocessable(f"There is no metric {asked.metric}; GET /metrics lists them.")
        await asyncio.to_thread(refuse_unknown_limit, asked, metric)
    await _refuse_unmeasured_condition(db, scope, device, asked.suppress_while)
    return device.factory_id


async def one(db: Db, scope: Scope, rule_id: RuleId) -> Rule:
    """A rule in scope; NotFound if there is none."""
    rule = await rules.select_rule(db, scope, rule_id)
    if rule is None:
        raise NotFound("There is no such rule.")
    return rule


async def _refuse_unmeasured_condition(
    db: Db, scope: Scope, device: Device, condition: Condition | None
) -> None:
    """A device that has told nothing yet may come to measure it."""
    if condition is None:
        return
    if await readings.select_measured(db, scope, device.id, condition.metric) is None:
        raise Unprocessable(f"There is no metric {condition.metric}; GET /metrics lists them.")
    told = await metrics.select_told_metrics(db, device.id)
    if told and condition.metric not in told:
        raise Unprocessable(
            f"suppress_while looks at a signal of the rule's own device, and {device.name} has "
            f"never measured {condition.metric}; it measures {', '.join(told)}."
        )


async def _restart(
    db: Connection, old: Rule, keep: frozenset[str], now: datetime, note: str
) -> None:
    """Let a rule begin anew; alarms of the levels not to be kept are cleared, and say why."""
    for level in sorted(levels_of(old) - keep):
        await alerts.update_alert_cleared(db, old.id, level, now, None, note)
    await rule_states.update_rule_state_restarted(db, old.id, keep)


def _told(rule: Rule) -> dict[str, object]:
    told: dict[str, object] = msgspec.to_builtins(rule)
    return told


def _entry(actor: Actor, action: str, rule: Rule, now: datetime) -> AuditEntry:
    return AuditEntry(
        at=now, actor=actor, action=action, object=f"rule {rule.id}", factory_ids=[rule.factory_id]
    )
