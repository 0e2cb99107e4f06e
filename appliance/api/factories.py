"""Factories."""

from quart import Blueprint, Response

from appliance.http.access import EVERYONE, actor, allow, caller
from appliance.http.body import body, reply
from appliance.http.context import ctx
from appliance.identity import factories
from appliance.identity.factories import NewFactory
from appliance.model.user import Role

blueprint = Blueprint("factories", __name__, url_prefix="/factories")


@blueprint.get("")
@allow(*EVERYONE)
async def list_factories() -> Response:
    """The caller's factories."""
    return reply({"factories": caller().factories})


@blueprint.post("")
@allow(Role.ADMINISTRATOR)
async def create_factory() -> Response:
    """Add a factory."""
    asked = await body(NewFactory)
    return reply(await factories.create(ctx().db, actor(), asked, ctx().clock()), 201)
