"""Devices, their state and their keys."""

from quart import Blueprint, Response

from appliance.errors import NotFound
from appliance.history import latest
from appliance.http.access import EVERYONE, actor, allow, caller
from appliance.http.body import body, reply
from appliance.http.context import ctx
from appliance.identity import devices
from appliance.identity.devices import DeviceChange, NewDevice
from appliance.model.ids import DeviceId, KeyId
from appliance.model.user import Role

blueprint = Blueprint("devices", __name__, url_prefix="/devices")


@blueprint.get("")
@allow(*EVERYONE)
async def list_devices() -> Response:
    """Every device of the caller's factories with its state, abnormal first."""
    found = await latest.statuses(ctx().db, caller().scope, ctx().clock())
    return reply({"devices": found})


@blueprint.post("")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def create_device() -> Response:
    """Register a device; the answer holds its key, shown this once."""
    asked = await body(NewDevice)
    c = ctx()
    return reply(await devices.register(c.db, caller().scope, actor(), asked, c.clock()), 201)


@blueprint.get("/<int:device_id>")
@allow(*EVERYONE)
async def get_device(device_id: int) -> Response:
    """One device with its state."""
    found = await latest.status(ctx().db, caller().scope, DeviceId(device_id), ctx().clock())
    if found is None:
        raise NotFound("There is no such device.")
    return reply(found)


@blueprint.patch("/<int:device_id>")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def change_device(device_id: int) -> Response:
    """Rename a device, move it to another machine, or expect it more or less often from now on."""
    asked = await body(DeviceChange)
    c = ctx()
    which = DeviceId(device_id)
    return reply(await devices.change(c.db, caller().scope, actor(), which, asked, c.clock()))


@blueprint.get("/<int:device_id>/keys")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def list_keys(device_id: int) -> Response:
    """A device's keys, without their secrets."""
    found = await devices.keys(ctx().db, caller().scope, DeviceId(device_id))
    return reply({"keys": found})


@blueprint.post("/<int:device_id>/keys")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def create_key(device_id: int) -> Response:
    """Give a device a second key, shown this once."""
    c = ctx()
    which = DeviceId(device_id)
    return reply(await devices.issue_key(c.db, caller().scope, actor(), which, c.clock()), 201)


@blueprint.delete("/<int:device_id>/keys/<key_id>")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def revoke_key(device_id: int, key_id: str) -> Response:
    """Make a key useless at once."""
    c = ctx()
    which = DeviceId(device_id)
    await devices.revoke_key(c.db, caller().scope, actor(), which, KeyId(key_id), c.clock())
    return Response(status=204)
