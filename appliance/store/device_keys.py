"""The keys that devices sign in with; a secret is never here, only its SHA-256."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from appliance.model.device import DeviceKey, KeyHolder
from appliance.model.ids import DeviceId, KeyId
from appliance.model.scope import Scope
from appliance.store.pool import Db

CHANNEL = "keys"
"""Keys that are revoked, or for whose device something waits, are told here by id, in the
transaction that makes it so."""


async def insert_device_key(
    db: Db, scope: Scope, device_id: DeviceId, key_id: KeyId, sha256: bytes, now: datetime
) -> bool:
    """Add a key to a device; False where the device is not in scope."""
    return bool(
        await db.fetchval(
            """
            insert into device_keys (id, device_id, sha256, created_at)
            select $3, d.id, $4, $5 from devices d where d.id = $1 and d.factory_id = any($2)
            returning true""",
            device_id,
            scope.factory_ids,
            key_id,
            sha256,
            now,
        )
    )


async def select_live_count_for_update(db: Db, scope: Scope, device_id: DeviceId) -> int | None:
    """Hold the device and count its live keys; None where it is not in scope."""
    held = await db.fetchval(
        "select id from devices where id = $1 and factory_id = any($2) for update",
        device_id,
        scope.factory_ids,
    )
    if held is None:
        return None
    live: int = await db.fetchval(
        "select count(*) from device_keys where device_id = $1 and revoked_at is null", device_id
    )
    return live


async def select_device_keys(db: Db, scope: Scope, device_id: DeviceId) -> list[DeviceKey]:
    """The keys of a device, newest first, revoked ones included."""
    rows = await db.fetch(
        """
        select k.id, k.device_id, k.created_at, k.revoked_at, k.last_used_at
          from device_keys k
          join devices d on d.id = k.device_id
         where k.device_id = $1 and d.factory_id = any($2)
         order by k.created_at desc, k.id""",
        device_id,
        scope.factory_ids,
    )
    return [DeviceKey(**row) for row in rows]


async def update_device_key_revoked(
    db: Db, scope: Scope, device_id: DeviceId, key_id: KeyId, now: datetime
) -> bool:
    """Revoke a key and tell every process; False where it is not in scope or was revoked before."""
    return bool(
        await db.fetchval(
            """
            with revoked as (
                update device_keys k set revoked_at = $4
                  from devices d
                 where d.id = k.device_id and d.factory_id = any($3)
                   and k.id = $1 and k.device_id = $2 and k.revoked_at is null
                returning k.id
            )
            select true from (select pg_notify($5, id) from revoked) as told""",
            key_id,
            device_id,
            scope.factory_ids,
            now,
            CHANNEL,
        )
    )


async def update_last_used(db: Db, used: Mapping[KeyId, datetime]) -> None:
    """Note when keys were last used."""
    await db.execute(
        """
        update device_keys k set last_used_at = greatest(k.last_used_at, u.at)
          from unnest($1::text[], $2::timestamptz[]) as u (id, at)
         where k.id = u.id""",
        list(used),
        list(used.values()),
    )


async def select_key_holder(db: Db, key_id: KeyId) -> KeyHolder | None:
    """The device a live key speaks for: before this, nobody is known, so there is no scope yet."""
    row = await db.fetchrow(
        """
        select k.id as key_id, k.device_id, d.factory_id, k.sha256, d.created_at,
               (select o.id from device_keys o where o.id = k.replaces and o.revoked_at is null)
                   as replaces,
               (select max(c.version) from device_configs c where c.device_id = d.id) as config,
               (select r.version
                  from firmware_rollout_devices f
                  join firmware_rollouts r on r.id = f.rollout_id
                 where f.device_id = d.id and f.state in ('offered', 'fetching')
                   and r.state = 'running' and f.told_at is null
                 limit 1) as firmware,
               (select count(*) from device_commands c
                 where c.device_id = d.id and c.done_at is null) as commands
          from device_keys k
          join devices d on d.id = k.device_id
         where k.id = $1 and k.revoked_at is null""",
        key_id,
    )
    return KeyHolder(**row) if row else None


async def insert_successor_key(
    db: Db, device_id: DeviceId, key_id: KeyId, sha256: bytes, replaces: KeyId, now: datetime
) -> bool:
    """Give a device the key that is to replace a live one of its own; False: that is revoked."""
    return bool(
        await db.fetchval(
            """
            insert into device_keys (id, device_id, sha256, created_at, replaces)
            select $2, k.device_id, $3, $5, k.id from device_keys k
             where k.device_id = $1 and k.id = $4 and k.revoked_at is null
            returning true""",
            device_id,
            key_id,
            sha256,
            replaces,
            now,
        )
    )


async def update_other_keys_revoked(
    db: Db, device_id: DeviceId, kept: KeyId, now: datetime
) -> list[KeyId]:
    """Revoke every live key of a device but one and tell every process; which they were."""
    rows = await db.fetch(
        """
        with revoked as (
            update device_keys set revoked_at = $3
             where device_id = $1 and id <> $2 and revoked_at is null returning id
        )
        select id, pg_notify($4, id) from revoked""",
        device_id,
        kept,
        now,
        CHANNEL,
    )
    return [KeyId(row["id"]) for row in rows]


async def notify_device_keys(db: Db, device_ids: Sequence[DeviceId]) -> None:
    """Tell every process that something else waits for these devices than it may remember."""
    await db.execute(
        """
        select pg_notify($2, id) from device_keys
         where device_id = any($1::int[]) and revoked_at is null""",
        device_ids,
        CHANNEL,
    )
