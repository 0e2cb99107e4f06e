"""The certificate of completeness."""

import csv
import io
import re
from datetime import UTC, datetime
from typing import Any, Literal

from msgspec import structs
from quart import Blueprint, Response

from appliance.api.data import Between
from appliance.errors import BadRequest
from appliance.history.certificate import certify, count_factory
from appliance.http.access import EVERYONE, allow, caller
from appliance.http.body import query, reply
from appliance.http.context import ctx
from appliance.model.completeness import WORDS, Certificate, Range
from appliance.model.ids import GivenDeviceId, GivenFactoryId

blueprint = Blueprint("completeness", __name__, url_prefix="/data")

CSV_HEAD = (
    *("device_id", "device", "from_utc", "to_utc", "what", "cause", "rows", "exact", "behind"),
    *("reset", "epoch", "first_row", "words"),
)
_FORMULA = re.compile(r"[=+\-@\t\r]")


class Certified(Between, frozen=True, kw_only=True):
    """Of one device, or the counts of all devices of a factory."""

    device_id: GivenDeviceId | None = None
    factory_id: GivenFactoryId | None = None
    format: Literal["json", "csv"] = "json"


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
        return _csv(found) if asked.format == "csv" else reply(_told(found))
    if asked.factory_id is None or asked.device_id is not None or asked.format == "csv":
        raise BadRequest("Name a device (device_id), or a factory (factory_id, as JSON alone).")
    days, devices = await count_factory(c.source, caller().scope, asked.factory_id, period, now)
    return reply(
        {
            "factory_id": asked.factory_id,
            "from": days[0],
            "to": days[1],
            "late_seconds": c.settings.late_seconds,
            "devices": devices,
        }
    )


def _told(found: Certificate) -> dict[str, Any]:
    told = structs.asdict(found)
    told["from"], told["to"] = told.pop("from_ms"), told.pop("to_ms")
    told["ranges"] = [_range(one) for one in found.ranges]
    told["damaged"] = [
        {**rest, "from": from_ms, "to": to_ms}
        for one in found.damaged
        for rest in [structs.asdict(one)]
        for from_ms, to_ms in [(rest.pop("from_ms"), rest.pop("to_ms"))]
    ]
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
    told = structs.asdict(one)
    told["from"], told["to"] = told.pop("from_ms"), told.pop("to_ms")
    told["epoch"] = _hex(one.epoch)
    return told


def _csv(found: Certificate) -> Response:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(CSV_HEAD)
    name = f"'{found.device}" if _FORMULA.match(found.device) else found.device
    for one in found.ranges:
        reset = one.reset or ""
        lines.writerow(
            [
                *(found.device_id, name, _iso(one.from_ms), _iso(one.to_ms), one.what, one.cause),
                *(one.rows, str(one.exact).lower(), one.behind or ""),
                f"'{reset}" if _FORMULA.match(reset) else reset,
                *(_hex(one.epoch) or "", one.first_row, WORDS[one.cause]),
            ]
        )
    response = Response(text.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = (
        f'attachment; filename="carbonseed-completeness-{found.device_id}.csv"'
    )
    return response


def _hex(epoch: int | None) -> str | None:
    return None if epoch is None else f"{epoch & (2**64 - 1):016x}"


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
