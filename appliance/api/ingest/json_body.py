"""Reads a body of JSON; whatever is wrong with it is refused by naming the place."""

import re
from typing import TypeVar

import msgspec

from appliance.errors import BadRequest

LONGEST_PLACE = 60

_BYTE = re.compile(r"\(byte (\d+)\)")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s"\[\]{},:]+')
_MARKS = frozenset("[]{},:")
_LITERAL = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?|true|false|null")

Shape = TypeVar("Shape")


def read(decoder: msgspec.json.Decoder[Shape], body: bytes, what: str) -> Shape:
    """What the body holds, such as a batch; BadRequest names what is wrong."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise BadRequest(f"The {what} cannot be taken: {error}.") from error
    except UnicodeDecodeError as error:
        raise BadRequest("The body is not UTF-8.") from error
    except RecursionError as error:
        raise BadRequest("The body is nested too deep.") from error
    except msgspec.DecodeError as error:
        raise BadRequest(_malformed(body, str(error))) from error


def _malformed(body: bytes, error: str) -> str:
    at = _BYTE.search(error)
    if at is None:
        return f"The body is not JSON: {error}."
    place, word = _find(body, int(at[1]))
    if word in {"nan", "infinity", "inf"}:
        return f"`{place}` is {word}, which is not JSON; where a sensor gave nothing, send null."
    return f"The body is not JSON at `{place}`: {error}."


def _find(body: bytes, at: int) -> tuple[str, str]:
    """The path of what stands at a byte of a JSON text, such as $.rows[0][1], and the bare word."""
    path: list[int | str] = []
    name = word = ""
    for token in _TOKEN.finditer(body):
        if token.start() > at:
            break
        text = token[0].decode("ascii", "replace")
        if text in _MARKS:
            _step(path, text, name)
        elif text.startswith('"'):
            name = text[1:-1]
        elif not _LITERAL.fullmatch(text):
            word = text.lstrip("-").lower()
            break
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"${shown[:LONGEST_PLACE]}", word


def _step(path: list[int | str], mark: str, name: str) -> None:
    """Follow one mark of JSON: into an array or object, out of it, or on in it."""
    match mark:
        case "[":
            path.append(0)
        case "{":
            path.append("")
        case "]" | "}":
            del path[-1:]
        case ":":
            path[-1:] = [name]
        case "," if path and isinstance(path[-1], int):
            path[-1] += 1
