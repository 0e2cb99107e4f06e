"""Reading a request into a struct and writing a value as the answer, both through msgspec."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from quart import Response, request

from appliance.errors import BadRequest, UnsupportedMedia

T = TypeVar("T")

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""The escaped character that PostgreSQL cannot store; behind an even number of backslashes."""


async def body(expected: type[T]) -> T:
    """The request's JSON as `expected`; a wrong one is refused by naming the place."""
    if request.mimetype != "application/json":
        raise UnsupportedMedia("Send JSON with Content-Type: application/json.")
    raw = await request.get_data(cache=True, as_text=False, parse_form_data=False)
    if _NUL.search(raw):
        raise BadRequest("The body holds the character U+0000, which is never part of a text.")
    try:
        return msgspec.json.decode(raw, type=expected)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The body cannot be read: {error}") from error


def query(expected: type[T]) -> T:
    """The request's query parameters as `expected`, numbers and times parsed."""
    given: Mapping[str, Any] = request.args.to_dict()
    if any("\0" in value for value in given.values()):
        raise BadRequest("The query holds the character U+0000, which is never part of a text.")
    try:
        return msgspec.convert(given, expected, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(f"The query cannot be read: {error}") from error


def reply(value: Any, status: int = 200) -> Response:
    """`value` as a JSON response."""
    return Response(msgspec.json.encode(value), status, content_type="application/json")
