"""The frame of every page behind the sign-in: which plant, which section, what its scripts need."""

from typing import NamedTuple

from quart import Response, request

from appliance.http.access import EVERYONE, caller
from appliance.model.device import Device
from appliance.model.factory import Factory, Machine
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
    Section("replay", "/dashboard/replay", further=True),
    Section("completeness", "/dashboard/completeness", further=True),
    Section("rules", "/dashboard/rules", further=True),
    Section("admin", "/dashboard/admin", ADMINISTERS, further=True),
)


def framed(
    template: str,
    section: str,
    device: Device | None = None,
    machine: Machine | None = None,
    **values: object,
) -> Response:
    """The page of a template in the frame: of what it is about, else of the plant asked for."""
    who = caller()
    about = device or machine
    wanted = str(about.factory_id) if about else request.args.get("factory", "")
    factory = _asked_for(who.factories, wanted)
    kiosk = section == "overview" and about is None and "kiosk" in request.args
    return render(
        template,
        200,
        factory=factory,
        device=device,
        machine=machine,
        kiosk=kiosk,
        kiosk_seconds=request.args.get("kiosk", ""),
        after=_after(who.factories, factory),
        sections=[each for each in SECTIONS if who.role in each.roles],
        section=next(each for each in SECTIONS if each.name == section),
        which=f"?factory={factory.id}" if factory and len(who.factories) > 1 else "",
        origin=f"https://{request.host}",
        **values,
        start={
            "factory": factory.id if factory else None,
            "timeZone": factory.time_zone if factory else "UTC",
            "device": device.id if device else None,
            "machine": machine.id if machine else None,
            "kiosk": kiosk,
            "replay": section == "replay",
            "mayAcknowledge": who.role in ACKNOWLEDGES and section != "replay",
            "maySeeKeys": who.role in SEES_KEYS,
            "maySign": who.role in SIGNS,
            "mayMakeRules": who.role in MAKES_RULES,
            "person": {"id": who.user_id, "name": who.name, "role": who.role},
        },
    )


def _asked_for(factories: list[Factory], given: str) -> Factory | None:
    asked = [factory for factory in factories if str(factory.id) == given]
    return next(iter(asked or factories), None)


def _after(factories: list[Factory], factory: Factory | None) -> Factory | None:
    """The plant whose turn is next on a wall; None where there is only one."""
    if factory is None or len(factories) < 2:
        return None
    return factories[(factories.index(factory) + 1) % len(factories)]
