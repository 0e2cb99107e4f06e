"""The pages behind the sign-in: their frames; what moves in them comes from the API."""

from quart import Blueprint, Response

from appliance.errors import NotFound
from appliance.history import latest
from appliance.http.access import EVERYONE, allow, caller
from appliance.http.context import ctx
from appliance.model.ids import DeviceId, MachineId
from appliance.store.machines import select_machine
from webui.frame import framed

blueprint = Blueprint("dashboard", __name__, url_prefix="/dashboard")


@blueprint.get("")
@allow(*EVERYONE)
async def show() -> Response:
    """The state of one plant: the one asked for, else the first."""
    return framed("dashboard.html", "overview")


@blueprint.get("/devices")
@allow(*EVERYONE)
async def show_devices() -> Response:
    """Every device of a plant."""
    return framed("devices.html", "devices")


@blueprint.get("/devices/<int:device_id>")
@allow(*EVERYONE)
async def show_device(device_id: int) -> Response:
    """One device: what it measures and what was wrong with it."""
    found = await latest.status(ctx().db, caller().scope, DeviceId(device_id), ctx().clock())
    if found is None:
        raise NotFound("There is no such device.")
    return framed("device.html", "devices", found.device)


@blueprint.get("/machines/<int:machine_id>")
@allow(*EVERYONE)
async def show_machine(machine_id: int) -> Response:
    """One machine: how healthy it is and why, and all that is known of it."""
    found = await select_machine(ctx().db, caller().scope, MachineId(machine_id))
    if found is None:
        raise NotFound("There is no such machine.")
    return framed("machine.html", "overview", machine=found)


@blueprint.get("/alerts")
@allow(*EVERYONE)
async def show_alerts() -> Response:
    """The alerts of a plant, open and closed."""
    return framed("alerts.html", "alerts")


@blueprint.get("/completeness")
@allow(*EVERYONE)
async def show_completeness() -> Response:
    """Whether the data of a plant is complete, and why not."""
    return framed("completeness.html", "completeness")


@blueprint.get("/rules")
@allow(*EVERYONE)
async def show_rules() -> Response:
    """What is watched in a plant, and how a rule comes to be."""
    return framed("rules.html", "rules")


@blueprint.get("/reports")
@allow(*EVERYONE)
async def show_reports() -> Response:
    """The reports of a plant, and those that were signed."""
    return framed("reports.html", "reports")


@blueprint.get("/replay")
@allow(*EVERYONE)
async def show_replay() -> Response:
    """A past hour, played again."""
    return framed("replay.html", "replay")
