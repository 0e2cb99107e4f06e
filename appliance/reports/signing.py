"""Signing reports: who says what of which report, one after the other in a chain."""

import hashlib
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

import appliance
from appliance.errors import Conflict, NotAllowed, NotFound, Unprocessable
from appliance.history.readings import Source
from appliance.identity import attempts, audit, keys
from appliance.identity.keys import Keys
from appliance.model.audit import Actor, AuditEntry
from appliance.model.ids import GivenFactoryId
from appliance.model.report import ReportKind
from appliance.model.scope import Scope
from appliance.model.signature import Meaning, PublicKey, SignedReport, Statement
from appliance.model.text import Password
from appliance.model.user import Caller
from appliance.reports import build, bundle, pdf, table
from appliance.reports.build import Asked, Made
from appliance.store import signatures as stored
from appliance.store import users
from appliance.store.pool import Connection, Pool
from appliance.store.signatures import NewSignature

SECRET_FILE = "reports.key"  # noqa: S105  its name
SCHEMA_VERSION = 1


class Signing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody signs: the report that they have read, known by the SHA-256 of its JSON.

    The password is asked for again, so that nobody signs at a screen that somebody else has left.
    """

    kind: ReportKind
    factory_id: GivenFactoryId
    period: str
    sha256: str
    meaning: Meaning
    password: Password


class Signer(NamedTuple):
    """Who signs, and what proves that it is them."""

    caller: Caller
    actor: Actor
    keys: Keys
    secrets_dir: Path


async def sign(source: Source, signer: Signer, asked: Signing, now: datetime) -> SignedReport:
    """Make the report again, and if it is still what was read, sign and keep it."""
    await _confirm(source, signer, asked.password, now)
    which = Asked(asked.kind, asked.factory_id, asked.period)
    made = await build.make(source, signer.caller.scope, which, now)
    if not made.report.period.over:
        raise Unprocessable(
            f"The period {asked.period} is not over yet. Sign its report after its last day."
        )
    if made.sha256 != asked.sha256.lower():
        raise Conflict("The report has changed since you read it. Read it again, then sign.")
    secret = await source.run(secret_key, signer.secrets_dir)
    async with source.db.acquire() as connection, connection.transaction():
        await stored.lock_signatures(connection)
        statement = await _statement(connection, signer.caller, made, asked.meaning, now)
        statement = msgspec.structs.replace(
            statement, key=bundle.fingerprint(bundle.public_key_of(secret))
        )
        files = await source.run(_files, made, statement)
        new = await source.run(_signed, made, statement, files, secret)
        signature_id = await stored.insert_signature(connection, new)
        await audit.record(connection, _entry(signer.actor, signature_id, statement, now))
    [listed] = await stored.select_signatures(source.db, signer.caller.scope, signature_id)
    return listed


async def download(
    db: Pool, scope: Scope, kinds: Collection[ReportKind], signature_id: int
) -> tuple[SignedReport, bytes]:
    """A signed report of these kinds with its file; NotFound if there is none in scope."""
    found = await stored.select_signatures(db, scope, signature_id)
    data = await stored.select_bundle(db, scope, signature_id)
    if data is None or not found or found[0].kind not in kinds:
        raise NotFound("There is no such signed report.")
    return found[0], data


def secret_key(secrets_dir: Path) -> bytes:
    """The appliance's Ed25519 key for reports, made where it is missing. Blocks on the disk."""
    secrets_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return keys.read_or_make(secrets_dir / SECRET_FILE)


def public_key(secrets_dir: Path) -> PublicKey:
    """What proves the appliance's signatures. Blocks on the disk."""
    raw = bundle.public_key_of(secret_key(secrets_dir))
    return PublicKey(algorithm="Ed25519", public_key=raw.hex(), fingerprint=bundle.fingerprint(raw))


async def _confirm(source: Source, signer: Signer, password: str, now: datetime) -> None:
    email, address = signer.caller.email, signer.actor.address
    await attempts.take(source.db, email, address, now)
    found = await users.select_login(source.db, email)
    against = None if found is None else found.password_hash
    if not await signer.keys.hasher.matches(source.blocking, password, against):
        raise NotAllowed("The password is wrong. Nothing was signed.")
    await attempts.forgive(source.db, email, address)


async def _statement(
    db: Connection, caller: Caller, made: Made, meaning: Meaning, now: datetime
) -> Statement:
    report = made.report
    position, previous = await stored.select_chain_end(db)
    before = await stored.select_signed_data(db, report.factory.id, report.kind, report.period.name)
    data_sha256 = report.inputs.data_sha256
    return Statement(
        schema_version=SCHEMA_VERSION,
        position=position + 1,
        previous=previous.hex(),
        signer=caller.name,
        signer_email=caller.email,
        signer_role=caller.role,
        meaning=meaning,
        signed_at=now,
        kind=report.kind,
        factory=report.factory,
        period=report.period.name,
        generated_at=report.generated_at or now,
        software_version=appliance.__version__,
        report_sha256=made.sha256,
        data_sha256=data_sha256,
        replaces=before.hex() if before and before.hex() != data_sha256 else None,
        key="",
        files={},
    )


def _files(made: Made, statement: Statement) -> dict[str, bytes]:
    return {
        "report.csv": table.render(made.report),
        "report.json": made.json,
        "report.pdf": pdf.render(made, statement),
    }


def _signed(
    made: Made, statement: Statement, files: dict[str, bytes], secret: bytes
) -> NewSignature:
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    statement = msgspec.structs.replace(statement, files=hashes)
    packed, chained = bundle.pack(files, msgspec.json.encode(statement), secret)
    period = made.report.period
    return NewSignature(statement, period.begin, period.end, chained, packed)


def _entry(actor: Actor, signature_id: int, statement: Statement, now: datetime) -> AuditEntry:
    told = {name: getattr(statement, name) for name in ("kind", "period", "meaning")}
    return AuditEntry(
        at=now,
        actor=actor,
        action="report.sign",
        object=f"signed report {signature_id}",
        factory_ids=[statement.factory.id],
        new={**told, "report_sha256": statement.report_sha256, "position": statement.position},
    )
