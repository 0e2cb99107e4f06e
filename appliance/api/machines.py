"""Machines."""

import msgspec
from quart import Blueprint, Response

from appliance.http.access import EVERYONE, actor, allow, caller
from appliance.http.body import body, query, reply
from appliance.http.context import ctx
from appliance.identity import machines
from appliance.identity.machines import NewMachine
from appliance.model.ids import GivenFactoryId
from appliance.model.user import Role
from appliance.store.machines import select_machines

blueprint = Blueprint("machines", __name__, url_prefix="/machines")


class Which(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All in scope, or those of one factory."""

    factory_id: GivenFactoryId | None = None


@blueprint.get("")
@allow(*EVERYONE)
async def list_machines() -> Response:
    """The machines in the caller's factories."""
    which = query(Which)
    return reply({"machines": await select_machines(ctx().db, caller().scope, which.factory_id)})


@blueprint.post("")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def create_machine() -> Response:
    """Add a machine."""
    asked = await body(NewMachine)
    c = ctx()
    return reply(await machines.create(c.db, caller().scope, actor(), asked, c.clock()), 201)
