"""The frame of every page behind the sign-in: which plant, which section, what its scripts need."""

from typing import NamedTuple

from quart import Response, request

from appliance.http.access import EVERYONE, caller
from appliance.model.device import Device
from appliance.model.factory import Factory
from appliance.model.user import Role
from webui.renderer import render

ACKNOWLEDGES = {Role.ADMINISTRATOR, Role.TECHNICIAN, Role.OPERATOR}
SIGNS = {Role.ADMINISTRATOR, Role.COMPLIANCE}
SEES_KEYS = {Role.ADMINISTRATOR, Role.TECHNICIAN}
MAKES_RULES = {Role.ADMINISTRATOR, Role.TECHNICIAN}
ADMINISTERS = frozenset({Role.ADMINISTRATOR, Role.TECHNICIAN, Role.COMPLIANCE})


class Section(NamedTuple):
    """A part of the navigation."""

    name: str
    path: str
    roles: frozenset[Role] = frozenset(EVERYONE)
    further: bool = False
    """Whether a narrow screen keeps it behind "More"."""


SECTIONS = (
    Section("overview", "/dashboard"),
    Section("devices", "/dashboard/devices"),
    Section("alerts", "/dashboard/alerts"),
    Section("reports", "/dashboard/reports"),
    Section("completeness", "/dashboard/completeness", further=True),
    Section("rules", "/dashboard/rules", further=True),
    Section("admin", "/dashboard/admin", ADMINISTERS, further=True),
)


def framed(template: str, section: str, device: Device | None = None, **values: object) -> Response:
    """The page of a template in the frame: of the device's plant, else the one asked for."""
    who = caller()
    wanted = str(device.factory_id) if device else request.args.get("factory", "")
    factory = _asked_for(who.factories, wanted)
    return render(
        template,
        200,
        factory=factory,
        device=device,
        sections=[each for each in SECTIONS if who.role in each.roles],
        section=next(each for each in SECTIONS if each.name == section),
        which=f"?factory={factory.id}" if factory and len(who.factories) > 1 else "",
        origin=f"https://{request.host}",
        **values,
        start={
            "factory": factory.id if factory else None,
            "timeZone": factory.time_zone if factory else "UTC",
            "device": device.id if device else None,
            "mayAcknowledge": who.role in ACKNOWLEDGES,
            "maySeeKeys": who.role in SEES_KEYS,
            "maySign": who.role in SIGNS,
            "mayMakeRules": who.role in MAKES_RULES,
            "person": {"id": who.user_id, "name": who.name, "role": who.role},
        },
    )


def _asked_for(factories: list[Factory], given: str) -> Factory | None:
    asked = [factory for factory in factories if str(factory.id) == given]
    return next(iter(asked or factories), None)
