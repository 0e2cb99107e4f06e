"""Alerts: listed, looked into, and what people do to them."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from quart import Blueprint, Response, request

from appliance.alarms.statistics import Period, statistics
from appliance.errors import BadRequest, NotFound
from appliance.http.access import EVERYONE, actor, allow, caller
from appliance.http.body import body, query, reply
from appliance.http.context import ctx
from appliance.identity import alerts
from appliance.identity.alerts import Acknowledgement, Acknowledgements, Comment, Shelving
from appliance.model.alert import AlertQuery
from appliance.model.ids import AlertId, GivenDeviceId, GivenFactoryId
from appliance.model.rule import AlarmClass, Priority
from appliance.model.scope import Scope
from appliance.model.user import Role
from appliance.store import alert_events
from appliance.store import alerts as stored
from appliance.store.alerts import Which as State

OPERATORS = (Role.ADMINISTRATOR, Role.TECHNICIAN, Role.OPERATOR)
WEEK = timedelta(days=7)
LONGEST = timedelta(days=400)
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

blueprint = Blueprint("alerts", __name__, url_prefix="/alerts")


class Which(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"from_at": "from", "to_at": "to"},
):
    """Which alerts to list."""

    state: State = "open"
    device_id: GivenDeviceId | None = None
    priority: Priority | None = None
    alarm_class: AlarmClass | None = None
    text: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    from_at: Moment | None = None
    to_at: Moment | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200
    before: Annotated[str, msgspec.Meta(max_length=60)] | None = None


class Of(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"from_at": "from", "to_at": "to"},
):
    """Which figures."""

    from_at: Moment | None = None
    to_at: Moment | None = None
    factory_id: GivenFactoryId | None = None
    device_id: GivenDeviceId | None = None
    operators: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1


@blueprint.get("")
@allow(*EVERYONE)
async def list_alerts() -> Response:
    """The alerts of the caller's factories, a page at a time."""
    asked = query(Which)
    given = msgspec.structs.asdict(asked)
    wanted = AlertQuery(**{name: given[name] for name in given if name not in {"limit", "before"}})
    page = await stored.select_alert_page(
        ctx().db, caller().scope, wanted, asked.limit, asked.before
    )
    return reply(page._asdict())


@blueprint.get("/statistics")
@allow(*EVERYONE)
async def get_statistics() -> Response:
    """The figures of the alarm system in a period."""
    asked, now = query(Of), ctx().clock()
    to_at = asked.to_at or now
    from_at = asked.from_at or to_at - WEEK
    if not from_at < to_at <= from_at + LONGEST:
        raise BadRequest("`from` must be before `to`, by 400 days at most.")
    scope = caller().scope
    if asked.factory_id is not None:
        if asked.factory_id not in scope.factory_ids:
            raise NotFound("There is no such factory.")
        scope = Scope((asked.factory_id,))
    period = Period(from_at, to_at, asked.operators)
    return reply(await statistics(ctx().db, scope, asked.device_id, period, now))


@blueprint.post("/acknowledge")
@allow(*OPERATORS)
async def acknowledge_alerts() -> Response:
    """Take several alerts on oneself."""
    asked, c = await body(Acknowledgements), ctx()
    return reply(await alerts.acknowledge_many(c.db, caller(), actor(), asked, c.clock()))


@blueprint.get("/<int:alert_id>")
@allow(*EVERYONE)
async def get_alert(alert_id: int) -> Response:
    """One alert and what happened to it."""
    which = AlertId(alert_id)
    found = await stored.select_alerts(ctx().db, caller().scope, "all", alert_ids=[which])
    if not found:
        raise NotFound("There is no such alert.")
    events = await alert_events.select_alert_events(ctx().db, which)
    return reply({"alert": found[0], "events": events})


@blueprint.post("/<int:alert_id>/acknowledge")
@allow(*OPERATORS)
async def acknowledge_alert(alert_id: int) -> Response:
    """Take an alert on oneself; the body, with a note, may be left out."""
    asked = await body(Acknowledgement) if await request.get_data() else Acknowledgement()
    c = ctx()
    which = AlertId(alert_id)
    return reply(await alerts.acknowledge(c.db, caller(), actor(), which, asked, c.clock()))


@blueprint.post("/<int:alert_id>/shelve")
@allow(*OPERATORS)
async def shelve_alert(alert_id: int) -> Response:
    """Let an alarm tell nobody for a while."""
    asked, c = await body(Shelving), ctx()
    which = AlertId(alert_id)
    return reply(await alerts.shelve(c.db, caller(), actor(), which, asked, c.clock()))


@blueprint.post("/<int:alert_id>/unshelve")
@allow(*OPERATORS)
async def unshelve_alert(alert_id: int) -> Response:
    """Take an alarm from its shelf."""
    c = ctx()
    return reply(await alerts.unshelve(c.db, caller(), actor(), AlertId(alert_id), c.clock()))


@blueprint.post("/<int:alert_id>/reset")
@allow(*OPERATORS)
async def reset_alert(alert_id: int) -> Response:
    """Release a latched alarm."""
    c = ctx()
    return reply(await alerts.reset(c.db, caller(), actor(), AlertId(alert_id), c.clock()))


@blueprint.post("/<int:alert_id>/comments")
@allow(*OPERATORS)
async def create_comment(alert_id: int) -> Response:
    """Say something of an alert."""
    asked, c = await body(Comment), ctx()
    which = AlertId(alert_id)
    return reply(await alerts.comment(c.db, caller(), actor(), which, asked, c.clock()), 201)
