"""Boards that a technician flashes become devices."""

import asyncio

from quart import Blueprint, Response

from appliance.http.access import actor, allow, caller
from appliance.http.body import body, reply
from appliance.http.context import ctx
from appliance.identity import device_batches as batches
from appliance.identity import device_claims as claims
from appliance.identity.device_batches import NewBatch, Used
from appliance.identity.device_claims import Claim, Home
from appliance.model.user import Role
from appliance.reports import signing

blueprint = Blueprint("device_claims", __name__, url_prefix="/devices/claims")


@blueprint.post("")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def claim() -> Response:
    """Make a board a device, or find the device it is; the answer holds its new key, once."""
    asked = await body(Claim)
    c = ctx()
    claimed = await claims.claim(c.db, caller().scope, actor(), asked, await _home(), c.clock())
    return reply(claimed, 200 if claimed.known else 201)


@blueprint.post("/batch")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def make_batch() -> Response:
    """Make devices whose boards are flashed elsewhere; the answer holds their keys, once."""
    asked = await body(NewBatch)
    c = ctx()
    secret = await asyncio.to_thread(signing.secret_key, c.settings.secrets_dir)
    who = caller().scope, actor()
    return reply(await batches.make(c.db, *who, asked, await _home(), secret, c.clock()), 201)


@blueprint.post("/used")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def report_used() -> Response:
    """Note which boards the devices of a batch run on."""
    used = await body(Used)
    c = ctx()
    taken, refused = await batches.report(c.db, caller().scope, actor(), used, c.clock())
    return reply({"taken": taken, "refused": refused})


async def _home() -> Home:
    settings = ctx().settings
    folders = settings.certificates_dir, settings.secrets_dir
    return await claims.home(*folders, settings.device_port)
