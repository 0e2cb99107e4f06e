"""Firmware releases: signed bundles, kept whole beside what is known of them."""

from datetime import datetime

import asyncpg

from appliance.errors import Conflict
from appliance.model.bundle import Manifest
from appliance.model.firmware import Release
from appliance.model.ids import DeviceId
from appliance.store.pool import Connection, Db

_COLUMNS = """id, version, mpy, files, length(bundle) as bytes, encode(sha256, 'hex') as sha256,
              key_fingerprint, added_at, added_by"""


async def select_releases(db: Db) -> list[Release]:
    """Every release, newest first."""
    rows = await db.fetch(f"select {_COLUMNS} from firmware_releases order by id desc")  # noqa: S608  our own columns
    return [Release(**row) for row in rows]


async def select_release(db: Db, release_id: int) -> Release | None:
    """One release."""
    row = await db.fetchrow(
        f"select {_COLUMNS} from firmware_releases where id = $1",  # noqa: S608  our own columns
        release_id,
    )
    return None if row is None else Release(**row)


async def insert_release(
    db: Connection, manifest: Manifest, bundle: bytes, fingerprint: str, by: str, now: datetime
) -> Release:
    """Keep a signed bundle; a version that is there already is a Conflict."""
    try:
        row = await db.fetchrow(
            f"""
            insert into firmware_releases
                (version, mpy, files, sha256, key_fingerprint, added_at, added_by, bundle)
            values ($1, $2, $3, sha256($7), $4, $5, $6, $7)
            returning {_COLUMNS}""",  # noqa: S608  our own columns
            manifest.version,
            manifest.mpy,
            len(manifest.files),
            fingerprint,
            now,
            by,
            bundle,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(
            f"There is a release {manifest.version} already. Give this one another version."
        ) from error
    return Release(**row)  # type: ignore[arg-type]  # an insert returns its row


async def delete_release(db: Db, release_id: int) -> None:
    """Delete a release; the roll-outs it had keep its version."""
    await db.execute("delete from firmware_releases where id = $1", release_id)


async def select_offered_bundle(db: Db, device_id: DeviceId) -> bytes | None:
    """The bundle that a running roll-out offers a device."""
    found: bytes | None = await db.fetchval(
        """
        select r.bundle
          from firmware_rollout_devices f
          join firmware_rollouts o on o.id = f.rollout_id
          join firmware_releases r on r.id = o.release_id
         where f.device_id = $1 and f.state in ('offered', 'fetching') and f.told_at is null
           and o.state = 'running'
         limit 1""",
        device_id,
    )
    return found


async def select_release_keys(db: Db) -> set[str]:
    """The fingerprints of the keys that have signed releases."""
    rows = await db.fetch("select distinct key_fingerprint from firmware_releases")
    return {row["key_fingerprint"] for row in rows}
