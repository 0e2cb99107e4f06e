"""The signed file: a report as PDF, JSON and CSV with the statement and signature that prove it.

A ZIP without compression whose every byte follows from what lies in it, so that it can be opened
anywhere and no byte of it can be changed unseen.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from appliance.model.signature import Statement
from appliance.reports import NotProved

STATEMENT, SIGNATURE, PUBLIC_KEY = "statement.json", "statement.sig", "public.key"
_OLDEST = (1980, 1, 1, 0, 0, 0)
"""The time a ZIP gives to what has none."""


class Proved(NamedTuple):
    """What a file proves: the statement, its hash in the chain, and who keeps the key."""

    statement: Statement
    hash: bytes


def chain_hash(statement: bytes, signature: bytes) -> bytes:
    """What the next signature carries of this one."""
    return hashlib.sha256(statement + signature).digest()


def fingerprint(public_key: bytes) -> str:
    """SHA-256 of the raw Ed25519 public key, in hex."""
    return hashlib.sha256(public_key).hexdigest()


def public_key_of(secret: bytes) -> bytes:
    """The raw public key of a raw secret key."""
    return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def pack(files: Mapping[str, bytes], statement: bytes, secret: bytes) -> tuple[bytes, bytes]:
    """The signed file, and the statement's hash in the chain."""
    signature = Ed25519PrivateKey.from_private_bytes(secret).sign(statement)
    proof = {STATEMENT: statement, SIGNATURE: signature, PUBLIC_KEY: public_key_of(secret)}
    return _zip({**files, **proof}), chain_hash(statement, signature)


def verify(data: bytes, trusted: str | None = None) -> Proved:
    """Prove a signed file, or say why it is not proved.

    trusted: the fingerprint of the appliance's key, without which the file proves only that it is
    whole: whoever changes it can sign it with a key of their own.
    """
    files = _unzip(data)
    missing = sorted({STATEMENT, SIGNATURE, PUBLIC_KEY} - files.keys())
    if missing:
        raise NotProved(f"This is no signed report: it holds no {' and no '.join(missing)}.")
    statement, signature, key = (files.pop(name) for name in (STATEMENT, SIGNATURE, PUBLIC_KEY))
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, statement)
        told = msgspec.json.decode(statement, type=Statement)
    except (InvalidSignature, ValueError) as error:
        raise NotProved(
            "The signature does not belong to this statement: it was changed."
        ) from error
    if fingerprint(key) != told.key:
        raise NotProved("The key in this file is not the one that the statement names.")
    if trusted is not None and told.key != trusted:
        raise NotProved(
            f"This was signed with another key than the trusted one: {told.key}, not {trusted}."
        )
    _compare(files, told)
    proof = {STATEMENT: statement, SIGNATURE: signature, PUBLIC_KEY: key}
    if _zip({**files, **proof}) != data:
        raise NotProved("The file was changed beside what is signed in it.")
    return Proved(told, chain_hash(statement, signature))


def _compare(files: Mapping[str, bytes], told: Statement) -> None:
    if files.keys() != told.files.keys():
        differing = ", ".join(sorted(files.keys() ^ told.files.keys()))
        raise NotProved(f"The file does not hold what was signed: {differing}.")
    for name, data in files.items():
        if hashlib.sha256(data).hexdigest() != told.files[name]:
            raise NotProved(f"{name} was changed after it was signed.")


def _zip(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _OLDEST)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return out.getvalue()


def _unzip(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > len(data) or any(
                entry.compress_type != zipfile.ZIP_STORED for entry in entries
            ):
                raise NotProved("This is no signed report: it was packed by another program.")
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise NotProved(f"This file cannot be read as a signed report: {error}.") from error
