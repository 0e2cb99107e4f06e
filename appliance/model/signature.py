"""Signatures under reports: what they cover, and how they follow one another."""

from datetime import datetime
from enum import StrEnum

import msgspec

from appliance.model.factory import Factory
from appliance.model.ids import FactoryId
from appliance.model.report import ReportKind


class Meaning(StrEnum):
    """What somebody says by signing."""

    REVIEWED = "reviewed"
    APPROVED = "approved"


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a signature covers. `files` are the SHA-256 of what lies beside it, by name.

    position: in the appliance's chain of signatures, from 1. previous: the hash of the signature
    before, zeros for the first. replaces: the data hash that was signed for the period before, if
    the data has changed since. key: fingerprint (SHA-256) of the public key.
    """

    schema_version: int
    position: int
    previous: str
    signer: str
    signer_email: str
    signer_role: str
    meaning: Meaning
    signed_at: datetime
    kind: ReportKind
    factory: Factory
    period: str
    generated_at: datetime
    software_version: str
    report_sha256: str
    data_sha256: str
    replaces: str | None
    key: str
    files: dict[str, str]


class SignedReport(msgspec.Struct, frozen=True, kw_only=True):
    """A signed report as listed. hash: of its statement and signature.

    revised: its period has other data now than what was signed.
    """

    id: int
    position: int
    factory_id: FactoryId
    kind: ReportKind
    period: str
    signer: str
    meaning: Meaning
    signed_at: datetime
    report_sha256: str
    data_sha256: str
    replaces: str | None
    hash: str
    previous: str
    key: str
    bytes: int
    revised: bool


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """The appliance's key for reports: raw, and its SHA-256, both in hex."""

    algorithm: str
    public_key: str
    fingerprint: str
