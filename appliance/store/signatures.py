"""Signed reports: kept whole, one after the other, never changed."""

from datetime import datetime
from typing import Any, NamedTuple

from appliance.model.ids import FactoryId
from appliance.model.report import ReportKind
from appliance.model.scope import Scope
from appliance.model.signature import Meaning, SignedReport, Statement
from appliance.store.pool import Connection, Db

_LOCK = 0x7369676E
"""Serialises writers of the chain; "sign" in ASCII."""


class NewSignature(NamedTuple):
    """A signature to be kept: its period's bounds, its hash in the chain, and the signed file."""

    statement: Statement
    begin: datetime
    end: datetime
    hash: bytes
    bundle: bytes


async def lock_signatures(db: Connection) -> None:
    """Until the transaction ends, nobody else who calls this signs."""
    await db.execute("select pg_advisory_xact_lock($1)", _LOCK)


async def select_chain_end(db: Db) -> tuple[int, bytes]:
    """The position and the hash of the last signature; 0 and zeros if there is none."""
    rows = await db.fetch(
        "select position, hash from report_signatures order by position desc limit 1"
    )
    return (rows[0]["position"], rows[0]["hash"]) if rows else (0, bytes(32))


async def select_signed_data(
    db: Db, factory_id: FactoryId, kind: ReportKind, period: str
) -> bytes | None:
    """The hash of the data under the last signature of this report, if there is one."""
    found: bytes | None = await db.fetchval(
        """
        select data_sha256 from report_signatures
         where factory_id = $1 and kind = $2 and period = $3
         order by position desc limit 1
        """,
        factory_id,
        kind,
        period,
    )
    return found


async def insert_signature(db: Db, new: NewSignature) -> int:
    """Keep a signed report; returns its id."""
    told = new.statement
    made: int = await db.fetchval(
        """
        insert into report_signatures (
            position, factory_id, kind, period, begin_at, end_at, signer, meaning, signed_at,
            report_sha256, data_sha256, replaces, previous_hash, hash, key, bundle
        )
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, decode($10, 'hex'), decode($11, 'hex'),
                decode($12, 'hex'), decode($13, 'hex'), $14, $15, $16)
        returning id
        """,
        told.position,
        told.factory.id,
        told.kind,
        told.period,
        new.begin,
        new.end,
        told.signer,
        told.meaning,
        told.signed_at,
        told.report_sha256,
        told.data_sha256,
        told.replaces,
        told.previous,
        new.hash,
        told.key,
        new.bundle,
    )
    return made


async def select_signatures(
    db: Db, scope: Scope, signature_id: int | None = None
) -> list[SignedReport]:
    """The signed reports in scope, or one of them, the newest first.

    One is revised if the last edition of its report has other data, or if readings of its period
    have come since.
    """
    rows = await db.fetch(
        """
        select s.id, s.position, s.factory_id, s.kind, s.period, s.signer, s.meaning, s.signed_at,
               encode(s.report_sha256, 'hex') as report_sha256,
               encode(s.data_sha256, 'hex') as data_sha256, encode(s.replaces, 'hex') as replaces,
               encode(s.hash, 'hex') as hash, encode(s.previous_hash, 'hex') as previous, s.key,
               length(s.bundle) as bytes,
               coalesce((
                   select e.data_sha256 <> s.data_sha256
                     from report_editions e
                    where e.factory_id = s.factory_id and e.kind = s.kind and e.period = s.period
                    order by e.id desc limit 1
               ), false)
               or exists (
                   select from devices d
                     join batches b on b.device_id = d.id
                    where d.factory_id = s.factory_id
                      and b.start_at >= s.begin_at - interval '1 day' and b.start_at < s.end_at
                      and b.start_at + b.offsets_ms[cardinality(b.offsets_ms)] * interval '1 ms'
                          >= s.begin_at
                      and b.received_at > s.signed_at
               ) as revised
          from report_signatures s
         where s.factory_id = any($1::int[]) and ($2::bigint is null or s.id = $2)
         order by s.position desc
        """,
        scope.factory_ids,
        signature_id,
    )
    return [_signed(row) for row in rows]


async def select_bundle(db: Db, scope: Scope, signature_id: int) -> bytes | None:
    """The signed file of one in scope."""
    found: bytes | None = await db.fetchval(
        "select bundle from report_signatures where factory_id = any($1::int[]) and id = $2",
        scope.factory_ids,
        signature_id,
    )
    return found


def _signed(row: Any) -> SignedReport:
    kind, meaning = ReportKind(row["kind"]), Meaning(row["meaning"])
    return SignedReport(**{**row, "kind": kind, "meaning": meaning})


async def select_signature_keys(db: Db) -> set[str]:
    """The fingerprints of the keys that have signed reports."""
    rows = await db.fetch("select distinct key from report_signatures")
    return {row["key"] for row in rows}
