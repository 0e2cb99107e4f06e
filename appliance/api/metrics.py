"""The catalogue of what can be measured."""

from quart import Blueprint, Response

from appliance.http.access import EVERYONE, allow
from appliance.http.body import reply
from appliance.http.context import ctx
from appliance.store.metrics import select_metrics

blueprint = Blueprint("metrics", __name__, url_prefix="/metrics")


@blueprint.get("")
@allow(*EVERYONE)
async def list_metrics() -> Response:
    """Every metric with its unit."""
    return reply({"metrics": await select_metrics(ctx().db)})
