"""Reads telemetry as ThingsBoard's devices post it: values by key, with or without a time."""

from collections.abc import Iterator
from typing import Any

import msgspec

from appliance.api.ingest.json_body import read
from appliance.api.ingest.points import Point, believable
from appliance.errors import BadRequest, Unprocessable
from appliance.model.reading import WireBatch

_decoder = msgspec.json.Decoder(dict[str, Any] | list[dict[str, Any]])
_NATIVE = frozenset(WireBatch.__struct_fields__)


def is_telemetry(body: bytes) -> bool:
    """Whether a body of JSON that is no native batch is telemetry: it has no member of a batch."""
    try:
        told = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(told, list) or (bool(told) and _NATIVE.isdisjoint(told))


def read_telemetry(body: bytes) -> list[Point]:
    """The points of telemetry: {key: value}, {"ts": ms, "values": {…}}, or an array of those."""
    told = read(_decoder, body, "telemetry")
    if isinstance(told, dict):
        return list(_points("$", told))
    return [point for index, each in enumerate(told) for point in _points(f"$[{index}]", each)]


def _points(place: str, told: dict[str, Any]) -> Iterator[Point]:
    values, time_ms = told, None
    if told.keys() & {"ts", "values"}:
        inside: Any = told.get("values")
        if not isinstance(inside, dict):
            raise BadRequest(f"`{place}.values` must be an object: values by their keys.")
        values = inside
        time_ms = _time(f"{place}.ts", told.get("ts"))
        place = f"{place}.values"
    for key, value in values.items():
        if value is not None:  # the sensor gave nothing
            where = f"`{place}.{key[:60]}`"
            yield Point(where, key, _number(where, value), None, time_ms)


def _time(place: str, told: object) -> int | None:
    if told is None:
        return None
    if isinstance(told, bool) or not isinstance(told, int):
        raise BadRequest(f"`{place}` must be UTC milliseconds, a whole number.")
    return believable(f"`{place}`", told)


def _number(place: str, told: object) -> float:
    if isinstance(told, bool | int | float):
        try:
            return float(told)
        except OverflowError as error:
            raise BadRequest(f"{place} is too large a number.") from error
    kind = "a text" if isinstance(told, str) else "no number"
    raise Unprocessable(f"{place} is {kind}; readings are numbers. Do not send this key.")
