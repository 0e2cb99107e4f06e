"""Roll-outs of firmware, and where each device is in them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import asyncpg

from appliance.errors import Conflict
from appliance.model.firmware import NewRollout, Release, Rollout, RolloutDevice, Update
from appliance.model.ids import DeviceId, FactoryId
from appliance.model.scope import Scope
from appliance.store.pool import Connection, Db


class Progress(NamedTuple):
    """How far a running roll-out is: its devices up to the current stage. open: neither running
    nor failed; failures: since it was begun or resumed; quiet_since: nothing has changed."""

    id: int
    factory_id: FactoryId
    version: str
    stage: int
    reached: int
    open: int
    failures: int
    quiet_since: datetime


class Halted(NamedTuple):
    """A roll-out that devices failed, with the newest of them and what is known of that one."""

    version: str
    reason: str
    changed_at: datetime
    device_id: DeviceId
    device: str
    machine: str | None
    detail: str


async def select_halted(db: Db, factory_id: FactoryId) -> Halted | None:
    """A factory's newest roll-out, if devices failed it and it is halted."""
    row = await db.fetchrow(
        """
        select r.version, r.reason, r.changed_at, d.id as device_id, d.name as device,
               m.name as machine, f.detail
          from firmware_rollouts r
          join firmware_rollout_devices f
            on f.rollout_id = r.id and f.state in ('failed', 'back')
          join devices d on d.id = f.device_id
          left join machines m on m.id = d.machine_id
         where r.factory_id = $1 and r.state = 'halted'
           and r.id = (select max(id) from firmware_rollouts where factory_id = $1)
         order by f.changed_at desc, d.id limit 1""",
        factory_id,
    )
    return None if row is None else Halted(**row)


async def select_rollouts(db: Db, scope: Scope, rollout_id: int | None = None) -> list[Rollout]:
    """The roll-outs in scope, newest first, or one of them."""
    rows = await db.fetch(
        """
        select r.id, r.factory_id, r.release_id, r.version, r.state, r.stage, r.begun_at,
               r.begun_by, r.changed_at, r.reason,
               array(select f.state from firmware_rollout_devices f where f.rollout_id = r.id)
                   as states
          from firmware_rollouts r
         where r.factory_id = any ($1::int[]) and ($2::int is null or r.id = $2)
         order by r.id desc limit 200""",
        scope.factory_ids,
        rollout_id,
    )
    return [
        Rollout(
            **{name: value for name, value in row.items() if name != "states"},
            devices={state: row["states"].count(state) for state in Update},
        )
        for row in rows
    ]


async def select_rollout_devices(db: Db, rollout_id: int) -> list[RolloutDevice]:
    """The devices of a roll-out by stage; the caller has seen that it is in scope."""
    rows = await db.fetch(
        """
        select f.device_id, d.name as device, f.stage, f.state, f.changed_at, f.fetched_at,
               f.told_at, f.detail
          from firmware_rollout_devices f join devices d on d.id = f.device_id
         where f.rollout_id = $1 order by f.stage, d.name, d.id""",
        rollout_id,
    )
    return [RolloutDevice(**row) for row in rows]


async def select_nodes(
    db: Db, factory_id: FactoryId, device_ids: Sequence[DeviceId] | None
) -> list[DeviceId]:
    """A factory's devices of those named, or all that ever told of their firmware; those heard of
    last come first, as a roll-out begins with one that is there."""
    rows = await db.fetch(
        """
        select d.id
          from devices d
          left join latest l on l.device_id = d.id
          left join device_firmware f on f.device_id = d.id
         where d.factory_id = $1
           and case when $2::int[] is null then f.device_id is not null else d.id = any($2) end
         order by l.received_at desc nulls last, d.id""",
        factory_id,
        device_ids,
    )
    return [DeviceId(row["id"]) for row in rows]


async def insert_rollout(
    db: Connection, release: Release, asked: NewRollout, by: str, now: datetime
) -> int:
    """Add a roll-out without devices yet; Conflict while another runs in the factory."""
    try:
        made: int = await db.fetchval(
            """
            insert into firmware_rollouts
                (factory_id, release_id, version, begun_at, begun_by, changed_at, watched_from)
            values ($1, $2, $3, $4, $5, $4, $4) returning id""",
            asked.factory_id,
            release.id,
            release.version,
            now,
            by,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict("Another roll-out runs in this factory. Halt it first.") from error
    return made


async def insert_rollout_devices(
    db: Connection, rollout_id: int, staged: Sequence[tuple[DeviceId, int]], now: datetime
) -> None:
    """Add the devices of a roll-out, each with its stage."""
    await db.execute(
        """
        insert into firmware_rollout_devices (rollout_id, device_id, stage, changed_at)
        select $1, s.device_id, s.stage, $4
          from unnest($2::int[], $3::int[]) as s (device_id, stage)""",
        rollout_id,
        [device_id for device_id, _ in staged],
        [stage for _, stage in staged],
        now,
    )


async def update_rollout_stage(
    db: Connection, rollout_id: int, stage: int, now: datetime
) -> list[DeviceId]:
    """Open a stage: its devices are offered the release, or run it already; which they are."""
    await db.execute(
        "update firmware_rollouts set stage = $2, changed_at = $3 where id = $1",
        rollout_id,
        stage,
        now,
    )
    rows = await db.fetch(
        """
        update firmware_rollout_devices f
           set state = case when exists (select from device_firmware d
                                          where d.device_id = f.device_id and d.version = r.version)
                            then 'running' else 'offered' end,
               changed_at = $3
          from firmware_rollouts r
         where r.id = f.rollout_id and f.rollout_id = $1 and f.stage <= $2 and f.state = 'waiting'
        returning f.device_id""",
        rollout_id,
        stage,
        now,
    )
    return [DeviceId(row["device_id"]) for row in rows]


async def update_rollout_state(
    db: Connection, rollout_id: int, state: str, reason: str | None, now: datetime
) -> list[DeviceId]:
    """Halt, resume or end a roll-out; the devices under way. Conflict if another one runs.

    Failures before this moment are known to whoever resumes it, and halt it no more.
    """
    try:
        await db.execute(
            """
            update firmware_rollouts
               set state = $2, reason = $3, changed_at = $4, watched_from = $4 where id = $1""",
            rollout_id,
            state,
            reason,
            now,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict("Another roll-out runs in this factory. Halt it first.") from error
    rows = await db.fetch(
        """
        select device_id from firmware_rollout_devices
         where rollout_id = $1 and state in ('offered', 'fetching')""",
        rollout_id,
    )
    return [DeviceId(row["device_id"]) for row in rows]


async def update_device_fetching(db: Db, device_id: DeviceId, now: datetime) -> None:
    """Note when a device first fetched what a running roll-out offers it."""
    await db.execute(
        """
        update firmware_rollout_devices f set state = 'fetching', fetched_at = $2, changed_at = $2
          from firmware_rollouts r
         where r.id = f.rollout_id and r.state = 'running'
           and f.device_id = $1 and f.state = 'offered'""",
        device_id,
        now,
    )


async def update_device_told(db: Db, device_id: DeviceId, version: str, now: datetime) -> bool:
    """Note that a device runs a version that it was offered; whether it was."""
    return bool(
        await db.fetch(
            """
            update firmware_rollout_devices f set told_at = $3
              from firmware_rollouts r
             where r.id = f.rollout_id and r.version = $2 and f.device_id = $1
               and f.told_at is null and f.state in ('offered', 'fetching', 'failed')
            returning true""",
            device_id,
            version,
            now,
        )
    )


async def update_device_failed(
    db: Db, device_id: DeviceId, version: str | None, state: Update, detail: str, now: datetime
) -> bool:
    """Note that a device refused what it was offered, or came back from it; whether it was.

    version: which one it was; None: what it was offered last.
    """
    return bool(
        await db.fetch(
            """
            update firmware_rollout_devices f set state = $3, detail = $4, changed_at = $5
              from firmware_rollouts r
             where r.id = f.rollout_id and ($2::text is null or r.version = $2)
               and f.device_id = $1 and f.state in ('offered', 'fetching', 'failed')
               and not (f.state = 'failed' and $3 = 'failed')
            returning true""",
            device_id,
            version,
            state,
            detail,
            now,
        )
    )


async def update_devices_settled(db: Db, now: datetime, patience: timedelta) -> None:
    """Of all roll-outs: who told the version and was heard of since runs it; who fetched it and
    was not within `patience` has failed."""
    await db.execute(
        """
        update firmware_rollout_devices f set state = 'running', changed_at = $1, detail = ''
          from latest l
         where l.device_id = f.device_id and l.received_at > f.told_at
           and f.state in ('offered', 'fetching', 'failed')""",
        now,
    )
    await db.execute(
        """
        update firmware_rollout_devices set state = 'failed', changed_at = $1,
               detail = case when told_at is null then 'It did not come back after it fetched this.'
                             else 'It came back and has sent no reading since.' end
         where state in ('offered', 'fetching')
           and coalesce(told_at, fetched_at) <= $1::timestamptz - $2::interval""",
        now,
        patience,
    )


async def select_progress_for_update(db: Connection) -> list[Progress]:
    """Every running roll-out that nobody else looks at, held until the transaction ends."""
    held = await db.fetch(
        """
        select id from firmware_rollouts where state = 'running'
         order by id for update skip locked"""
    )
    rows = await db.fetch(
        """
        select r.id, r.factory_id, r.version, r.stage, count(f.device_id) as reached,
               count(*) filter (where f.state in ('waiting', 'offered', 'fetching')) as open,
               count(*) filter (where f.state in ('failed', 'back')
                                  and f.changed_at >= r.watched_from) as failures,
               greatest(max(f.changed_at), r.changed_at) as quiet_since
          from firmware_rollouts r
          left join firmware_rollout_devices f on f.rollout_id = r.id and f.stage <= r.stage
         where r.id = any ($1::int[])
         group by r.id order by r.id""",
        [row["id"] for row in held],
    )
    return [Progress(**row) for row in rows]


async def exists_rollout_of(db: Db, release_id: int) -> bool:
    """Whether a roll-out of this release runs."""
    return bool(
        await db.fetchval(
            """
            select exists (select from firmware_rollouts
                            where release_id = $1 and state = 'running')""",
            release_id,
        )
    )


async def lock_rollout(db: Connection, rollout_id: int) -> None:
    """Let nobody else change a roll-out before this transaction ends."""
    await db.execute("select from firmware_rollouts where id = $1 for update", rollout_id)
