"""Who may call what: every route declares its roles, everything else is refused.

The caller comes from the database for every request: a role taken away or a session ended
counts at once.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from quart import Quart, Response, g, request

from appliance.errors import NotAllowed, NotFound, NotSignedIn
from appliance.http.context import ctx
from appliance.http.cookies import ACCESS_COOKIE, REFRESH_COOKIE, clear_session, set_session
from appliance.identity import sessions
from appliance.model.audit import Actor
from appliance.model.session import Client
from appliance.model.user import Caller, Role

EVERYONE = tuple(Role)

View = TypeVar("View", bound=Callable[..., Awaitable[object]])


def allow(*roles: Role) -> Callable[[View], View]:
    """Declare which roles may call the route."""

    def declare(view: View) -> View:
        view.carbonseed_roles = frozenset(roles)  # type: ignore[attr-defined]  # read by declared()
        return view

    return declare


def public(view: View) -> View:
    """Declare that anybody may call the route, signed in or not."""
    view.carbonseed_roles = None  # type: ignore[attr-defined]  # read by declared()
    return view


def declared(view: Callable[..., object]) -> frozenset[Role] | None:
    """The roles a view was declared with, None if public; an undeclared view allows nobody."""
    roles: frozenset[Role] | None = getattr(view, "carbonseed_roles", frozenset())
    return roles


def caller() -> Caller:
    """Who makes this request; only in routes that are not public."""
    found: Caller | None = g.get("caller")
    if found is None:
        raise NotSignedIn
    return found


def client() -> Client:
    """Where this request comes from. Forwarding headers are not believed: anybody can send them."""
    agent = "".join(c for c in request.headers.get("User-Agent", "") if c.isprintable())
    return Client(request.remote_addr or "unknown", agent[:200])


def actor() -> Actor:
    """The caller as the record of deeds names them."""
    return Actor(caller().email, client().address)


def guard(app: Quart) -> None:
    """Check every request against its route's declaration before the view runs."""

    @app.before_request
    async def check() -> None:
        if "\0" in request.path:
            raise NotFound  # PostgreSQL has no text that could be meant
        if request.endpoint is not None:
            await _admit(declared(app.view_functions[request.endpoint]))

    @app.after_request
    async def keep_signed_in(response: Response) -> Response:
        if "Set-Cookie" in response.headers:
            return response  # the view has signed somebody in or out itself
        if "renewed" in g:
            set_session(response, g.renewed)
        elif "signed_out" in g:
            clear_session(response)
        return response


async def _admit(roles: frozenset[Role] | None) -> None:
    if roles is None:
        return
    who = await identify()
    if who is None:
        raise NotSignedIn
    if who.role not in roles:
        raise NotAllowed(f"The role {who.role} may not do this.")


async def identify() -> Caller | None:
    """The signed-in caller by bearer token or cookies, remembered for this request."""
    if "caller" not in g:
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        by_bearer = scheme.lower() == "bearer"
        g.caller = await (_by_token(bearer.strip()) if by_bearer else _by_cookies())
    found: Caller | None = g.caller
    return found


async def _by_token(token: str | None) -> Caller | None:
    if not token:
        return None
    return await sessions.authenticate(ctx().db, ctx().keys, token, ctx().clock())


async def _by_cookies() -> Caller | None:
    """The caller of a browser; its tokens are renewed with the answer when it is time."""
    refresh = request.cookies.get(REFRESH_COOKIE)
    access = request.cookies.get(ACCESS_COOKIE)
    if not (refresh or access):
        return None
    refuse_foreign_origin()
    found = await _by_token(access)
    if found is not None or not refresh:
        return found
    try:
        g.renewed = await sessions.refresh(ctx().db, ctx().keys, refresh, ctx().clock())
    except NotSignedIn:
        g.signed_out = True
        return None
    return await _by_token(g.renewed.access)


def refuse_foreign_origin() -> None:
    """Refuse a write that a page of another origin has sent along with our cookies."""
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    if request.headers.get("Origin") != f"https://{request.host}":
        raise NotAllowed("This request came from another page than the appliance's own.")
