"""The words of the pages, by key: a file of texts for each language, en.json the first."""

import json
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Words:
    """Words to be said on a page: a key of the catalogue, and what is filled in."""

    key: str
    values: dict[str, object] = field(default_factory=dict)


LANGUAGES = ("en", "de")
"""The first is spoken where no other is asked for."""


class Catalogue:
    """Looks words up by their dotted key; an unknown key is an error."""

    def __init__(self, language: str) -> None:
        text = (files("webui") / "texts" / f"{language}.json").read_text(encoding="utf-8")
        self._entries: dict[str, Any] = json.loads(text)

    def text(self, key: str, **values: object) -> str:
        """The words at `key` with {name} replaced by its value."""
        found = self.entry(key)
        if not isinstance(found, str):
            raise KeyError(key)
        return found.format_map(values) if values else found

    def say(self, said: "Words | str") -> str:
        """The words meant; what is a string already stays as it is."""
        return said if isinstance(said, str) else self.text(said.key, **said.values)

    def entry(self, key: str) -> Any:
        """What stands at `key`: words, or a list or group of them."""
        found: Any = self._entries
        for part in key.split("."):
            found = found[part]
        return found
