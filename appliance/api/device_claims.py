"""Boards that a technician flashes become devices."""

from quart import Blueprint, Response

from appliance.http.access import actor, allow, caller
from appliance.http.body import body, reply
from appliance.http.context import ctx
from appliance.identity import device_claims as claims
from appliance.identity.device_claims import Claim
from appliance.model.user import Role

blueprint = Blueprint("device_claims", __name__, url_prefix="/devices/claims")


@blueprint.post("")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def claim() -> Response:
    """Make a board a device, or find the device it is; the answer holds its new key, once."""
    asked = await body(Claim)
    c = ctx()
    home = await claims.home(c.settings.certificates_dir, c.settings.device_port)
    claimed = await claims.claim(c.db, caller().scope, actor(), asked, home, c.clock())
    return reply(claimed, 200 if claimed.known else 201)
