"""Where people go next: back to where they were, and never to another origin."""

from urllib.parse import quote, urlsplit

from quart import Response, request

from appliance.model.user import Role

FIRST = {
    Role.OPERATOR: "/dashboard/alerts",
    Role.COMPLIANCE: "/dashboard/reports",
    Role.TECHNICIAN: "/dashboard/devices",
    Role.MANAGER: "/dashboard",
    Role.ADMINISTRATOR: "/dashboard",
}
"""The page that each role opens on."""


def go(path: str) -> Response:
    """Send the browser to another page of ours, to be got."""
    return Response(status=303, headers={"Location": path})


def sign_in_url() -> str:
    """The sign-in page, which comes back to this page if a person was looking at one."""
    if request.method != "GET":
        return "/login"
    return f"/login?next={quote(request.full_path.removesuffix('?'), safe='/')}"


def own_path(given: str) -> str:
    """`given` if it is a path of our own, else nothing."""
    parts = urlsplit(given)
    ours = given.startswith("/") and not given.startswith(("//", "/\\"))
    plain = given.isprintable() and "\\" not in given
    return given if ours and plain and not parts.scheme and not parts.netloc else ""
