"""The report as CSV: one line for each figure, so that any spreadsheet can filter it."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from appliance.model.report import Report

COLUMNS = ("section", "device", "machine", "metric", "item", "time", "figure", "value")
"""`time` and times in `value` are UTC; `item` says which of several, such as an alarm or a rule."""
_NAMES = ("device", "machine", "metric")
_TIMES = ("day", "begin", "at", "raised", "in_force")
_ITEMS = ("rule_id", "name", "message", "kind", "number", "action", "object", "weight")
_LEFT_OUT = frozenset({"course", "digits"})
_COMMANDS = ("=", "+", "-", "@", "\t", "\r")


def render(report: Report) -> bytes:
    """UTF-8 with a byte order mark, as spreadsheets want it, lines end as RFC 4180 says."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    built = msgspec.to_builtins(report, builtin_types=(datetime,))
    writer.writerows(_lines(built, "report", dict.fromkeys(COLUMNS, "")))
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _lines(value: dict[str, Any], section: str, around: dict[str, str]) -> Iterator[list[str]]:
    """The figures of one struct, then those of the structs in it."""
    place = {**around, "section": section}
    place |= {name: _cell(value[name]) for name in _NAMES if value.get(name) is not None}
    if time := next((value[name] for name in _TIMES if value.get(name)), None):
        place["time"] = _cell(time)
    if section != "report" and (
        items := [_cell(value[name]) for name in _ITEMS if value.get(name) is not None]
    ):
        place["item"] = _safe(" ".join(items))
    for name, one in value.items():
        if name in _LEFT_OUT or name in _NAMES:
            continue
        inside = one if isinstance(one, list) else [one]
        if inside and all(isinstance(each, dict) for each in inside):
            for each in inside:
                yield from _lines(each, f"{section}.{name}", place)
        else:
            yield [*[*place.values()][:-2], name, _cell(one)]


def _cell(value: Any) -> str:
    if value is None:
        return "no data"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return _safe(" ".join(_cell(one) for one in value))
    return _safe(value) if isinstance(value, str) else msgspec.json.encode(value).decode()


def _safe(text: str) -> str:
    """A spreadsheet takes what begins with one of these for a command."""
    return f"'{text}" if text.startswith(_COMMANDS) else text
