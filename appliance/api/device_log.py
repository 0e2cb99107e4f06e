"""What a device tells of itself: resets, Wi-Fi, updates, refusals."""

from typing import Annotated

import msgspec
from quart import Blueprint, Response

from appliance.http.access import EVERYONE, allow, caller
from appliance.http.body import query, reply
from appliance.http.context import ctx
from appliance.model.ids import DeviceId
from appliance.nodes.configs import device_in
from appliance.store.device_log import select_device_log

blueprint = Blueprint("device_log", __name__, url_prefix="/devices/<int:device_id>/log")


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many entries, older than which."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    before: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None = None


@blueprint.get("")
@allow(*EVERYONE)
async def list_log(device_id: int) -> Response:
    """A device's events, newest first."""
    page, which = query(Page), DeviceId(device_id)
    await device_in(ctx().db, caller().scope, which)
    found = await select_device_log(ctx().db, which, page.limit, page.before)
    return reply({"log": found})
