"""The configuration of a device: read, and given anew."""

import asyncio

from quart import Blueprint, Response

from appliance.http.access import EVERYONE, actor, allow, caller
from appliance.http.body import body, reply
from appliance.http.context import ctx
from appliance.model.device_config import NewDeviceConfig
from appliance.model.ids import DeviceId
from appliance.model.user import Role
from appliance.nodes import configs, sensors

blueprint = Blueprint("device_config", __name__, url_prefix="/devices/<int:device_id>/config")


@blueprint.get("")
@allow(*EVERYONE)
async def get_config(device_id: int) -> Response:
    """What holds for a device; version 0: as it was flashed."""
    return reply(await configs.get(ctx().db, caller().scope, DeviceId(device_id)))


@blueprint.put("")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def put_config(device_id: int) -> Response:
    """Give a device its next configuration; it fetches it by itself."""
    await configs.device_in(ctx().db, caller().scope, DeviceId(device_id))
    asked = await body(NewDeviceConfig)
    catalogue = await asyncio.to_thread(sensors.load, sensors.DRIVERS) if asked.sensors else {}
    c, which = ctx(), DeviceId(device_id)
    with_catalogue = asked, catalogue
    return reply(await configs.put(c.db, caller().scope, actor(), which, with_catalogue, c.clock()))
