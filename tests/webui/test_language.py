"""Every language says everything, and the page speaks the one that was asked for."""

import json
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from webui.catalogue import LANGUAGES
from webui.language import COOKIE

TEXTS = Path(__file__).parents[2] / "webui" / "texts"
GERMAN = "de-DE,de;q=0.9,en;q=0.8"


def leaves(group: Any, way: str = "") -> Iterator[tuple[str, str]]:
    """Every text with its place."""
    if isinstance(group, str):
        yield way, group
        return
    inside = group.items() if isinstance(group, dict) else enumerate(group)
    for name, each in inside:
        yield from leaves(each, f"{way}.{name}")


def catalogue(language: str) -> dict[str, str]:
    return dict(leaves(json.loads((TEXTS / f"{language}.json").read_text(encoding="utf-8"))))


def blanks(text: str) -> list[str]:
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name})


def test_every_language_has_the_same_texts_with_the_same_blanks() -> None:
    assert {path.stem for path in TEXTS.iterdir()} == set(LANGUAGES)
    english = catalogue("en")
    for language in LANGUAGES:
        other = catalogue(language)
        assert sorted(other) == sorted(english)
        assert {way for way in english if blanks(english[way]) != blanks(other[way])} == set()
        assert {way for way, text in other.items() if not text and english[way]} == set()


def test_german_is_german() -> None:
    english, german = catalogue("en"), catalogue("de")
    long = [way for way, text in english.items() if len(re.findall(r"[a-z]{2,}", text)) >= 4]
    same = [way for way in long if german[way] == english[way] and not way.endswith("command")]
    assert len(long) > 200
    assert same == []


@pytest.mark.parametrize("path", ["/", "/login", "/setup", "/password", "/nowhere"])
async def test_a_page_speaks_the_browsers_language(browser, path: str) -> None:
    page = await browser.get(path, **{"Accept-Language": GERMAN})
    assert '<html lang="de">' in await page.get_data(as_text=True)
    page = await browser.get(path, **{"Accept-Language": "fr, ja;q=0.5"})
    assert '<html lang="en">' in await page.get_data(as_text=True)


async def test_the_language_that_was_chosen_wins_and_the_page_comes_back(signed_in) -> None:
    chosen = {"language": "de", "next": "/dashboard/alerts?alerts=closed"}
    response = await signed_in.post("/language", chosen)
    assert response.status_code == 303
    assert response.headers["Location"] == "/dashboard/alerts?alerts=closed"
    assert signed_in.cookies[COOKIE] == "de"
    page = await signed_in.get("/dashboard/alerts", **{"Accept-Language": "en"})
    text = await page.get_data(as_text=True)
    assert '<html lang="de">' in text
    start = json.loads(re.search(r'id="start">(.*?)</script>', text, re.DOTALL)[1])
    assert start["language"] == "de"
    assert start["texts"]["alerts"]["acknowledge"] == "Quittieren"


@pytest.mark.parametrize("given", ["fr", "", "../en", "de\r\nX: y"])
async def test_a_language_there_is_not_changes_nothing(browser, given: str) -> None:
    response = await browser.post("/language", {"language": given, "next": "//elsewhere.example"})
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    assert COOKIE not in browser.cookies


async def test_another_page_cannot_choose_the_language(browser) -> None:
    form = {"language": "de", "next": "/"}
    response = await browser.post("/language", form, Origin="https://elsewhere.example")
    assert response.status_code == 403
    assert COOKIE not in browser.cookies


@pytest.mark.parametrize("section", ["", "/alerts", "/rules"])
async def test_the_words_of_one_page_alone_are_sent_with_that_page_alone(
    signed_in, section: str
) -> None:
    page = await (await signed_in.get(f"/dashboard{section}")).get_data(as_text=True)
    start = json.loads(re.search(r'id="start">(.*?)</script>', page, re.DOTALL)[1])
    assert ("rules" in start["texts"]) == (section == "/rules")
    assert "admin" not in start["texts"]
