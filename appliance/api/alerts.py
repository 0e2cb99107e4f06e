"""Alerts."""

from typing import Annotated

import msgspec
from quart import Blueprint, Response, request

from appliance.http.access import EVERYONE, actor, allow, caller
from appliance.http.body import body, query, reply
from appliance.http.context import ctx
from appliance.identity import alerts
from appliance.identity.alerts import Acknowledgement
from appliance.model.ids import AlertId, GivenDeviceId
from appliance.model.user import Role
from appliance.store import alerts as stored
from appliance.store.alerts import Which as State

blueprint = Blueprint("alerts", __name__, url_prefix="/alerts")


class Which(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which alerts to list."""

    state: State = "open"
    device_id: GivenDeviceId | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200


@blueprint.get("")
@allow(*EVERYONE)
async def list_alerts() -> Response:
    """The alerts of the caller's factories, those that wait for somebody first."""
    asked = query(Which)
    found = await stored.select_alerts(
        ctx().db, caller().scope, asked.state, device_id=asked.device_id, limit=asked.limit
    )
    return reply({"alerts": found})


@blueprint.post("/<int:alert_id>/acknowledge")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN, Role.OPERATOR)
async def acknowledge_alert(alert_id: int) -> Response:
    """Take an alert on oneself; the body, with a note, may be left out."""
    asked = await body(Acknowledgement) if await request.get_data() else Acknowledgement()
    c = ctx()
    which = AlertId(alert_id)
    return reply(await alerts.acknowledge(c.db, caller(), actor(), which, asked, c.clock()))
