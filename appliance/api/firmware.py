"""Firmware: releases, and how they reach the nodes of a factory."""

from quart import Blueprint, Response, request

from appliance.errors import UnsupportedMedia
from appliance.http.access import actor, allow, caller
from appliance.http.body import body, reply
from appliance.http.context import ctx
from appliance.model.firmware import Halt, NewRollout
from appliance.model.user import Role
from appliance.nodes import releases, rollouts
from appliance.store.firmware import select_releases
from appliance.store.rollouts import select_rollouts

BUNDLE = "application/octet-stream"

blueprint = Blueprint("firmware", __name__, url_prefix="/firmware")


@blueprint.get("/releases")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def list_releases() -> Response:
    """Every release, newest first, and what boards check them with."""
    key = await releases.public_key(ctx().settings.secrets_dir)
    return reply({"releases": await select_releases(ctx().db), "key": key})


@blueprint.post("/releases")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def add_release() -> Response:
    """Take a firmware bundle, check it, sign it and keep it."""
    if request.mimetype != BUNDLE:
        raise UnsupportedMedia(f"Send the bundle as it is, with Content-Type: {BUNDLE}.")
    data = await request.get_data(cache=False, as_text=False, parse_form_data=False)
    c = ctx()
    return reply(await releases.add(c.db, c.settings.secrets_dir, actor(), data, c.clock()), 201)


@blueprint.delete("/releases/<int:release_id>")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def delete_release(release_id: int) -> Response:
    """Delete a release that no running roll-out needs."""
    await releases.delete(ctx().db, actor(), release_id, ctx().clock())
    return Response(status=204)


@blueprint.get("/rollouts")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def list_rollouts() -> Response:
    """The roll-outs of the caller's factories, newest first."""
    return reply({"rollouts": await select_rollouts(ctx().db, caller().scope)})


@blueprint.post("/rollouts")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def begin_rollout() -> Response:
    """Begin to offer a release: to one device, then a tenth, then all."""
    asked, c = await body(NewRollout), ctx()
    return reply(await rollouts.begin(c.db, caller().scope, actor(), asked, c.clock()), 201)


@blueprint.get("/rollouts/<int:rollout_id>")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def get_rollout(rollout_id: int) -> Response:
    """A roll-out, and where each of its devices is."""
    found, devices = await rollouts.one(ctx().db, caller().scope, rollout_id)
    return reply({"rollout": found, "devices": devices})


@blueprint.post("/rollouts/<int:rollout_id>/halt")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def halt_rollout(rollout_id: int) -> Response:
    """Offer the release to nobody else."""
    asked, c, scope = await body(Halt), ctx(), caller().scope
    return reply(await rollouts.halt(c.db, scope, actor(), rollout_id, asked.reason, c.clock()))


@blueprint.post("/rollouts/<int:rollout_id>/resume")
@allow(Role.ADMINISTRATOR, Role.TECHNICIAN)
async def resume_rollout(rollout_id: int) -> Response:
    """Let a halted roll-out go on; what has failed so far is taken as known."""
    c = ctx()
    return reply(await rollouts.resume(c.db, caller().scope, actor(), rollout_id, c.clock()))
