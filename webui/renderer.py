"""Turns a template and its values into a page, without touching the disk."""

from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined, Template
from markupsafe import Markup
from quart import Response, g, request

from appliance import __version__
from appliance.model.user import Caller
from webui.assets import Assets
from webui.authority import Authority
from webui.catalogue import LANGUAGES, Catalogue
from webui.language import spoken

OF_ONE_PAGE = {"admin", "completeness", "replay", "rules"}
"""Groups of the scripts' words that one section alone needs."""


class Renderer:
    """All templates, read and compiled when it is made: a broken one keeps the appliance down."""

    def __init__(self, assets: Assets) -> None:
        folder = files("webui") / "templates"
        sources = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
        catalogues = {language: Catalogue(language) for language in LANGUAGES}
        names = {language: words.text("language_name") for language, words in catalogues.items()}
        self._templates = {
            language: _compile(sources, assets, words, names)
            for language, words in catalogues.items()
        }

    def page(self, template: str, status: int = 200, **values: object) -> Response:
        """The page of a template as a response, in the language of the request."""
        caller: Caller | None = g.get("caller")
        authority: Authority | None = g.get("authority")
        here = request.full_path.removesuffix("?") if request.method == "GET" else request.path
        text = self._templates[spoken()][template].render(
            caller=caller, authority=authority, here=here, **values
        )
        return Response(text, status, content_type="text/html; charset=utf-8")


def _compile(
    sources: dict[str, str], assets: Assets, catalogue: Catalogue, languages: dict[str, str]
) -> dict[str, Template]:
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "asset": assets.url,
        "icon": lambda name: _icon(assets.url("icons.svg"), name),
        "languages": languages,
        "loaded_by": assets.loaded_by,
        "say": catalogue.say,
        "scripts_texts": lambda section: _scripts_texts(catalogue, section),
        "t": catalogue.text,
        "texts": catalogue.entry,
        "version": __version__,
    }
    return {name: environment.get_template(name) for name in sources}


def _scripts_texts(catalogue: Catalogue, section: str) -> dict[str, Any]:
    """The words that the scripts of a section say: not those of another section alone."""
    groups: dict[str, Any] = catalogue.entry("live")
    return {
        name: said for name, said in groups.items() if name not in OF_ONE_PAGE or name == section
    }


def render(template: str, status: int = 200, **values: object) -> Response:
    """The page of a template, in a view of the pages."""
    renderer: Renderer = g.renderer
    return renderer.page(template, status, **values)


def _icon(sprite: str, name: str) -> Markup:
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
        sprite, name
    )
