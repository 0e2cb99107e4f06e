"""Signing in and out, one's own password and sessions, and the first administrator."""

from uuid import UUID

import msgspec
from quart import Blueprint, Response, request

from appliance.errors import NotSignedIn
from appliance.http.access import EVERYONE, allow, caller, client, public, refuse_foreign_origin
from appliance.http.body import body, reply
from appliance.http.context import ctx
from appliance.http.cookies import REFRESH_COOKIE, clear_session, set_session
from appliance.identity import first_administrator, passwords, sessions
from appliance.identity.first_administrator import FirstAdministrator
from appliance.identity.passwords import PasswordChange, Reset
from appliance.identity.sessions import Credentials
from appliance.model.ids import SessionId

blueprint = Blueprint("auth", __name__, url_prefix="/auth")


class Refresh(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A refresh token."""

    refresh: str


@blueprint.post("/setup")
@public
async def setup() -> Response:
    """Make the first administrator."""
    asked = await body(FirstAdministrator)
    c = ctx()
    user = await first_administrator.create(c.db, c.keys, c.blocking, asked, client(), c.clock())
    return reply(user, 201)


@blueprint.post("/login")
@public
async def login() -> Response:
    """Begin a session."""
    asked = await body(Credentials)
    c = ctx()
    return reply(await sessions.login(c.db, c.keys, c.blocking, asked, client(), c.clock()))


@blueprint.post("/refresh")
@public
async def refresh() -> Response:
    """Renew the tokens: those in the body for a program, those in the cookies for a browser."""
    if request.mimetype == "application/json":
        given = await body(Refresh)
        return reply(await sessions.refresh(ctx().db, ctx().keys, given.refresh, ctx().clock()))
    refuse_foreign_origin()
    cookie = request.cookies.get(REFRESH_COOKIE)
    if cookie is None:
        raise NotSignedIn
    response = Response(status=204)
    set_session(response, await sessions.refresh(ctx().db, ctx().keys, cookie, ctx().clock()))
    return response


@blueprint.post("/logout")
@allow(*EVERYONE)
async def logout() -> Response:
    """End the session."""
    await sessions.logout(ctx().db, caller(), client(), ctx().clock())
    response = Response(status=204)
    clear_session(response)
    return response


@blueprint.post("/reset")
@public
async def reset() -> Response:
    """Set a password by a one-time code."""
    asked = await body(Reset)
    c = ctx()
    await passwords.reset(c.db, c.keys, c.blocking, asked, client(), c.clock())
    return Response(status=204)


@blueprint.post("/password")
@allow(*EVERYONE)
async def password() -> Response:
    """Change one's own password."""
    asked = await body(PasswordChange)
    c = ctx()
    await passwords.change(c.db, c.keys, c.blocking, caller(), asked, client(), c.clock())
    return Response(status=204)


@blueprint.get("/me")
@allow(*EVERYONE)
async def me() -> Response:
    """Who is calling."""
    return reply(caller())


@blueprint.get("/sessions")
@allow(*EVERYONE)
async def list_sessions() -> Response:
    """Where the caller is signed in."""
    living = await sessions.living(ctx().db, caller().user_id, ctx().clock())
    return reply({"sessions": living, "current": caller().session_id})


@blueprint.delete("/sessions/<uuid:session_id>")
@allow(*EVERYONE)
async def end_session(session_id: UUID) -> Response:
    """Sign out somewhere."""
    await sessions.end(ctx().db, caller(), SessionId(str(session_id)), client(), ctx().clock())
    return Response(status=204)
