"""Devices."""

import asyncpg

from appliance.errors import Conflict
from appliance.model.device import Device
from appliance.model.ids import DeviceId, FactoryId, MachineId
from appliance.model.scope import Scope
from appliance.store.pool import Connection, Db


async def select_devices(db: Db, scope: Scope) -> list[Device]:
    """The devices in scope, by name."""
    rows = await db.fetch(
        """
        select d.id, d.factory_id, d.name, d.machine_id, m.name as machine, m.area,
               d.expected_interval_ms, d.created_at
          from devices d
          left join machines m on m.id = d.machine_id
         where d.factory_id = any ($1::int[])
         order by d.name, d.id
        """,
        scope.factory_ids,
    )
    return [Device(**row) for row in rows]


async def select_device(db: Db, scope: Scope, device_id: DeviceId) -> Device | None:
    """One device in scope."""
    row = await db.fetchrow(
        """
        select d.id, d.factory_id, d.name, d.machine_id, m.name as machine, m.area,
               d.expected_interval_ms, d.created_at
          from devices d
          left join machines m on m.id = d.machine_id
         where d.id = $2 and d.factory_id = any ($1::int[])
        """,
        scope.factory_ids,
        device_id,
    )
    return None if row is None else Device(**row)


async def lock_device(db: Connection, device_id: DeviceId) -> None:
    """Let nobody else change a device before this transaction ends."""
    await db.execute("select from devices where id = $1 for update", device_id)


async def update_device(db: Db, device: Device) -> None:
    """Change a device's name, machine and interval; a name its factory has is a Conflict."""
    try:
        await db.execute(
            """
            update devices set name = $2, machine_id = $3, expected_interval_ms = $4
             where id = $1""",
            device.id,
            device.name,
            device.machine_id,
            device.expected_interval_ms,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"This factory has a device {device.name} already.") from error


async def insert_device(
    db: Db,
    factory_id: FactoryId,
    name: str,
    machine_id: MachineId | None,
    expected_interval_ms: int,
) -> DeviceId:
    """Add a device; a name that its factory has already is a Conflict."""
    try:
        made: DeviceId = await db.fetchval(
            """
            insert into devices (factory_id, name, machine_id, expected_interval_ms)
            values ($1, $2, $3, $4) returning id
            """,
            factory_id,
            name,
            machine_id,
            expected_interval_ms,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"This factory has a device {name} already.") from error
    return made
