"""Reads SenML in JSON (RFC 8428): records whose names, times, units and values have a base."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from appliance.api.ingest.json_body import read
from appliance.api.ingest.points import Point, believable
from appliance.errors import BadRequest, Unprocessable

VERSION = 10
RELATIVE_SECONDS = 2**28
"""A time below this is told from now on, backwards or forwards (RFC 8428, 4.5.3)."""
UCUM = {
    "%RH": "%",
    "%EL": "%",
    "/": "1",
    "count": "1",
    "ppm": "[ppm]",
    "ppb": "[ppb]",
    "Wh": "W.h",
    "kWh": "kW.h",
    "1/s": "/s",
    "1/min": "/min",
}
"""Units that SenML's registry calls otherwise than UCUM does; most have one name in both."""

_Text = Annotated[str, msgspec.Meta(max_length=200)]
_decoder = msgspec.json.Decoder(list[dict[str, Any]])
_LAST_PART = re.compile(r"[A-Za-z0-9_-]*\Z")


class _Record(msgspec.Struct, frozen=True):
    """One record; what is told of a base holds until it is told anew."""

    bn: _Text | None = None
    bt: float | None = None
    bu: _Text | None = None
    bv: float | None = None
    bs: float | None = None
    bver: int = VERSION
    n: _Text = ""
    u: _Text | None = None
    v: float | None = None
    vs: str | None = None
    vb: bool | None = None
    vd: str | None = None
    s: float | None = None
    t: float = 0.0


class _Base(msgspec.Struct):
    name: str = ""
    time: float = 0.0
    unit: str | None = None
    value: float = 0.0

    def take(self, record: _Record) -> None:
        """Let what a record tells of a base hold from now on."""
        self.name = self.name if record.bn is None else record.bn
        self.time = self.time if record.bt is None else record.bt
        self.unit = self.unit if record.bu is None else record.bu
        self.value = self.value if record.bv is None else record.bv


def read_senml(body: bytes, received_ms: int) -> list[Point]:
    """The points of a pack; the metric is the last part of a record's full name."""
    pack = read(_decoder, body, "pack")
    try:
        records = msgspec.convert(pack, list[_Record])
    except msgspec.ValidationError as error:
        raise BadRequest(f"The pack cannot be taken: {error}.") from error
    return list(_points(pack, records, received_ms))


def _points(
    pack: list[dict[str, Any]], records: list[_Record], received_ms: int
) -> Iterator[Point]:
    base = _Base()
    for index, (told, record) in enumerate(zip(pack, records, strict=True)):
        place = f"`$[{index}]`"
        _understand(place, told, record)
        base.take(record)
        if record.v is None and record.vb is None:
            continue  # only a base
        unit = base.unit if record.u is None else record.u
        yield Point(
            place,
            _last_part(base.name + record.n),
            base.value + record.v if record.v is not None else float(bool(record.vb)),
            None if unit is None else UCUM.get(unit, unit),
            _time(place, base.time + record.t, received_ms),
        )


def _understand(place: str, told: dict[str, Any], record: _Record) -> None:
    """Refuse what cannot be kept, and what must be understood and is not."""
    if record.bver > VERSION:
        raise Unprocessable(f"{place}: this appliance reads version {VERSION} of SenML (`bver`).")
    for name in ("vs", "vd", "s", "bs"):
        if getattr(record, name) is not None:
            raise Unprocessable(
                f"{place}: `{name}` cannot be kept: readings are numbers (`v`) or true and false "
                "(`vb`), neither texts nor data nor sums."
            )
    if record.v is not None and record.vb is not None:
        raise BadRequest(f"{place} has two values, `v` and `vb`.")
    for key in told:
        if key.endswith("_"):
            raise Unprocessable(f"{place}: {key[:60]!r} must be understood, and is not known here.")


def _last_part(name: str) -> str:
    found = _LAST_PART.search(name)
    return found[0] if found else ""


def _time(place: str, told_seconds: float, received_ms: int) -> int:
    since_ms = received_ms if told_seconds < RELATIVE_SECONDS else 0
    return believable(place, since_ms + told_seconds * 1000)
