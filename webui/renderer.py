"""Turns a template and its values into a page, without touching the disk."""

from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup
from quart import Response, g

from appliance import __version__
from appliance.model.user import Caller
from webui.assets import Assets
from webui.authority import Authority
from webui.catalogue import Catalogue


class Renderer:
    """All templates, read and compiled when it is made: a broken one keeps the appliance down."""

    def __init__(self, assets: Assets, catalogue: Catalogue) -> None:
        folder = files("webui") / "templates"
        sources = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
        self._environment = Environment(
            loader=DictLoader(sources),
            autoescape=True,
            auto_reload=False,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {
            "asset": assets.url,
            "icon": lambda name: _icon(assets.url("icons.svg"), name),
            "say": catalogue.say,
            "t": catalogue.text,
            "texts": catalogue.entry,
            "version": __version__,
        }
        self._templates = {name: self._environment.get_template(name) for name in sources}

    def page(self, template: str, status: int = 200, **values: object) -> Response:
        """The page of a template as a response."""
        caller: Caller | None = g.get("caller")
        authority: Authority | None = g.get("authority")
        text = self._templates[template].render(caller=caller, authority=authority, **values)
        return Response(text, status, content_type="text/html; charset=utf-8")


def render(template: str, status: int = 200, **values: object) -> Response:
    """The page of a template, in a view of the pages."""
    renderer: Renderer = g.renderer
    return renderer.page(template, status, **values)


def _icon(sprite: str, name: str) -> Markup:
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
        sprite, name
    )
