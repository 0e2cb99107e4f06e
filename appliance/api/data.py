"""Readings: the newest of every device, and stretches of one metric."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from quart import Blueprint, Response

from appliance.errors import Unprocessable
from appliance.history import latest
from appliance.history.series import series
from appliance.http.access import EVERYONE, allow, caller
from appliance.http.body import query, reply
from appliance.http.context import ctx
from appliance.model.ids import GivenDeviceId
from appliance.model.series import Series, Window

blueprint = Blueprint("data", __name__, url_prefix="/data")

LAST_MS = 4_102_444_800_000
"""The year 2100."""
Moment = Annotated[int, msgspec.Meta(ge=0, le=LAST_MS)] | Annotated[datetime, msgspec.Meta(tz=True)]
"""UTC milliseconds, or ISO 8601 with its offset."""


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """Which stretch of which series."""

    device_id: GivenDeviceId
    metric: str
    start: Moment
    to: Moment | None = None
    points: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1000

    def window(self, now: datetime) -> Window:
        """The stretch in milliseconds; without an end it ends now."""
        from_ms, to_ms = _ms(self.start), _ms(now if self.to is None else self.to)
        if not 0 <= from_ms < to_ms <= LAST_MS:
            raise Unprocessable("`from` must be before `to`, and both between 1970 and 2100.")
        return Window(from_ms, to_ms, self.points)


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
    asked = query(Asked)
    c = ctx()
    window = asked.window(c.clock())
    found = await series(c.db, c.blocking, caller().scope, asked.device_id, asked.metric, window)
    return reply(_told(found))


def _told(found: Series) -> dict[str, Any]:
    return {
        "device_id": found.device_id,
        "metric": found.metric,
        "unit": found.unit,
        "unit_label": found.unit_label,
        "digits": found.digits,
        "from": found.from_ms,
        "to": found.to_ms,
        "source": found.source,
        "bucket_ms": found.bucket_ms,
        "times": found.times_ms.tolist(),
        "columns": {name: column.tolist() for name, column in found.columns.items()},
    }


def _ms(moment: int | datetime) -> int:
    return moment if isinstance(moment, int) else round(moment.timestamp() * 1000)
