"""The dashboard: the frame of the page; what moves in it comes from the API."""

from quart import Blueprint, Response, request

from appliance.http.access import EVERYONE, allow, caller
from appliance.model.factory import Factory
from appliance.model.user import Role
from webui.renderer import render

blueprint = Blueprint("dashboard", __name__)

ACKNOWLEDGES = {Role.ADMINISTRATOR, Role.TECHNICIAN, Role.OPERATOR}


@blueprint.get("/dashboard")
@allow(*EVERYONE)
async def show() -> Response:
    """The state of one plant: the one asked for, else the first."""
    who = caller()
    return render(
        "dashboard.html",
        factory=_asked_for(who.factories, request.args.get("factory", "")),
        may_acknowledge=who.role in ACKNOWLEDGES,
    )


def _asked_for(factories: list[Factory], given: str) -> Factory | None:
    asked = [factory for factory in factories if str(factory.id) == given]
    return next(iter(asked or factories), None)
