"""The record of who did what."""

from typing import Annotated

import msgspec
from quart import Blueprint, Response

from appliance.http.access import allow, caller
from appliance.http.body import query, reply
from appliance.http.context import ctx
from appliance.identity import audit
from appliance.model.user import Role
from appliance.store.audit import select_audit_rows

blueprint = Blueprint("audit", __name__, url_prefix="/audit")


class Which(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the newest rows."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


@blueprint.get("")
@allow(Role.ADMINISTRATOR, Role.COMPLIANCE)
async def list_audit() -> Response:
    """The newest rows, and the first row of all that was tampered with, null if none was."""
    rows = await select_audit_rows(ctx().db, caller().scope, query(Which).limit)
    return reply({"rows": rows, "first_broken_row": await audit.verify(ctx().db)})
