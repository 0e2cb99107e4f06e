"""The public home page, and the request for a pilot on it."""

from datetime import datetime

import msgspec
from quart import Blueprint, Response, request

from appliance.errors import TooMany
from appliance.history import latest
from appliance.http.access import client, identify, public, refuse_foreign_origin
from appliance.http.context import ctx
from appliance.identity import pilot_requests
from appliance.model.device import DeviceState
from appliance.model.pilot_request import PilotRequest
from appliance.model.scope import Scope
from appliance.store.factories import select_all_factories
from appliance.store.pool import Pool
from webui.catalogue import Words
from webui.forms import Form, form
from webui.renderer import render
from webui.way import go

blueprint = Blueprint("home", __name__)

FIELDS = ("name", "email", "company", "message")


@blueprint.get("/")
@public
async def show() -> Response:
    """What Carbonseed is, for somebody who has never heard of it."""
    return await _home(sent=request.args.get("pilot") == "sent")


@blueprint.post("/pilot")
@public
async def request_pilot() -> Response:
    """Keep a request for a pilot."""
    refuse_foreign_origin()
    given = await form(FIELDS)
    try:
        asked = msgspec.convert(given, PilotRequest)
        await pilot_requests.receive(ctx().db, asked, client(), ctx().clock())
    except msgspec.ValidationError:
        return await _home(given, Words("home.pilot.wrong"), 422)
    except TooMany as error:
        minutes = (error.retry_after_seconds or 0) // 60
        return await _home(given, Words("home.pilot.too_many", {"minutes": minutes}), 429)
    return go("/?pilot=sent#pilot")


async def _home(
    given: Form | None = None,
    trouble: Words | None = None,
    status: int = 200,
    *,
    sent: bool = False,
) -> Response:
    await identify()
    state = await _state(ctx().db, ctx().clock()) if ctx().settings.public_state_line else None
    empty = dict.fromkeys(FIELDS, "")
    pilot = {"given": given or empty, "trouble": trouble, "sent": sent}
    return render("home.html", status, pilot=pilot, state_line=state)


async def _state(db: Pool, now: datetime) -> Words | None:
    """How the collecting goes, None as long as there is nothing to collect."""
    scope = Scope(tuple(factory.id for factory in await select_all_factories(db)))
    found = await latest.statuses(db, scope, now)
    heard = [status.received_at for status in found if status.received_at is not None]
    if not heard:
        return None
    live = sum(status.state is DeviceState.LIVE for status in found)
    seconds = max(0, int((now - max(heard)).total_seconds()))
    return Words("home.state_line", {"live": live, "all": len(found), "seconds": seconds})
