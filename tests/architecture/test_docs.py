"""The docs keep up with the code: every setting, route, verb and error has its place."""

import re
from pathlib import Path

import pytest

from appliance import errors
from appliance.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs/operations.md").read_text()
API = (ROOT / "docs/api.md").read_text()


@pytest.mark.parametrize("name", Settings.__struct_fields__)
def test_every_setting_is_in_the_operations_page(name: str) -> None:
    assert PREFIX + name.upper() in OPERATIONS


def test_every_error_is_in_the_page_of_who_may_see_it() -> None:
    codes = {
        error.code
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.CarbonseedError)
    } - {"error"}
    assert {code for code in codes if f"`{code}`" not in API + OPERATIONS} == set()


def test_every_make_verb_the_readme_names_exists() -> None:
    verbs = set(re.findall(r"`make ([a-z]+)", (ROOT / "README.md").read_text()))
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert verbs
    assert verbs <= known


def test_every_picture_and_page_the_docs_link_to_exists() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []
