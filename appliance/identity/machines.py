"""Machines: what devices are fixed to, named so that people find them."""

from datetime import datetime

import msgspec

from appliance.errors import NotFound
from appliance.identity import audit
from appliance.model.audit import Actor, AuditEntry
from appliance.model.factory import Machine
from appliance.model.ids import GivenFactoryId
from appliance.model.scope import Scope
from appliance.model.text import Label, Name
from appliance.store import machines
from appliance.store.pool import Pool


class NewMachine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A machine to be added."""

    factory_id: GivenFactoryId
    name: Name
    kind: Label = ""
    area: Label = ""


async def create(db: Pool, scope: Scope, actor: Actor, asked: NewMachine, now: datetime) -> Machine:
    """Add a machine to a factory in scope."""
    if asked.factory_id not in scope.factory_ids:
        raise NotFound("There is no such factory.")
    async with db.acquire() as connection, connection.transaction():
        machine = await machines.insert_machine(
            connection, asked.factory_id, asked.name, asked.kind, asked.area
        )
        entry = AuditEntry(
            at=now,
            actor=actor,
            action="machine.create",
            object=f"machine {machine.id}",
            factory_ids=[machine.factory_id],
            new=msgspec.to_builtins(machine),
        )
        await audit.record(connection, entry)
    return machine
