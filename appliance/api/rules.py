"""Alarm rules: listed, changed, tried on history and put to work."""

from typing import Annotated

import msgspec
from quart import Blueprint, Response

from appliance.alarms import trial
from appliance.errors import NotFound
from appliance.http.access import EVERYONE, actor, allow, caller
from appliance.http.body import body, query, reply
from appliance.http.context import ctx
from appliance.identity import rules
from appliance.identity.sense import refuse_nonsense
from appliance.model.backtest import Over, Trial
from appliance.model.ids import GivenDeviceId, RuleId
from appliance.model.rule import NewRule, RuleChange, RuleMode
from appliance.model.user import Role
from appliance.store.backtests import select_backtest, upsert_backtest
from appliance.store.rule_steps import select_shadow_alerts
from appliance.store.rule_versions import select_rule_versions
from appliance.store.rules import select_rules

blueprint = Blueprint("rules", __name__, url_prefix="/rules")

KEEPERS = (Role.ADMINISTRATOR, Role.TECHNICIAN)


class Which(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rules to list."""

    device_id: GivenDeviceId | None = None
    mode: RuleMode | None = None


class Most(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many to list."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200


@blueprint.get("")
@allow(*EVERYONE)
async def list_rules() -> Response:
    """The rules of the caller's factories, or of one device or mode."""
    asked = query(Which)
    found = await select_rules(ctx().db, caller().scope, asked.device_id, asked.mode)
    return reply({"rules": found})


@blueprint.post("")
@allow(*KEEPERS)
async def create_rule() -> Response:
    """Add a rule, as a draft."""
    asked = await body(NewRule)
    return reply(await rules.create(ctx().db, caller().scope, actor(), asked, ctx().clock()), 201)


@blueprint.patch("/<int:rule_id>")
@allow(*KEEPERS)
async def change_rule(rule_id: int) -> Response:
    """Change a rule; if it evaluates differently then, it is another version."""
    asked = await body(RuleChange)
    c = ctx()
    which = RuleId(rule_id)
    return reply(await rules.change(c.db, caller().scope, actor(), which, asked, c.clock()))


@blueprint.post("/<int:rule_id>/mode")
@allow(*KEEPERS)
async def put_rule(rule_id: int) -> Response:
    """Put a rule to work, or take it out."""
    asked = await body(rules.ModeChange)
    c = ctx()
    which = RuleId(rule_id)
    return reply(await rules.put(c.db, caller().scope, actor(), which, asked, c.clock()))


@blueprint.get("/<int:rule_id>/versions")
@allow(*EVERYONE)
async def list_versions(rule_id: int) -> Response:
    """The versions of a rule, the newest first."""
    c = ctx()
    rule = await rules.one(c.db, caller().scope, RuleId(rule_id))
    return reply({"versions": await select_rule_versions(c.db, rule.id)})


@blueprint.get("/<int:rule_id>/shadow")
@allow(*EVERYONE)
async def list_shadow_alerts(rule_id: int) -> Response:
    """What a rule would have raised while in shadow, the newest first."""
    c = ctx()
    rule = await rules.one(c.db, caller().scope, RuleId(rule_id))
    return reply({"alarms": await select_shadow_alerts(c.db, rule, query(Most).limit)})


@blueprint.post("/backtest")
@allow(*KEEPERS)
async def try_rule() -> Response:
    """Try a rule that is not there yet; nothing is stored."""
    asked = await body(Trial)
    c, scope = ctx(), caller().scope
    refuse_nonsense(asked.rule)
    factory_id = await rules.refuse_unknown(c.db, scope, asked.rule)
    live = None if asked.replaces is None else await rules.one(c.db, scope, asked.replaces)
    made = trial.made(asked.rule, factory_id, live)
    over = Over(days=asked.days, begin=asked.begin, end=asked.end)
    return reply(await trial.run(c.source, scope, made, live, over, c.clock()))


@blueprint.post("/<int:rule_id>/backtest")
@allow(*KEEPERS)
async def backtest_rule(rule_id: int) -> Response:
    """Try a rule on the history there is, and keep what came of it with its version."""
    over = await body(Over)
    c, scope = ctx(), caller().scope
    rule = await rules.one(c.db, scope, RuleId(rule_id))
    live = await trial.live_version(c.db, rule)
    tried = await trial.run(c.source, scope, rule, live, over, c.clock())
    await upsert_backtest(c.db, rule.id, tried, actor().name, c.clock())
    return reply(tried)


@blueprint.get("/<int:rule_id>/backtest")
@allow(*EVERYONE)
async def read_backtest(rule_id: int) -> Response:
    """The back-test of a rule as it is now."""
    c = ctx()
    rule = await rules.one(c.db, caller().scope, RuleId(rule_id))
    found = await select_backtest(c.db, rule.id, rule.version)
    if found is None:
        raise NotFound(f"Version {rule.version} of this rule was not tried yet.")
    return reply(found)
