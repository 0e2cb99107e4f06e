"""Readings as a file of any length."""

import re
import weakref
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from quart import Blueprint, Response

from appliance.api.data import Between
from appliance.errors import BadRequest
from appliance.history import export
from appliance.http.access import EVERYONE, allow, caller
from appliance.http.body import query
from appliance.http.context import ctx
from appliance.model.ids import DeviceId

blueprint = Blueprint("data_export", __name__, url_prefix="/data")

MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
MOST_NAMED = 1000


class Exported(Between, frozen=True, kw_only=True):
    """Of which devices and metrics, with commas between; none named: all."""

    device_id: Annotated[str, msgspec.Meta(pattern=r"\A[1-9]\d{0,8}(,[1-9]\d{0,8})*\Z")] | None = (
        None
    )
    metric: Annotated[str, msgspec.Meta(pattern=r"\A[^,]+(,[^,]+)*\Z")] | None = None
    format: export.Format = "csv"

    def device_ids(self) -> list[DeviceId] | None:
        """The devices; None: all."""
        named = self.device_id and self.device_id.split(",")
        if named and len(named) > MOST_NAMED:
            raise BadRequest(f"Name up to {MOST_NAMED} devices, or none for all of them.")
        return [DeviceId(int(one)) for one in dict.fromkeys(named)] if named else None

    def metrics(self) -> list[str] | None:
        """The metrics; None: all."""
        return list(dict.fromkeys(self.metric.split(","))) if self.metric else None


@blueprint.get("/export")
@allow(*EVERYONE)
async def get_export() -> Response:
    """The readings of a range, as many as there are, as CSV or Parquet."""
    asked = query(Exported)
    source, between = ctx().source, asked.between(ctx().clock())
    give_back = ctx().exports.take()
    try:
        found = await export.plan(
            source, caller().scope, asked.device_ids(), asked.metrics(), between
        )
    except BaseException:
        give_back()
        raise
    pieces = export.stream(source, found, asked.format)
    # When the client goes away, the pieces are dropped: begun or not, the place is free again.
    weakref.finalize(pieces, give_back)
    response = Response(pieces, content_type=MEDIA_TYPES[asked.format])
    response.timeout = None  # as long as the client goes on reading
    name = file_name(found, asked.format)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    if found.rows is not None:
        response.headers["X-Rows-Estimate"] = str(found.rows)
    return response


def file_name(found: export.Export, form: export.Format) -> str:
    """What the file is called: what is in it, in letters every system takes."""
    metrics = {one.signal.metric for one in found.signals}
    devices = {one.signal.device for one in found.signals}
    parts = [
        "carbonseed",
        *(devices if len(devices) == 1 else ()),
        *(metrics if len(metrics) == 1 else ()),
        *(
            f"{datetime.fromtimestamp(moment / 1000, UTC):%Y%m%dT%H%M}"
            for moment in (found.from_ms, found.to_ms)
        ),
    ]
    return re.sub(r"[^A-Za-z0-9]+", "-", "-".join(parts)).strip("-") + f".{form}"
