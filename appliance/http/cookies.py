"""The two cookies that keep a browser signed in.

`__Host-` binds them to this very host over TLS, HttpOnly keeps them from scripts. SameSite is Lax:
with Strict, a link in a mail or a chat would open the sign-in page for somebody who is signed in.
What Strict would add is there already: no GET changes anything, and a write that comes with
cookies must carry our own Origin.
"""

from datetime import timedelta

from quart import Response

from appliance.identity.sessions import IDLE
from appliance.model.user import Tokens

ACCESS_COOKIE = "__Host-carbonseed-access"
REFRESH_COOKIE = "__Host-carbonseed-refresh"


def set_session(response: Response, tokens: Tokens) -> None:
    """Keep the tokens in the browser, each as long as it is good for."""
    _set(response, ACCESS_COOKIE, tokens.access, timedelta(seconds=tokens.expires_in_seconds))
    _set(response, REFRESH_COOKIE, tokens.refresh, IDLE)


def clear_session(response: Response) -> None:
    """Take the tokens out of the browser."""
    _set(response, ACCESS_COOKIE, "", timedelta(0))
    _set(response, REFRESH_COOKIE, "", timedelta(0))


def _set(response: Response, name: str, value: str, lifetime: timedelta) -> None:
    response.set_cookie(
        name, value, max_age=lifetime, path="/", secure=True, httponly=True, samesite="Lax"
    )
