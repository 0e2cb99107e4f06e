"""Incidents that people have marked, to try rules against."""

import msgspec
from quart import Blueprint, Response

from appliance.http.access import EVERYONE, actor, allow, caller
from appliance.http.body import body, query, reply
from appliance.http.context import ctx
from appliance.identity import incidents
from appliance.model.ids import GivenDeviceId
from appliance.model.incident import NewIncident
from appliance.model.user import Role
from appliance.store.incidents import select_incidents

blueprint = Blueprint("incidents", __name__, url_prefix="/incidents")


class Which(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which incidents to list."""

    device_id: GivenDeviceId | None = None


@blueprint.get("")
@allow(*EVERYONE)
async def list_incidents() -> Response:
    """The incidents of the caller's factories, or of one device, the newest first."""
    found = await select_incidents(ctx().db, caller().scope, query(Which).device_id)
    return reply({"incidents": found})


@blueprint.post("")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN, Role.OPERATOR)
async def create_incident() -> Response:
    """Mark an incident."""
    asked = await body(NewIncident)
    c = ctx()
    return reply(await incidents.create(c.db, caller().scope, actor(), asked, c.clock()), 201)


@blueprint.delete("/<int:incident_id>")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN, Role.OPERATOR)
async def delete_incident(incident_id: int) -> Response:
    """Take the mark of an incident away."""
    c = ctx()
    await incidents.remove(c.db, caller().scope, actor(), incident_id, c.clock())
    return Response(status=204)
