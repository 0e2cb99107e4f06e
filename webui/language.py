"""The language of a page: the one that was chosen, else the browser's, else English."""

from datetime import timedelta

from quart import Blueprint, Response, request

from appliance.http.access import public, refuse_foreign_origin
from webui.catalogue import LANGUAGES
from webui.forms import form
from webui.way import go, own_path

blueprint = Blueprint("language", __name__)

COOKIE = "__Host-carbonseed-language"
KEPT = timedelta(days=365)


def spoken() -> str:
    """The language of the answer to this request."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


@blueprint.post("/language")
@public
async def choose() -> Response:
    """Keep the language in the browser, and show the page again."""
    refuse_foreign_origin()
    given = await form(("language", "next"))
    response = go(own_path(given["next"]) or "/")
    if given["language"] in LANGUAGES:
        response.set_cookie(
            COOKIE, given["language"], max_age=KEPT, secure=True, httponly=True, samesite="Lax"
        )
    return response
