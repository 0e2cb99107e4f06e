"""What people whom nobody knows yet asked for on the public page."""

from typing import Annotated

import msgspec
from quart import Blueprint, Response

from appliance.http.access import allow
from appliance.http.body import query, reply
from appliance.http.context import ctx
from appliance.model.user import Role
from appliance.store.pilot_requests import select_pilot_requests

blueprint = Blueprint("pilot_requests", __name__, url_prefix="/pilot-requests")


class Which(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the newest requests."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


@blueprint.get("")
@allow(Role.ADMINISTRATOR)
async def list_pilot_requests() -> Response:
    """The newest requests first."""
    return reply({"pilot_requests": await select_pilot_requests(ctx().db, query(Which).limit)})
