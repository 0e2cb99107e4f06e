"""Reads InfluxDB line protocol: one line, the fields of one measurement at one time."""

import re
from collections.abc import Collection, Iterator

from appliance.api.ingest.points import Point, believable
from appliance.errors import BadRequest, Unprocessable

UNIT = "unit"
"""The one tag that is read: the UCUM code of the line's fields."""
PRECISIONS_NS = {
    "": 1,
    "n": 1,
    "ns": 1,
    "u": 10**3,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
"""What one step of a timestamp is, by the name that clients of versions 1 and 2 give it."""

# A backslash escapes only what would end the text; before anything else it is itself.
_NAME = r"(?:\\[,= ]|[^,= ])++"
_HEAD = re.compile(rf"((?:\\[, ]|[^, ])++)((?:,{_NAME}={_NAME})*+) +")
_TAG = re.compile(rf",({_NAME})=({_NAME})")
_FIELD = re.compile(rf'({_NAME})=("|[^, ]++)')
_TIME = re.compile(r"(?: +(-?[0-9]{1,19}))? *")
_ESCAPED = re.compile(r"\\([,= ])")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}i|[0-9]{1,20}u")
_TRUTH = {
    **dict.fromkeys(("t", "T", "true", "True", "TRUE"), 1.0),
    **dict.fromkeys(("f", "F", "false", "False", "FALSE"), 0.0),
}


def read_lines(body: bytes, names: Collection[str], precision: str) -> list[Point]:
    """The points of all lines; names: the metrics there are. BadRequest names the line."""
    step_ns = PRECISIONS_NS.get(precision)
    if step_ns is None:
        raise BadRequest(
            f"The precision {precision[:20]!r} is not known; there are ns, us, ms, s, m and h."
        )
    try:
        lines = body.decode().split("\n")
    except UnicodeDecodeError as error:
        raise BadRequest("The body is not UTF-8.") from error
    points: list[Point] = []
    for number, line in enumerate(lines, 1):
        text = line.strip(" \t\r")
        if text and not text.startswith("#"):
            points += _points(f"line {number}", text, names, step_ns)
    return points


def _points(place: str, line: str, names: Collection[str], step_ns: int) -> Iterator[Point]:
    head = _HEAD.match(line)
    if head is None:
        raise BadRequest(f"{place} is no line protocol: it begins with a measurement and tags.")
    measurement, unit = _plain(head[1]), None
    for key, value in _TAG.findall(head[2]):
        if key == UNIT:
            unit = _plain(value)
    fields, end = _fields(place, line, head.end())
    time = _TIME.fullmatch(line, end)
    if time is None:
        raise BadRequest(f"{place}: {line[end : end + 30]!r} after the fields is no timestamp.")
    time_ms = believable(place, int(time[1]) * step_ns // 10**6) if time[1] else None
    for key, value in fields:
        yield Point(place, _metric(measurement, key, names), value, unit, time_ms)


def _fields(place: str, line: str, at: int) -> tuple[list[tuple[str, float]], int]:
    """The fields from a place in the line on, and where they end."""
    fields = []
    while True:
        field = _FIELD.match(line, at)
        if field is None:
            raise BadRequest(f"{place}: {line[at : at + 30]!r} is no field: name=value.")
        key, at = _plain(field[1]), field.end()
        fields.append((key, _number(f"{place}, field {key[:60]!r}", field[2])))
        if not line.startswith(",", at):
            return fields, at
        at += 1


def _number(place: str, told: str) -> float:
    if _FLOAT.fullmatch(told):
        return float(told)
    if _INTEGER.fullmatch(told):
        return float(told[:-1])
    if told in _TRUTH:
        return _TRUTH[told]
    if told == '"':
        raise Unprocessable(f"{place} is a text; readings are numbers. Do not send this field.")
    raise BadRequest(f"{place}: {told[:30]!r} is no number.")


def _metric(measurement: str, field: str, names: Collection[str]) -> str:
    """The metric that a field is: by its name, with its measurement's, or that of a lone value."""
    if field in names:
        return field
    if field == "value" and measurement in names:
        return measurement
    return f"{measurement}_{field}"


def _plain(told: str) -> str:
    return _ESCAPED.sub(r"\1", told) if "\\" in told else told
