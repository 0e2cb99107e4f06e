"""Reports: which there are, the reports themselves, and what people have signed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, cast

import msgspec
from quart import Blueprint, Response, current_app
from quart.blueprints import BlueprintSetupState

from appliance.errors import Unavailable
from appliance.http.access import EVERYONE, actor, allow, caller
from appliance.http.body import body, query, reply
from appliance.http.context import ctx
from appliance.model.ids import GivenFactoryId
from appliance.model.report import ReportKind
from appliance.model.user import Role
from appliance.reports import build, names, signing
from appliance.reports.build import Asked
from appliance.reports.render import CONTENT_TYPES, Format, render
from appliance.reports.signing import Signer, Signing
from appliance.store.signatures import select_signatures

blueprint = Blueprint("reports", __name__, url_prefix="/reports")

SEE_DEEDS = (Role.ADMINISTRATOR, Role.COMPLIANCE, Role.MANAGER)
"""May read compliance reports, which say who changed what."""
SIGN = (Role.ADMINISTRATOR, Role.COMPLIANCE)
MOST_WAITING = 4
AGAIN_SECONDS = 20
_TURNS = "carbonseed.reports"


class Which(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which factory and period, and in which form; without a period the last that is over."""

    factory_id: GivenFactoryId
    period: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    format: Format = "json"


class Turns:
    """One report at a time, so that memory and processors are left to what comes in."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(1)
        self._waiting = 0

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Wait for one's turn; behind too many others it is Unavailable."""
        if self._waiting >= MOST_WAITING:
            raise Unavailable("Many reports are being made.", retry_after_seconds=AGAIN_SECONDS)
        self._waiting += 1
        try:
            async with self._free:
                yield
        finally:
            self._waiting -= 1


@blueprint.record
def _give_turns(state: BlueprintSetupState) -> None:
    state.app.extensions[_TURNS] = Turns()


@blueprint.get("")
@allow(*EVERYONE)
async def list_reports() -> Response:
    """The periods there are reports of, by factory and kind."""
    found = await build.available(ctx().db, caller().scope, ctx().clock())
    return reply({"reports": [one for one in found if one.kind in _kinds()]})


@blueprint.get("/weekly")
@allow(*EVERYONE)
async def get_weekly() -> Response:
    """A weekly report."""
    return await _report(ReportKind.WEEKLY)


@blueprint.get("/monthly")
@allow(*EVERYONE)
async def get_monthly() -> Response:
    """A monthly report."""
    return await _report(ReportKind.MONTHLY)


@blueprint.get("/compliance")
@allow(*SEE_DEEDS)
async def get_compliance() -> Response:
    """A compliance report."""
    return await _report(ReportKind.COMPLIANCE)


@blueprint.get("/signed")
@allow(*EVERYONE)
async def list_signed() -> Response:
    """The signed reports, the newest first, and the key that signs."""
    c = ctx()
    found = await select_signatures(c.db, caller().scope)
    key = await c.source.run(signing.public_key, c.settings.secrets_dir)
    return reply({"signed": [one for one in found if one.kind in _kinds()], "key": key})


@blueprint.post("/signed")
@allow(*SIGN)
async def sign() -> Response:
    """Sign a report that one has read."""
    asked = await body(Signing)
    c = ctx()
    signer = Signer(caller(), actor(), c.keys, c.settings.secrets_dir)
    async with _turns().take():
        return reply(await signing.sign(c.source, signer, asked, c.clock()), 201)


@blueprint.get("/signed/<int:signature_id>")
@allow(*EVERYONE)
async def get_signed(signature_id: int) -> Response:
    """A signed report with what proves it, as one file."""
    scope = caller().scope
    signed, data = await signing.download(ctx().db, scope, _kinds(), signature_id)
    name = f"carbonseed-{signed.kind}-{signed.period.replace('..', '_')}-signed-{signed.id}.zip"
    return _file(data, "application/zip", name)


async def _report(kind: ReportKind) -> Response:
    asked = query(Which)
    c = ctx()
    which = Asked(kind, asked.factory_id, asked.period)
    async with _turns().take():
        made = await build.make(c.source, caller().scope, which, c.clock())
        data = await render(c.source, made, asked.format)
    name = names.file_name(made.report, asked.format)
    response = _file(data, CONTENT_TYPES[asked.format], name)
    response.headers["Report-SHA256"] = made.sha256
    return response


def _kinds() -> list[ReportKind]:
    """Those that the caller may read."""
    sees_deeds = caller().role in SEE_DEEDS
    return [kind for kind in ReportKind if sees_deeds or kind is not ReportKind.COMPLIANCE]


def _turns() -> Turns:
    extensions: dict[str, Any] = current_app.extensions
    return cast(Turns, extensions[_TURNS])


def _file(data: bytes, content_type: str, name: str) -> Response:
    response = Response(data, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
