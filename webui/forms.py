"""Reading what a page's form sends."""

from collections.abc import Iterable
from typing import TypeAlias

from quart import request

from appliance.errors import BadRequest

Form: TypeAlias = dict[str, str]

AS_TYPED = {"password"}


async def form(fields: Iterable[str]) -> Form:
    """The named fields of the posted form, "" where one is missing.

    Blanks around what was typed go, except in passwords; lines end as everywhere in the house.
    """
    posted = await request.form
    given = {name: posted.get(name, "").replace("\r\n", "\n") for name in fields}
    if any("\0" in text for text in given.values()):
        raise BadRequest("The form holds the character U+0000, which is never part of a text.")
    return {name: text if name in AS_TYPED else text.strip() for name, text in given.items()}
