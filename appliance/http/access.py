"""Who may call what: every route declares its roles, everything else is refused.

The caller comes from the database for every request: a role taken away or a session ended
counts at once.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import urlsplit

from quart import Quart, g, request

from appliance.errors import NotAllowed, NotSignedIn
from appliance.http.context import ctx
from appliance.identity import sessions
from appliance.model.user import Caller, Role

ACCESS_COOKIE = "__Host-carbonseed-access"
REFRESH_COOKIE = "__Host-carbonseed-refresh"
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


def guard(app: Quart) -> None:
    """Check every request against its route's declaration before the view runs."""

    @app.before_request
    async def check() -> None:
        if request.endpoint is None or request.endpoint == "static":
            return
        roles = declared(app.view_functions[request.endpoint])
        if roles is None:
            return
        who = await identify()
        if who is None:
            raise NotSignedIn
        if who.role not in roles:
            raise NotAllowed(f"The role {who.role} may not do this.")


async def identify() -> Caller | None:
    """The signed-in caller by bearer token or cookie, remembered for this request."""
    if "caller" in g:
        found: Caller | None = g.caller
        return found
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    token = bearer if scheme.lower() == "bearer" else request.cookies.get(ACCESS_COOKIE)
    g.caller = await sessions.authenticate(ctx().db, ctx().keys, token, ctx().clock()) if token else None
    if g.caller is not None and not bearer:
        refuse_foreign_origin()
    return g.caller


def refuse_foreign_origin() -> None:
    """Refuse a write that a page of another origin has sent along with our cookies."""
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    origin = request.headers.get("Origin")
    if origin is None or urlsplit(origin).netloc != request.host:
        raise NotAllowed("This request came from another page than the appliance's own.")
