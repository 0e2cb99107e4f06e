"""Where people go next: back to where they were, and never to another origin."""

from urllib.parse import quote, urlsplit

from quart import Response, request

AFTER_SIGN_IN = "/dashboard"


def go(path: str) -> Response:
    """Send the browser to another page of ours, to be got."""
    return Response(status=303, headers={"Location": path})


def sign_in_url() -> str:
    """The sign-in page, which comes back to this page if a person was looking at one."""
    if request.method != "GET":
        return "/login"
    return f"/login?next={quote(request.full_path.removesuffix('?'), safe='/')}"


def own_path(given: str) -> str:
    """`given` if it is a path of our own, else the dashboard."""
    parts = urlsplit(given)
    ours = given.startswith("/") and not given.startswith(("//", "/\\"))
    plain = given.isprintable() and "\\" not in given
    return given if ours and plain and not parts.scheme and not parts.netloc else AFTER_SIGN_IN
