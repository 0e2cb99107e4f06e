"""Commands for a device: given, and what has become of them."""

from quart import Blueprint, Response

from appliance.http.access import EVERYONE, actor, allow, caller
from appliance.http.body import body, reply
from appliance.http.context import ctx
from appliance.model.command import NewCommand
from appliance.model.ids import DeviceId
from appliance.model.user import Role
from appliance.nodes import commands, configs

blueprint = Blueprint("commands", __name__, url_prefix="/devices/<int:device_id>/commands")


@blueprint.get("")
@allow(*EVERYONE)
async def list_commands(device_id: int) -> Response:
    """A device's commands, newest first."""
    found = await commands.listed(ctx().db, caller().scope, DeviceId(device_id))
    return reply({"commands": found})


@blueprint.post("")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def give_command(device_id: int) -> Response:
    """Have a command wait until the device fetches it."""
    c, which = ctx(), DeviceId(device_id)
    await configs.device_in(c.db, caller().scope, which)
    asked = await body(NewCommand)
    return reply(await commands.give(c.db, caller().scope, actor(), which, asked, c.clock()), 201)
