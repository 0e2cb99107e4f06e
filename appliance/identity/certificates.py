"""The plant's own certificate authority, and the two server certificates it issues.

The authority is made once, at first start. One certificate serves people: short (397 days, what
browsers take) and renewed by itself. One serves devices: as long as the authority and starting
with it, because a node that wakes up knows no better time than the one it was installed at.

The authority carries no name constraints: it lasts ten years and plants rename things, and Mbed
TLS refuses a certificate with a critical extension that it does not know.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.errors import CarbonseedError
from appliance.settings import HOST_NAME

DEVICE_NAME = "appliance.carbonseed.internal"
"""The name every node checks, whatever address it connects to."""
AUTHORITY_LIFE = timedelta(days=3652)
PEOPLE_LIFE = timedelta(days=397)
RENEW_BEFORE = timedelta(days=30)
CLOCK_SLACK = timedelta(days=1)
"""A browser whose clock is a little behind still sees a valid start."""


class CertificateError(CarbonseedError):
    """A certificate or its key cannot be used."""

    code = "certificate"


class Pair(NamedTuple):
    """A server's certificate and its private key, as PEM files."""

    certificate: Path
    key: Path


class Certificates(NamedTuple):
    """Where the plant's certificates lie."""

    authority: Path
    people: Pair
    devices: Pair


def ensure(folder: Path, names: Iterable[str], now: datetime) -> Certificates:
    """Make whatever is missing, due or made for other names, and say where it all lies.

    names: host names and addresses by which browsers and nodes reach the appliance. Without the
    authority's key, which may be kept elsewhere, a certificate that is still good stays.
    """
    found = locate(folder)
    key_file = folder / "authority" / "plant-ca.key"
    if not found.authority.exists():
        if found.devices.certificate.exists():
            raise CertificateError(
                f"{found.authority} is missing, yet nodes out there trust it. Put it and its key "
                f"back from the backup; or move {folder} away, restart, and give every node the "
                f"new one."
            )
        _make_authority(found.authority, key_file, now)
    authority = _read(found.authority)
    start, end = authority.not_valid_before_utc, authority.not_valid_after_utc
    if now >= end:
        raise CertificateError(
            f"The plant's certificate authority ended on {end:%Y-%m-%d}. Move {folder} away, "
            f"restart, and give every node the new {found.authority.name}."
        )
    wanted = _all_names(names)
    for pair, life in (
        (found.people, (now - CLOCK_SLACK, min(now + PEOPLE_LIFE, end))),
        (found.devices, (start, end)),
    ):
        good = _is_good(pair, authority, now)
        if good and (not key_file.exists() or not _is_due(pair, end, wanted, now)):
            continue
        _issue(pair, authority, _read_key(key_file), wanted, life)
    return found


def shortcomings(found: Certificates, names: Iterable[str], now: datetime) -> list[str]:
    """What certificates lack that `ensure` has kept, in words; names they have too many do no harm.

    Nothing where the authority's key is at hand.
    """
    end, wanted = expires(found.authority), _all_names(names)
    told = list[str]()
    for file in (found.people.certificate, found.devices.certificate):
        if lacking := sorted(set(wanted) - set(names_of(file))):
            told.append(f"{file.name} does not cover {', '.join(lacking)}")
        if expires(file) - now < RENEW_BEFORE and expires(file) != end:
            told.append(f"{file.name} ends on {expires(file):%Y-%m-%d}")
    return told


def locate(folder: Path) -> Certificates:
    """Where the certificates in `folder` lie, whether or not they exist."""
    return Certificates(
        folder / "plant-ca.pem",
        Pair(folder / "people.pem", folder / "people.key"),
        Pair(folder / "devices.pem", folder / "devices.key"),
    )


def fingerprint(certificate: Path) -> str:
    """SHA-256 of the certificate, the way browsers show it: AB:CD:…"""
    return _read(certificate).fingerprint(hashes.SHA256()).hex(":").upper()


def expires(certificate: Path) -> datetime:
    """When the certificate ends, in UTC."""
    return _read(certificate).not_valid_after_utc


def names_of(certificate: Path) -> list[str]:
    """The host names and addresses the certificate is made for, sorted."""
    return _names(_read(certificate))


def _make_authority(certificate_file: Path, key_file: Path, now: datetime) -> None:
    key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    start = _whole_seconds(now) - CLOCK_SLACK
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Carbonseed"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Carbonseed plant CA {now:%Y-%m-%d %H:%M}"),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(key_file, _private_pem(key), mode=0o600)
    _write(certificate_file, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _issue(
    pair: Pair,
    authority: x509.Certificate,
    signer: ec.EllipticCurvePrivateKey,
    names: list[str],
    validity: tuple[datetime, datetime],
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer_id = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, DEVICE_NAME)]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_whole_seconds(validity[0]))
        .not_valid_after(_whole_seconds(validity[1]))
        .add_extension(x509.SubjectAlternativeName(map(_general_name, names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id),
            critical=False,
        )
        .sign(signer, hashes.SHA256())
    )
    _write(pair.key, _private_pem(key), mode=0o600)
    _write(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _is_good(pair: Pair, authority: x509.Certificate, now: datetime) -> bool:
    """Whether it can be served: it is there, whole, not over, and the authority's."""
    if not (pair.certificate.exists() and pair.key.exists()):
        return False
    leaf = _read(pair.certificate)
    return (
        now < leaf.not_valid_after_utc
        and leaf.public_key() == _read_key(pair.key).public_key()
        and _is_issued_by(leaf, authority)
    )


def _is_due(pair: Pair, authority_end: datetime, names: list[str], now: datetime) -> bool:
    """Whether it should be made anew: for its names, or because it ends soon."""
    end = expires(pair.certificate)
    return names_of(pair.certificate) != names or (
        end - now < RENEW_BEFORE and end != authority_end
    )


def _is_issued_by(leaf: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _all_names(names: Iterable[str]) -> list[str]:
    return sorted({DEVICE_NAME, "localhost", "127.0.0.1", "::1", *map(_canonical, names)})


def _canonical(name: str) -> str:
    return str(_general_name(name).value)


def _general_name(name: str) -> x509.IPAddress | x509.DNSName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        pass
    if not HOST_NAME.fullmatch(name):
        raise CertificateError(f"{name!r} is neither a host name nor an address; see the settings.")
    return x509.DNSName(name.lower())


def _names(certificate: x509.Certificate) -> list[str]:
    stated = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return sorted(str(name.value) for name in stated)


def _read(certificate: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise CertificateError(f"The certificate {certificate} cannot be read: {error}.") from error


def _read_key(file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise CertificateError(f"The private key {file} cannot be read: {error}.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateError(f"The private key {file} is not on an elliptic curve.")
    return key


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(file: Path, content: bytes, mode: int) -> None:
    """Replace the file in one step; its mode is right from its first byte."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


def _whole_seconds(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(microsecond=0)
