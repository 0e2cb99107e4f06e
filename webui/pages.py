"""The pages as one blueprint: their words, assets and errors around the rooms beside this file."""

import msgspec
from quart import Blueprint, Response, g, request

from appliance.errors import NotFound, NotSignedIn
from appliance.http.access import public
from appliance.http.context import ctx
from appliance.model.problem import Problem
from webui import admin, dashboard, door, home, language
from webui.assets import Assets
from webui.authority import Shown
from webui.catalogue import Words
from webui.renderer import Renderer
from webui.way import go, sign_in_url

YEAR = "public, max-age=31536000, immutable"


def create_pages() -> Blueprint:
    """All pages, to be registered on the app of the API; AssetsMissing if none were built."""
    assets = Assets()
    renderer = Renderer(assets)
    pages = Blueprint("pages", __name__)
    for room in (home, door, language, dashboard, admin):
        pages.register_blueprint(room.blueprint)
    _serve_assets(pages, assets)
    _serve_authority(pages)
    _handle_errors(pages, renderer)

    @pages.before_request
    async def lend() -> None:
        g.renderer = renderer

    return pages


def _serve_assets(pages: Blueprint, assets: Assets) -> None:
    @pages.get("/assets/<name>")
    @public
    async def asset(name: str) -> Response:
        """A built file, packed where the browser takes that."""
        found = assets.find(name)
        if found is None:
            raise NotFound
        packed = found.gzip is not None and request.accept_encodings["gzip"] > 0
        response = Response(
            found.gzip if packed and found.gzip else found.data, content_type=found.content_type
        )
        response.headers["Cache-Control"] = YEAR
        response.headers["Vary"] = "Accept-Encoding"
        if packed:
            response.headers["Content-Encoding"] = "gzip"
        return response

    @pages.get("/favicon.ico")
    @public
    async def favicon() -> Response:
        """Browsers ask here when what they show is no page of ours."""
        return go(assets.url("favicon.svg"))


def _serve_authority(pages: Blueprint) -> None:
    shown = Shown()

    @pages.before_request
    async def lend() -> None:
        g.authority = await shown.get(ctx().settings.certificates_dir)

    @pages.get("/plant-ca.pem")
    @public
    async def plant_ca() -> Response:
        """The certificate that a browser has to trust; it is no secret."""
        if g.authority is None:
            raise NotFound("This appliance has no certificate authority of its own.")
        response = Response(g.authority.pem, content_type="application/x-pem-file")
        response.headers["Content-Disposition"] = 'attachment; filename="plant-ca.pem"'
        return response


def _handle_errors(pages: Blueprint, renderer: Renderer) -> None:
    """Errors in words for people; a program keeps getting the problem object."""

    @pages.errorhandler(NotSignedIn)
    async def sign_in(_error: NotSignedIn) -> Response:
        return go(sign_in_url())

    @pages.after_app_request
    async def in_words(response: Response) -> Response:
        if response.mimetype != "application/problem+json" or not _wants_html():
            return response
        told = msgspec.json.decode(await response.get_data(), type=Problem)
        said = Words("trouble.not_found" if told.status == 404 else "trouble.title")
        page = renderer.page("trouble.html", told.status, said=said, detail=told.detail)
        for name in ("Allow", "Retry-After"):
            if name in response.headers:
                page.headers[name] = response.headers[name]
        return page


def _wants_html() -> bool:
    return "text/html" in request.accept_mimetypes.values()
