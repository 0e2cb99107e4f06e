"""Incidents that people have marked."""

from datetime import datetime

from appliance.model.ids import DeviceId
from appliance.model.incident import Incident, NewIncident
from appliance.model.scope import Scope
from appliance.store.pool import Db


async def insert_incident(db: Db, scope: Scope, asked: NewIncident, made_by: str) -> int | None:
    """Mark an incident on a device in scope; None if there is no such device."""
    made: int | None = await db.fetchval(
        """
        insert into incidents (factory_id, device_id, from_at, to_at, title, made_by)
        select factory_id, id, $3, $4, $5, $6 from devices
         where id = $2 and factory_id = any($1::int[])
        returning id
        """,
        scope.factory_ids,
        asked.device_id,
        asked.begin,
        asked.end,
        asked.title,
        made_by,
    )
    return made


async def select_incidents(
    db: Db,
    scope: Scope,
    device_id: DeviceId | None = None,
    between: tuple[datetime, datetime] | None = None,
) -> list[Incident]:
    """The incidents in scope, or of one device, that touch a time; the newest first."""
    begin, end = between or (None, None)
    rows = await db.fetch(
        """
        select i.id, i.factory_id, i.device_id, d.name as device, i.from_at as begin,
               i.to_at as "end", i.title, i.made_by
          from incidents i join devices d on d.id = i.device_id
         where i.factory_id = any($1::int[]) and ($2::int is null or i.device_id = $2)
           and ($3::timestamptz is null or i.to_at > $3)
           and ($4::timestamptz is null or i.from_at < $4)
         order by i.from_at desc, i.id
        """,
        scope.factory_ids,
        device_id,
        begin,
        end,
    )
    return [Incident(**row) for row in rows]


async def delete_incident(db: Db, scope: Scope, incident_id: int) -> None:
    """Take a mark away."""
    await db.execute(
        "delete from incidents where id = $2 and factory_id = any($1::int[])",
        scope.factory_ids,
        incident_id,
    )
