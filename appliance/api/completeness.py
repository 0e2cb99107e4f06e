"""The certificate of completeness."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import structs
from quart import Blueprint, Response

from appliance.api.data import Between
from appliance.errors import BadRequest
from appliance.history.certificate import certify
from appliance.history.factory import count_factory, totals, worst_first
from appliance.http.access import EVERYONE, allow, caller
from appliance.http.body import query, reply
from appliance.http.context import ctx
from appliance.model.completeness import WORDS, Certificate, DeviceCounts, Range
from appliance.model.ids import GivenDeviceId, GivenFactoryId

blueprint = Blueprint("completeness", __name__, url_prefix="/data")

PLACE = ("device_id", "device", "from_utc", "to_utc")
RANGE_HEAD = (
    *(*PLACE, "what", "cause", "rows", "exact", "behind"),
    *("reset", "epoch", "first_row", "words"),
)
COUNTS = (
    *("expected", "received", "missing", "late", "duplicate", "conflicting", "quarantined"),
    *("damaged", "dropped"),
)
COUNT_HEAD = (*PLACE, *COUNTS)
_FORMULA = re.compile(r"[=+\-@\t\r]")


class Certified(Between, frozen=True, kw_only=True):
    """Of one device, or the counts of the devices of a factory: of all of them, or, in JSON, of
    `limit` from the one at `offset` on."""

    device_id: GivenDeviceId | None = None
    factory_id: GivenFactoryId | None = None
    format: Literal["json", "csv"] = "json"
    limit: Annotated[int, msgspec.Meta(ge=0, le=1000)] | None = None
    offset: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0


@blueprint.get("/completeness")
@allow(*EVERYONE)
async def get_completeness() -> Response:
    """What was to come in a period, what came, and why not the rest."""
    asked, c = query(Certified), ctx()
    now = c.clock()
    period = asked.between(now)
    if asked.device_id is not None and asked.factory_id is None:
        late_ms = round(c.settings.late_seconds * 1000)
        found = await certify(c.source, caller().scope, asked.device_id, period, now, late_ms)
        name = f"carbonseed-completeness-device-{asked.device_id}"
        if asked.format == "csv":
            return _csv(name, RANGE_HEAD, _range_lines(found))
        return _named(reply(_told(found)), f"{name}.json")
    if asked.factory_id is None or asked.device_id is not None:
        raise BadRequest("Name either a device (device_id) or a factory (factory_id).")
    days, counted = await count_factory(c.source, caller().scope, asked.factory_id, period, now)
    devices = worst_first(counted)
    name = f"carbonseed-completeness-factory-{asked.factory_id}"
    if asked.format == "csv":
        return _csv(name, COUNT_HEAD, _count_lines(days, devices))
    stop = None if asked.limit is None else asked.offset + asked.limit
    told = {
        "factory_id": asked.factory_id,
        "from": days[0],
        "to": days[1],
        "late_seconds": c.settings.late_seconds,
        "total": totals(devices),
        "devices": [_between(structs.asdict(one)) for one in devices[asked.offset : stop]],
    }
    return _named(reply(told), f"{name}.json")


def _told(found: Certificate) -> dict[str, Any]:
    told = _between(structs.asdict(found))
    told["ranges"] = [_range(one) for one in found.ranges]
    told["damaged"] = [_between(structs.asdict(one)) for one in found.damaged]
    causes: dict[str, Any] = {}
    for one in found.ranges:
        sums = causes.setdefault(
            one.cause, {"ranges": 0, "rows": 0, "milliseconds": 0, "words": WORDS[one.cause]}
        )
        sums["ranges"] += 1
        sums["rows"] += one.rows
        sums["milliseconds"] += one.to_ms - one.from_ms
    return told | {"causes": causes}


def _range(one: Range) -> dict[str, Any]:
    return _between(structs.asdict(one)) | {"epoch": _hex(one.epoch)}


def _between(told: dict[str, Any]) -> dict[str, Any]:
    """With `from` and `to`, its days too, as everywhere in the API."""
    if "from_ms" in told:
        told["from"], told["to"] = told.pop("from_ms"), told.pop("to_ms")
    if "days" in told:
        told["days"] = [_between(structs.asdict(day)) for day in told["days"]]
    return told


def _range_lines(found: Certificate) -> Iterator[list[object]]:
    for one in found.ranges:
        yield [
            *(found.device_id, found.device, _iso(one.from_ms), _iso(one.to_ms)),
            *(one.what, one.cause, one.rows, str(one.exact).lower(), one.behind or ""),
            *(one.reset or "", _hex(one.epoch) or "", one.first_row, WORDS[one.cause]),
        ]


def _count_lines(days: tuple[int, int], devices: Sequence[DeviceCounts]) -> Iterator[list[object]]:
    for one in devices:
        counts = [getattr(one, name) for name in COUNTS]
        yield [one.device_id, one.device, *(_iso(edge) for edge in days), *counts]


def _csv(name: str, head: Sequence[str], lines: Iterable[Sequence[object]]) -> Response:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    for line in lines:
        writer.writerow([f"'{cell}" if _is_formula(cell) else cell for cell in line])
    return _named(Response(text.getvalue(), content_type="text/csv; charset=utf-8"), f"{name}.csv")


def _is_formula(cell: object) -> bool:
    """What a spreadsheet would take for one."""
    return isinstance(cell, str) and _FORMULA.match(cell) is not None


def _named(response: Response, name: str) -> Response:
    kind = "inline" if name.endswith(".json") else "attachment"
    response.headers["Content-Disposition"] = f'{kind}; filename="{name}"'
    return response


def _hex(epoch: int | None) -> str | None:
    return None if epoch is None else f"{epoch & (2**64 - 1):016x}"


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
