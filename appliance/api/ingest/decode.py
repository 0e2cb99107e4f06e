"""Reads the body of a batch; whatever is wrong with it is refused by naming the place."""

import re
from itertools import chain
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.errors import BadRequest, TooLarge
from appliance.model.reading import WireBatch

VERSION = 1
LARGEST_ROWS = 2000
LARGEST_UPTIME_MS = 2.0**53
"""Up to here a double holds every whole number."""
LONGEST_PLACE = 60

_decoder = msgspec.json.Decoder(WireBatch)
_BYTE = re.compile(r"\(byte (\d+)\)")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s"\[\]{},:]+')
_MARKS = frozenset("[]{},:")
_LITERAL = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?|true|false|null")


def decode(body: bytes) -> WireBatch:
    """The batch in a body; BadRequest names what is wrong, TooLarge if it has too many rows."""
    try:
        batch = _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise BadRequest(f"The batch cannot be taken: {error}.") from error
    except UnicodeDecodeError as error:
        raise BadRequest("The body is not UTF-8.") from error
    except RecursionError as error:
        raise BadRequest("The body is nested too deep.") from error
    except msgspec.DecodeError as error:
        raise BadRequest(_malformed(body, str(error))) from error
    if batch.v != VERSION:
        raise BadRequest(
            f"This appliance reads version {VERSION} of the batch, not {batch.v} (`$.v`)."
        )
    if len(batch.rows) > LARGEST_ROWS:
        raise TooLarge(f"`$.rows` has {len(batch.rows)} rows; at most {LARGEST_ROWS} are taken.")
    return batch


def table(batch: WireBatch) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Uptimes, int64[rows], ascending, and values, float64[metrics, rows], with NaN for null."""
    width = 1 + len(batch.metrics)
    if set(map(len, batch.rows)) - {width}:
        raise _ragged(batch)
    uptimes: list[Any] = [row[0] for row in batch.rows]
    if not _in_order(uptimes, LARGEST_UPTIME_MS if batch.sent_up is None else batch.sent_up):
        raise _wrong_uptime(batch)
    try:
        numbers = np.fromiter(chain.from_iterable(batch.rows), np.float64, len(uptimes) * width)
    except TypeError:  # nulls; this takes twice as long
        numbers = np.array(batch.rows, np.float64)
    columns = numbers.reshape(-1, width).T.copy()
    return columns[0].astype(np.int64), columns[1:]


def _in_order(uptimes: list[Any], latest: float) -> bool:
    """Whether these are whole numbers, not null, from 0 to the latest, none less than the last."""
    if not uptimes:
        return True
    try:
        return (
            uptimes == sorted(uptimes)
            and 0 <= uptimes[0] <= uptimes[-1] <= latest
            and all(map(float.is_integer, uptimes))
        )
    except TypeError:  # a null among them
        return False


def _ragged(batch: WireBatch) -> BadRequest:
    width = 1 + len(batch.metrics)
    place, row = next((i, row) for i, row in enumerate(batch.rows) if len(row) != width)
    return BadRequest(
        f"`$.rows[{place}]` has {len(row)} members; with {len(batch.metrics)} metrics it needs "
        f"{width}: the uptime, then a number or null for each metric."
    )


def _wrong_uptime(batch: WireBatch) -> BadRequest:
    before = 0.0
    for place, (uptime, *_) in enumerate(batch.rows):
        where = f"`$.rows[{place}][0]`"
        if uptime is None or not 0 <= uptime <= LARGEST_UPTIME_MS or uptime != int(uptime):
            return BadRequest(f"{where} must be an uptime: whole milliseconds, 0 to 2^53.")
        if uptime < before:
            return BadRequest(f"{where} is less than the uptime of the row before it.")
        if batch.sent_up is not None and uptime > batch.sent_up:
            return BadRequest(f"{where} is more than `$.sent_up`: taken after it was sent.")
        before = uptime
    raise AssertionError("every row's uptime is in order")


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
