"""Figures for managers."""

import msgspec
from quart import Blueprint, Response

from appliance.history.kpis import overview
from appliance.http.access import EVERYONE, allow, caller
from appliance.http.body import query, reply
from appliance.http.context import ctx
from appliance.model.ids import GivenFactoryId

blueprint = Blueprint("insights", __name__, url_prefix="/insights")


class Which(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which factory."""

    factory_id: GivenFactoryId


@blueprint.get("/overview")
@allow(*EVERYONE)
async def get_overview() -> Response:
    """The dashboard's first line and four cards."""
    c = ctx()
    factory_id = query(Which).factory_id
    return reply(await overview(c.source, caller().scope, factory_id, c.clock()))
