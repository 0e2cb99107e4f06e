"""Readings: the newest of every device, and stretches of one metric or of several."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import structs
from quart import Blueprint, Response

from appliance.api import columns
from appliance.errors import BadRequest, Unprocessable
from appliance.history import latest
from appliance.history.chart import Wanted, chart
from appliance.history.series import series
from appliance.history.statistics import statistics
from appliance.http.access import EVERYONE, allow, caller
from appliance.http.body import query, reply
from appliance.http.context import ctx
from appliance.model.ids import DeviceId, GivenDeviceId
from appliance.model.series import Chart, Gap, Series, Window
from appliance.model.statistics import Group

blueprint = Blueprint("data", __name__, url_prefix="/data")

LAST_MS = 4_102_444_800_000
"""The year 2100."""
MOST_SERIES = 16
Moment = Annotated[int, msgspec.Meta(ge=0, le=LAST_MS)] | Annotated[datetime, msgspec.Meta(tz=True)]
"""UTC milliseconds, or ISO 8601 with its offset."""
_WANTED = re.compile(r"([1-9]\d{0,8}):([^:,]+)")


class Between(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """Which stretch of time."""

    start: Moment
    to: Moment | None = None

    def between(self, now: datetime) -> tuple[int, int]:
        """The stretch in milliseconds; without an end it ends now."""
        from_ms, to_ms = _ms(self.start), _ms(now if self.to is None else self.to)
        if not 0 <= from_ms < to_ms <= LAST_MS:
            raise Unprocessable("`from` must be before `to`, and both between 1970 and 2100.")
        return from_ms, to_ms


class Shown(Between, frozen=True, kw_only=True):
    """How densely, and in which form."""

    points: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1000
    format: Literal["json", "columns"] | None = None
    values: columns.Width = "float64"

    def window(self, now: datetime) -> Window:
        """The stretch and its points."""
        return Window(*self.between(now), self.points)


class OneSeries(Shown, frozen=True, kw_only=True):
    """Which series."""

    device_id: GivenDeviceId
    metric: str


class SeveralSeries(Shown, frozen=True, kw_only=True):
    """Which series, as `3:temperature,3:gas`."""

    series: str

    def wanted(self) -> list[Wanted]:
        """The series, each once."""
        found = [_WANTED.fullmatch(one) for one in self.series.split(",")]
        if len(found) > MOST_SERIES or not all(found):
            raise BadRequest(
                f"`series` is up to {MOST_SERIES} of device:metric, with commas between, "
                "such as 3:temperature,3:gas."
            )
        return list(dict.fromkeys(Wanted(DeviceId(int(one[1])), one[2]) for one in found if one))


class Grouped(Between, frozen=True, kw_only=True):
    """Which metric, by what."""

    metric: str
    group: Group = "device"


@blueprint.get("/latest")
@allow(*EVERYONE)
async def list_latest() -> Response:
    """The newest value of each metric of every device."""
    found = await latest.statuses(ctx().db, caller().scope, ctx().clock())
    return reply({"devices": [{"device_id": one.device.id, "latest": one.latest} for one in found]})


@blueprint.get("/series")
@allow(*EVERYONE)
async def get_series() -> Response:
    """One metric of one device over a stretch of time, raw or in buckets."""
    asked = query(OneSeries)
    c = ctx()
    window = asked.window(c.clock())
    found = await series(c.source, caller().scope, asked.device_id, asked.metric, window)
    head = {**_signal(found), **_basis(found)}
    if columns.are_asked_for(asked.format):
        return columns.reply(head, found.times_ms, [found.columns], asked.values)
    return reply({**head, "times": found.times_ms.tolist(), "columns": _lists(found)})


@blueprint.get("/chart")
@allow(*EVERYONE)
async def get_chart() -> Response:
    """Several series on one time axis, all raw or all in the same buckets."""
    asked = query(SeveralSeries)
    c = ctx()
    found = await chart(c.source, caller().scope, asked.wanted(), asked.window(c.clock()))
    heads = [{**_signal(one), "gaps": _gaps(one.gaps)} for one in found.series]
    head = _basis(found)
    if columns.are_asked_for(asked.format):
        tables = [one.columns for one in found.series]
        return columns.reply({**head, "series": heads}, found.times_ms, tables, asked.values)
    told = [{**one, "columns": _lists(of)} for one, of in zip(heads, found.series, strict=True)]
    return reply({**head, "times": found.times_ms.tolist(), "series": told})


@blueprint.get("/statistics")
@allow(*EVERYONE)
async def get_statistics() -> Response:
    """A metric of all devices by device, day or hour."""
    asked = query(Grouped)
    c = ctx()
    between = asked.between(c.clock())
    found = await statistics(c.source, caller().scope, asked.metric, between, asked.group)
    told = structs.asdict(found)
    told["from"], told["to"] = told.pop("from_ms"), told.pop("to_ms")
    told["gaps"] = [
        {"device_id": gap.device_id, **one}
        for gap, one in zip(found.gaps, _gaps(found.gaps), strict=True)
    ]
    return reply(told)


def _signal(found: Series) -> dict[str, Any]:
    return structs.asdict(found.signal)


def _basis(found: Series | Chart) -> dict[str, Any]:
    """What all its columns have in common."""
    told: dict[str, Any] = {
        "from": found.window.from_ms,
        "to": found.window.to_ms,
        "source": found.source,
        "bucket_ms": found.bucket_ms,
        "rollup": found.rollup,
    }
    return told | ({"gaps": _gaps(found.gaps)} if isinstance(found, Series) else {})


def _gaps(gaps: Sequence[Gap]) -> list[dict[str, Any]]:
    return [{"from": gap.from_ms, "to": gap.to_ms, "reason": gap.reason} for gap in gaps]


def _lists(found: Series) -> Mapping[str, list[float] | list[int]]:
    """NaN becomes null in JSON."""
    return {name: column.tolist() for name, column in found.columns.items()}


def _ms(moment: int | datetime) -> int:
    return moment if isinstance(moment, int) else round(moment.timestamp() * 1000)
