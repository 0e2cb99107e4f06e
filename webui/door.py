"""Signing in and out, the first administrator, and passwords by code; all works without scripts."""

import asyncio
from zoneinfo import available_timezones

import msgspec
from quart import Blueprint, Response, request

from appliance.errors import CarbonseedError, NotSignedIn, TooMany
from appliance.http.access import client, identify, public, refuse_foreign_origin
from appliance.http.context import ctx
from appliance.http.cookies import clear_session, set_session
from appliance.identity import first_administrator, passwords, sessions
from appliance.identity.first_administrator import FirstAdministrator
from appliance.identity.passwords import Reset
from appliance.identity.sessions import Credentials
from appliance.model.user import Role
from appliance.store.users import exists_administrator
from webui.catalogue import Words
from webui.forms import Form, form
from webui.renderer import render
from webui.way import FIRST, go, own_path

blueprint = Blueprint("door", __name__)

DONE = {"out": "login.signed_out", "set": "login.password_set"}
SETUP_FIELDS = ("code", "email", "name", "password", "factory", "time_zone")


@blueprint.get("/login")
@public
async def show_login() -> Response:
    """Ask who it is; whoever is signed in already goes on."""
    onward = own_path(request.args.get("next", ""))
    who = await identify()
    if who:
        return go(onward or FIRST[who.role])
    said = DONE.get(request.args.get("done", ""))
    return _login("", onward, message=Words(said) if said else None)


@blueprint.post("/login")
@public
async def login() -> Response:
    """Begin a session and go where the person was going."""
    refuse_foreign_origin()
    given = await form(("email", "password", "next"))
    onward = own_path(given["next"])
    try:
        return await _signed_in(given["email"], given["password"], onward)
    except (NotSignedIn, msgspec.ValidationError):
        return _login(given["email"], onward, Words("login.wrong"), 401)
    except TooMany as error:
        seconds = error.retry_after_seconds or 1
        trouble = Words("login.too_many", {"seconds": seconds})
        response = _login(given["email"], onward, trouble, 429)
        response.headers["Retry-After"] = str(seconds)
        return response


@blueprint.post("/logout")
@public
async def logout() -> Response:
    """End the session, if there is one."""
    refuse_foreign_origin()
    caller = await identify()
    if caller:
        await sessions.logout(ctx().db, caller, client(), ctx().clock())
    response = go("/login?done=out")
    clear_session(response)
    return response


@blueprint.get("/setup")
@public
async def show_setup() -> Response:
    """Ask for the first administrator, as long as there is none."""
    if await exists_administrator(ctx().db):
        return _login("", "", message=Words("setup.done"))
    empty = dict.fromkeys(SETUP_FIELDS, "")
    return await _setup(empty | {"code": request.args.get("code", "")})


@blueprint.post("/setup")
@public
async def setup() -> Response:
    """Make the first administrator, and sign them in."""
    refuse_foreign_origin()
    given = await form(SETUP_FIELDS)
    c = ctx()
    try:
        asked = msgspec.convert(given, FirstAdministrator)
        await first_administrator.create(c.db, c.keys, c.blocking, asked, client(), c.clock())
    except msgspec.ValidationError:
        return await _setup(given, Words("setup.wrong"), 422)
    except CarbonseedError as error:
        return await _setup(given, str(error), error.status)
    return await _signed_in(given["email"], given["password"], "")


@blueprint.get("/password")
@public
async def show_password() -> Response:
    """Ask for the one-time code from the administrator, and a password."""
    return render("password.html", trouble=None, code=request.args.get("code", ""))


@blueprint.post("/password")
@public
async def password() -> Response:
    """Set a password by a one-time code."""
    refuse_foreign_origin()
    given = await form(("code", "password"))
    c = ctx()
    try:
        asked = msgspec.convert(given, Reset)
        await passwords.reset(c.db, c.keys, c.blocking, asked, client(), c.clock())
    except msgspec.ValidationError:
        return render("password.html", 422, trouble=Words("password.wrong"), code="")
    except CarbonseedError as error:
        return render("password.html", error.status, trouble=str(error), code=given["code"])
    return go("/login?done=set")


async def _signed_in(email: str, secret: str, onward: str) -> Response:
    c = ctx()
    asked = msgspec.convert({"email": email, "password": secret}, Credentials)
    tokens = await sessions.login(c.db, c.keys, c.blocking, asked, client(), c.clock())
    who = await sessions.authenticate(c.db, c.keys, tokens.access, c.clock())
    response = go(onward or FIRST[who.role if who else Role.MANAGER])
    set_session(response, tokens)
    return response


def _login(
    email: str,
    onward: str,
    trouble: Words | None = None,
    status: int = 200,
    *,
    message: Words | None = None,
) -> Response:
    return render(
        "login.html", status, email=email, onward=onward, trouble=trouble, message=message
    )


async def _setup(given: Form, trouble: Words | str | None = None, status: int = 200) -> Response:
    zones = sorted(await asyncio.to_thread(available_timezones))
    return render("setup.html", status, given=given, trouble=trouble, zones=zones)
