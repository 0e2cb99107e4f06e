"""The record of who did what: append-only, each row bound to the one before by its hash."""

from typing import Any

from appliance.model.audit import AuditEntry, AuditRow
from appliance.model.scope import Scope
from appliance.store.pool import Db

_LOCK = 0x61756469
"""Serialises writers of the chain; "audi" in ASCII."""

_READ_ALL_SECONDS = 60.0
"""Years of rows: some six microseconds each."""


async def insert_audit_row(db: Db, entry: AuditEntry) -> int:
    """Append an entry and return its row's id. Needs a transaction, best as its last statement:
    other writers wait until it ends.

    The hash is SHA-256 over the previous hash and the JSON array of all fields as PostgreSQL
    prints it.
    """
    # A statement of its own: the next one must see what the holder before us has committed.
    await db.execute("select pg_advisory_xact_lock($1)", _LOCK)
    row_id: int = await db.fetchval(
        """
        with fresh as (
            select nextval(pg_get_serial_sequence('audit', 'id')) as id,
                   coalesce((select hash from audit order by id desc limit 1),
                            decode(repeat('00', 32), 'hex')) as previous_hash
        )
        insert into audit (id, at, actor, address, action, object, factory_ids, old, new,
                           reason, previous_hash, hash)
        overriding system value
        select id, $1::timestamptz, $2::text, $3::text, $4::text, $5::text, $6::int[], $7::jsonb,
               $8::jsonb, $9::text, previous_hash,
               sha256(previous_hash || convert_to(jsonb_build_array(
                   id, to_char($1::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
                   $2::text, $3::text, $4::text, $5::text, $6::int[], $7::jsonb, $8::jsonb,
                   $9::text
               )::text, 'UTF8'))
          from fresh
        returning id
        """,
        entry.at,
        entry.actor.name,
        entry.actor.address,
        entry.action,
        entry.object,
        entry.factory_ids,
        entry.old,
        entry.new,
        entry.reason,
    )
    return row_id


async def select_audit_rows(db: Db, scope: Scope, limit: int) -> list[AuditRow]:
    """The newest rows first: what concerns the factories in scope, or the appliance as a whole."""
    rows = await db.fetch(
        """
        select id, at, actor, address, action, object, factory_ids, old, new, reason,
               encode(hash, 'hex') as hash
          from audit
         where factory_ids = '{}' or factory_ids && $1::int[]
         order by id desc limit $2
        """,
        scope.factory_ids,
        limit,
    )
    return [_row(row) for row in rows]


async def select_first_broken_audit_row(db: Db) -> int | None:
    """The id of the first row that is not as it was written or does not follow the one before."""
    broken: int | None = await db.fetchval(
        """
        select id from (
            select id, hash, previous_hash,
                   lag(hash, 1, decode(repeat('00', 32), 'hex')) over (order by id) as before,
                   sha256(previous_hash || convert_to(jsonb_build_array(
                       id, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
                       actor, address, action, object, factory_ids, old, new, reason
                   )::text, 'UTF8')) as computed
              from audit
        ) as chain
         where hash <> computed or previous_hash <> before
         order by id limit 1
        """,
        timeout=_READ_ALL_SECONDS,
    )
    return broken


def _row(row: Any) -> AuditRow:
    return AuditRow(**row)
