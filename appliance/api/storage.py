"""What the disk holds, and how many days are left."""

import asyncio

from quart import Blueprint, Response

from appliance.history.storage import free_bytes, storage
from appliance.http.access import allow
from appliance.http.body import reply
from appliance.http.context import ctx
from appliance.model.user import Role

blueprint = Blueprint("storage", __name__, url_prefix="/storage")


@blueprint.get("")
@allow(Role.ADMINISTRATOR)
async def show_storage() -> Response:
    """How it stands with the disk."""
    c = ctx()
    settings = c.settings
    free = await asyncio.to_thread(free_bytes, settings.archive_dir, settings.cluster_dir)
    return reply(await storage(c.db, free, settings.reserve_bytes, c.clock()))
