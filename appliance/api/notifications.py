"""Whom alarms are told to, and what was sent."""

from typing import Annotated

import msgspec
from quart import Blueprint, Response

from appliance.alarms.coverage import problems
from appliance.http.access import EVERYONE, actor, allow, caller
from appliance.http.body import body, query, reply
from appliance.http.context import ctx
from appliance.identity import notifications
from appliance.identity.alerts import GivenAlertId
from appliance.identity.vault import Vault
from appliance.model.notification import Contacts, DeliveryState, Given, Rosters
from appliance.model.user import Role
from appliance.store import contacts, deliveries

blueprint = Blueprint("notifications", __name__, url_prefix="/notifications")


class Test(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which contact to try."""

    contact_id: Annotated[int, Given]


class Which(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which deliveries to list."""

    alert_id: GivenAlertId | None = None
    state: DeliveryState | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200


@blueprint.get("/contacts")
@allow(*EVERYONE)
async def list_contacts() -> Response:
    """The contacts of the caller's factories, and what is wrong with them."""
    found = await contacts.select_contacts(ctx().db, caller().scope)
    return reply({"contacts": found, "problems": await _problems()})


@blueprint.put("/contacts")
@allow(Role.ADMINISTRATOR)
async def replace_contacts() -> Response:
    """Give a factory a new list of contacts."""
    asked, c = await body(Contacts), ctx()
    vault = Vault(c.keys.signing)
    await notifications.replace_contacts(c.db, caller().scope, actor(), vault, asked, c.clock())
    return await list_contacts()


@blueprint.get("/rosters")
@allow(*EVERYONE)
async def list_rosters() -> Response:
    """The rosters of the caller's factories, and what is wrong with them."""
    found = await contacts.select_rosters(ctx().db, caller().scope)
    return reply({"rosters": found, "problems": await _problems()})


@blueprint.put("/rosters")
@allow(Role.ADMINISTRATOR)
async def replace_rosters() -> Response:
    """Give a factory a new list of rosters."""
    asked, c = await body(Rosters), ctx()
    await notifications.replace_rosters(c.db, caller().scope, actor(), asked, c.clock())
    return await list_rosters()


@blueprint.get("/deliveries")
@allow(*EVERYONE)
async def list_deliveries() -> Response:
    """What was sent of late, what not and why."""
    asked = query(Which)
    found = await deliveries.select_deliveries(
        ctx().db,
        caller().scope,
        alert_id=asked.alert_id,
        state=asked.state,
        limit=asked.limit,
    )
    return reply({"deliveries": found})


@blueprint.post("/test")
@allow(Role.ADMINISTRATOR)
async def create_test() -> Response:
    """Queue a message to a contact."""
    asked, c = await body(Test), ctx()
    queued = await notifications.test(c.db, caller().scope, actor(), asked.contact_id, c.clock())
    return reply(queued, 201)


async def _problems() -> list[str]:
    has_server = ctx().settings.smtp_host is not None
    return await problems(ctx().db, caller().factories, has_mail_server=has_server)
