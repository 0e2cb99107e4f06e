"""How long readings are kept, and what was deleted."""

from quart import Blueprint, Response

from appliance.http.access import actor, allow, caller
from appliance.http.body import body, reply
from appliance.http.context import ctx
from appliance.identity import retention
from appliance.model.retention import RetentionChange
from appliance.model.user import Role
from appliance.store.retention import select_releases, select_retention_rules

blueprint = Blueprint("retention", __name__, url_prefix="/retention")


@blueprint.get("")
@allow(Role.ADMINISTRATOR)
async def list_retention() -> Response:
    """The rules, and what they released lately."""
    db, scope = ctx().db, caller().scope
    rules = await select_retention_rules(db, scope)
    return reply({"rules": rules, "releases": await select_releases(db, scope)})


@blueprint.put("")
@allow(Role.ADMINISTRATOR)
async def change_retention() -> Response:
    """Set a rule, or take it away."""
    asked = await body(RetentionChange)
    c = ctx()
    rules = await retention.change(c.db, caller().scope, actor(), asked, c.clock())
    return reply({"rules": rules})
