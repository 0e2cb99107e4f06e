"""Incidents: marked by people, with a record of who did it."""

from datetime import datetime

import msgspec

from appliance.errors import NotFound, Unprocessable
from appliance.identity import audit
from appliance.model.audit import Actor, AuditEntry
from appliance.model.incident import Incident, NewIncident
from appliance.model.scope import Scope
from appliance.store import incidents
from appliance.store.pool import Connection, Pool


async def create(
    db: Pool, scope: Scope, actor: Actor, asked: NewIncident, now: datetime
) -> Incident:
    """Mark an incident on a device in scope."""
    if asked.begin >= asked.end:
        raise Unprocessable("An incident ends after it begins: `to` must be later than `from`.")
    async with db.acquire() as connection, connection.transaction():
        made = await incidents.insert_incident(connection, scope, asked, actor.name)
        if made is None:
            raise NotFound("There is no such device.")
        incident = await _one(connection, scope, made)
        entry = _entry(actor, "incident.create", incident, now)
        told = msgspec.to_builtins(incident)
        await audit.record(connection, msgspec.structs.replace(entry, new=told))
    return incident


async def remove(db: Pool, scope: Scope, actor: Actor, incident_id: int, now: datetime) -> None:
    """Take the mark of an incident in scope away."""
    async with db.acquire() as connection, connection.transaction():
        incident = await _one(connection, scope, incident_id)
        await incidents.delete_incident(connection, scope, incident_id)
        entry = _entry(actor, "incident.delete", incident, now)
        told = msgspec.to_builtins(incident)
        await audit.record(connection, msgspec.structs.replace(entry, old=told))


async def _one(db: Connection, scope: Scope, incident_id: int) -> Incident:
    for incident in await incidents.select_incidents(db, scope):
        if incident.id == incident_id:
            return incident
    raise NotFound("There is no such incident.")


def _entry(actor: Actor, action: str, incident: Incident, now: datetime) -> AuditEntry:
    return AuditEntry(
        at=now,
        actor=actor,
        action=action,
        object=f"incident {incident.id}",
        factory_ids=[incident.factory_id],
    )
