"""Alarm rules."""

import msgspec
from quart import Blueprint, Response

from appliance.http.access import EVERYONE, actor, allow, caller
from appliance.http.body import body, query, reply
from appliance.http.context import ctx
from appliance.identity import rules
from appliance.model.ids import GivenDeviceId, RuleId
from appliance.model.rule import NewRule, RuleChange
from appliance.model.user import Role
from appliance.store.rules import select_rules

blueprint = Blueprint("rules", __name__, url_prefix="/rules")


class Which(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rules to list."""

    device_id: GivenDeviceId | None = None


@blueprint.get("")
@allow(*EVERYONE)
async def list_rules() -> Response:
    """The rules of the caller's factories, or of one device."""
    found = await select_rules(ctx().db, caller().scope, query(Which).device_id)
    return reply({"rules": found})


@blueprint.post("")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def create_rule() -> Response:
    """Add a rule."""
    asked = await body(NewRule)
    return reply(await rules.create(ctx().db, caller().scope, actor(), asked, ctx().clock()), 201)


@blueprint.patch("/<int:rule_id>")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def change_rule(rule_id: int) -> Response:
    """Change a rule, or switch it off or on."""
    asked = await body(RuleChange)
    c = ctx()
    which = RuleId(rule_id)
    return reply(await rules.change(c.db, caller().scope, actor(), which, asked, c.clock()))
