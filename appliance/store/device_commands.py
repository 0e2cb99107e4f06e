"""Commands that people give devices."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from appliance.errors import Conflict
from appliance.model.command import Action, Command, NewCommand
from appliance.model.ids import DeviceId, FactoryId
from appliance.store.pool import Connection, Db

KEPT = 200
"""So many of a device are listed."""


async def select_device_commands(
    db: Db, device_id: DeviceId, *, waiting: bool = False
) -> list[Command]:
    """A device's commands, newest first; only those that wait, oldest first. The caller has seen
    that the device is in scope."""
    rows = await db.fetch(
        """
        select id, device_id, action as do, seconds, asked_at, asked_by, done_at
          from device_commands where device_id = $1 and not ($2 and done_at is not null)
         order by id desc limit $3""",
        device_id,
        waiting,
        KEPT,
    )
    found = [Command(**row) for row in rows]
    return found[::-1] if waiting else found


async def insert_device_command(
    db: Connection, device_id: DeviceId, asked: NewCommand, by: str, now: datetime
) -> Command:
    """Keep a command for a device; one that waits already is a Conflict."""
    try:
        row = await db.fetchrow(
            """
            insert into device_commands (device_id, action, seconds, asked_at, asked_by)
            values ($1, $2, $3, $4, $5)
            returning id, device_id, action as do, seconds, asked_at, asked_by, done_at""",
            device_id,
            asked.do,
            asked.seconds,
            now,
            by,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"The command {asked.do} waits for this device already.") from error
    return Command(**row)  # type: ignore[arg-type]  # an insert returns its row


async def delete_expired_commands(
    db: Connection, given_before: datetime
) -> list[tuple[FactoryId, Command]]:
    """Delete what was given before this moment and is not done; each with its factory."""
    rows = await db.fetch(
        """
        delete from device_commands c using devices d
         where d.id = c.device_id and c.done_at is null and c.asked_at < $1
        returning d.factory_id, c.id, c.device_id, c.action as do, c.seconds, c.asked_at,
                  c.asked_by, c.done_at""",
        given_before,
    )
    return [(FactoryId(factory_id), Command(*command)) for factory_id, *command in rows]


async def update_commands_done(
    db: Db, device_id: DeviceId, now: datetime, *, ids: Sequence[int] = (), do: Action | None = None
) -> bool:
    """Note that a device has done these commands, or all of a kind; whether any of them waited."""
    done = await db.fetch(
        """
        update device_commands set done_at = $2
         where device_id = $1 and done_at is null and (id = any($3::bigint[]) or action = $4)
        returning id""",
        device_id,
        now,
        list(ids),
        do,
    )
    return bool(done)
