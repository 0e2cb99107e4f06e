"""The pages of administration: each for the roles whose work it is."""

from typing import NamedTuple

from quart import Blueprint, Response

from appliance.errors import NotFound
from appliance.http.access import allow, caller
from appliance.model.user import Role
from webui.frame import ADMINISTERS, framed
from webui.way import go

blueprint = Blueprint("admin", __name__, url_prefix="/dashboard/admin")

ALONE = frozenset({Role.ADMINISTRATOR})


class Part(NamedTuple):
    """One page of the administration; first come those that are needed most."""

    name: str
    roles: frozenset[Role] = ALONE

    @property
    def path(self) -> str:
        """Its address."""
        return f"/dashboard/admin/{self.name}"


PARTS = (
    Part("users"),
    Part("devices", ALONE | {Role.TECHNICIAN}),
    Part("firmware", ALONE | {Role.TECHNICIAN}),
    Part("factories"),
    Part("notifications"),
    Part("storage"),
    Part("backups"),
    Part("certificates"),
    Part("system"),
    Part("requests"),
    Part("audit", ALONE | {Role.COMPLIANCE}),
)


@blueprint.get("")
@allow(*ADMINISTERS)
async def show() -> Response:
    """The first page of administration that this person may see."""
    return go(_parts()[0].path)


@blueprint.get("/<name>")
@allow(*ADMINISTERS)
async def show_part(name: str) -> Response:
    """One page of the administration."""
    parts = _parts()
    part = next((each for each in parts if each.name == name), None)
    if part is None:
        raise NotFound("There is no such page, or not for your role.")
    return framed("admin.html", "admin", parts=parts, part=part)


def _parts() -> list[Part]:
    return [each for each in PARTS if caller().role in each.roles]
