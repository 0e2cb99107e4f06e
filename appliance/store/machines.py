"""Machines."""

import asyncpg

from appliance.errors import Conflict
from appliance.model.factory import Machine
from appliance.model.ids import FactoryId, MachineId
from appliance.model.scope import Scope
from appliance.store.pool import Db


async def select_machines(
    db: Db, scope: Scope, factory_id: FactoryId | None = None
) -> list[Machine]:
    """The machines in scope, or those of one factory in scope, by area and name."""
    rows = await db.fetch(
        """
        select id, factory_id, name, kind, area from machines
         where factory_id = any ($1::int[]) and ($2::int is null or factory_id = $2)
         order by factory_id, area, name
        """,
        scope.factory_ids,
        factory_id,
    )
    return [Machine(**row) for row in rows]


async def select_machine(db: Db, scope: Scope, machine_id: MachineId) -> Machine | None:
    """One machine in scope."""
    row = await db.fetchrow(
        """
        select id, factory_id, name, kind, area from machines
         where id = $2 and factory_id = any ($1::int[])
        """,
        scope.factory_ids,
        machine_id,
    )
    return None if row is None else Machine(**row)


async def insert_machine(db: Db, factory_id: FactoryId, name: str, kind: str, area: str) -> Machine:
    """Add a machine; a name that its factory has already is a Conflict."""
    try:
        made: MachineId = await db.fetchval(
            """
            insert into machines (factory_id, name, kind, area) values ($1, $2, $3, $4) returning id
            """,
            factory_id,
            name,
            kind,
            area,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"This factory has a machine {name} already.") from error
    return Machine(made, factory_id, name, kind, area)
