"""The boards that devices run on, by the address burnt into each."""

import asyncpg

from appliance.errors import Conflict
from appliance.model.ids import DeviceId, KeyId
from appliance.model.scope import Scope
from appliance.store.pool import Db


async def select_device_id_by_mac(db: Db, scope: Scope, mac: str) -> DeviceId | None:
    """The device in scope that runs on this board, locked."""
    found: DeviceId | None = await db.fetchval(
        """
        select id from devices where mac = $2::text::macaddr and factory_id = any ($1::int[])
           for update
        """,
        scope.factory_ids,
        mac,
    )
    return found


async def select_mac(db: Db, scope: Scope, device_id: DeviceId) -> str | None:
    """The board that a device in scope runs on, locked; None: none yet."""
    found: str | None = await db.fetchval(
        """
        select mac::text from devices where id = $2 and factory_id = any ($1::int[]) for update
        """,
        scope.factory_ids,
        device_id,
    )
    return found


async def update_device_mac(db: Db, scope: Scope, device_id: DeviceId, mac: str | None) -> None:
    """Say which board a device runs on, None: on none; one that another runs on is a Conflict."""
    try:
        await db.execute(
            """
            update devices set mac = $3::text::macaddr
             where id = $2 and factory_id = any ($1::int[])
            """,
            scope.factory_ids,
            device_id,
            mac,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(
            f"The board {mac} is a device of another factory. Ask an administrator."
        ) from error


async def select_spare_key_ids(db: Db, scope: Scope, device_id: DeviceId) -> list[KeyId]:
    """The live keys of a device but the one used last; where none was used, but the newest."""
    rows = await db.fetch(
        """
        select k.id
          from device_keys k
          join devices d on d.id = k.device_id
         where k.device_id = $2 and d.factory_id = any ($1::int[]) and k.revoked_at is null
         order by k.last_used_at desc nulls last, k.created_at desc offset 1
        """,
        scope.factory_ids,
        device_id,
    )
    return [KeyId(row["id"]) for row in rows]
