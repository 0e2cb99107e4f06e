"""Roll-outs: a release reaches one node, then a tenth, then all, and stops by itself when nodes
do not come back."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from appliance.errors import Conflict, NotFound, Unprocessable
from appliance.identity import audit
from appliance.model.audit import Actor, AuditEntry
from appliance.model.firmware import NewRollout, Rollout, RolloutDevice, RolloutState
from appliance.model.ids import DeviceId, FactoryId
from appliance.model.scope import Scope
from appliance.store import rollouts as stored
from appliance.store.device_keys import notify_device_keys
from appliance.store.firmware import select_release
from appliance.store.pool import Connection, Pool
from appliance.store.rollouts import Progress

LAST_STAGE = 3
TENTH = 10
TOLERATED = 0.05
"""This part of the devices offered so far may fail before a roll-out halts; of the first, none."""
ITSELF = Actor("carbonseed", "roll-outs")

log = logging.getLogger(__name__)


class Pace(NamedTuple):
    """soak: how long a stage is watched before the next one begins; patience: how long a device
    may take to come back with what it has fetched."""

    soak: timedelta
    patience: timedelta


def stage_of(position: int, count: int) -> int:
    """The stage in which the device at a position (from 0) of so many is offered a release."""
    if position == 0:
        return 1
    return 2 if position < -(-count // TENTH) else LAST_STAGE


async def one(db: Pool, scope: Scope, rollout_id: int) -> tuple[Rollout, Sequence[RolloutDevice]]:
    """A roll-out in scope with its devices."""
    found = await stored.select_rollouts(db, scope, rollout_id)
    if not found:
        raise NotFound("There is no such roll-out.")
    return found[0], await stored.select_rollout_devices(db, rollout_id)


async def begin(db: Pool, scope: Scope, actor: Actor, asked: NewRollout, now: datetime) -> Rollout:
    """Offer a release to a first device; `advance` does the rest."""
    if asked.factory_id not in scope.factory_ids:
        raise NotFound("There is no such factory.")
    async with db.acquire() as connection, connection.transaction():
        release = await select_release(connection, asked.release_id)
        if release is None:
            raise NotFound("There is no such release.")
        nodes = await stored.select_nodes(connection, FactoryId(asked.factory_id), asked.device_ids)
        if missing := set(asked.device_ids or ()) - set(nodes):
            raise NotFound(f"There is no device {min(missing)} in this factory.")
        if not nodes:
            raise Unprocessable("No node of this factory has told yet which firmware it runs.")
        rollout_id = await stored.insert_rollout(connection, release, asked, actor.name, now)
        staged = [(node, stage_of(i, len(nodes))) for i, node in enumerate(nodes)]
        await stored.insert_rollout_devices(connection, rollout_id, staged, now)
        await _open(connection, rollout_id, 1, now)
        told = {"version": release.version, "devices": len(nodes)}
        entry = _entry(actor, "firmware.rollout.begin", rollout_id, asked.factory_id, now)
        await audit.record(connection, msgspec.structs.replace(entry, new=told))
        return (await stored.select_rollouts(connection, scope, rollout_id))[0]


async def halt(
    db: Pool, scope: Scope, actor: Actor, rollout_id: int, reason: str, now: datetime
) -> Rollout:
    """Offer a release to nobody else; who has fetched it goes on."""
    async with db.acquire() as connection, connection.transaction():
        found = await _in_state(connection, scope, rollout_id, RolloutState.RUNNING)
        await _halt(connection, rollout_id, found.factory_id, actor, reason, now)
        return (await stored.select_rollouts(connection, scope, rollout_id))[0]


async def resume(db: Pool, scope: Scope, actor: Actor, rollout_id: int, now: datetime) -> Rollout:
    """Let a halted roll-out go on; what has failed so far is taken as known."""
    async with db.acquire() as connection, connection.transaction():
        found = await _in_state(connection, scope, rollout_id, RolloutState.HALTED)
        if found.release_id is None:
            raise Conflict(f"The release {found.version} has been deleted. Begin another roll-out.")
        devices = await stored.update_rollout_state(
            connection, rollout_id, RolloutState.RUNNING, None, now
        )
        await notify_device_keys(connection, devices)
        entry = _entry(actor, "firmware.rollout.resume", rollout_id, found.factory_id, now)
        old = {"reason": found.reason}
        await audit.record(connection, msgspec.structs.replace(entry, old=old))
        return (await stored.select_rollouts(connection, scope, rollout_id))[0]


async def advance(db: Connection, pace: Pace, now: datetime) -> None:
    """Look at every roll-out once: settle devices, halt, open the next stage, or end it."""
    async with db.transaction():
        await stored.update_devices_settled(db, now, pace.patience)
        for found in await stored.select_progress_for_update(db):
            if said := trouble(found):
                await _halt(db, found.id, found.factory_id, ITSELF, said, now)
                log.warning(
                    "Roll-out %d of firmware %s has halted: %s", found.id, found.version, said
                )
            elif not found.open and (
                found.stage == LAST_STAGE or now >= found.quiet_since + pace.soak
            ):
                await _next(db, found, now)


def trouble(found: Progress) -> str | None:
    """Why a roll-out must halt, None while it may go on."""
    if not found.failures or (found.stage > 1 and found.failures <= TOLERATED * found.reached):
        return None
    one_of = "device that was" if found.reached == 1 else "devices that were"
    return f"{found.failures} of {found.reached} {one_of} offered {found.version} did not take it."


async def _next(db: Connection, found: Progress, now: datetime) -> None:
    stage = found.stage
    while stage < LAST_STAGE:
        stage += 1
        if await _open(db, found.id, stage, now):
            return
    await stored.update_rollout_state(db, found.id, RolloutState.DONE, None, now)
    entry = _entry(ITSELF, "firmware.rollout.done", found.id, found.factory_id, now)
    await audit.record(db, entry)


async def _open(db: Connection, rollout_id: int, stage: int, now: datetime) -> list[DeviceId]:
    devices = await stored.update_rollout_stage(db, rollout_id, stage, now)
    await notify_device_keys(db, devices)
    return devices


async def _halt(
    db: Connection,
    rollout_id: int,
    factory_id: FactoryId,
    actor: Actor,
    reason: str,
    now: datetime,
) -> None:
    devices = await stored.update_rollout_state(db, rollout_id, RolloutState.HALTED, reason, now)
    await notify_device_keys(db, devices)
    entry = _entry(actor, "firmware.rollout.halt", rollout_id, factory_id, now)
    await audit.record(db, msgspec.structs.replace(entry, reason=reason))


async def _in_state(db: Connection, scope: Scope, rollout_id: int, state: RolloutState) -> Rollout:
    await stored.lock_rollout(db, rollout_id)
    found = await stored.select_rollouts(db, scope, rollout_id)
    if not found:
        raise NotFound("There is no such roll-out.")
    if found[0].state != state:
        raise Conflict(f"The roll-out is {found[0].state}.")
    return found[0]


def _entry(
    actor: Actor, action: str, rollout_id: int, factory_id: FactoryId, now: datetime
) -> AuditEntry:
    return AuditEntry(
        at=now,
        actor=actor,
        action=action,
        object=f"roll-out {rollout_id}",
        factory_ids=[factory_id],
    )
