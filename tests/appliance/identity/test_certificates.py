import shutil
import socket
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.verification import PolicyBuilder, Store

from appliance.identity import certificates
from appliance.identity.certificates import DEVICE_NAME, CertificateError, Pair, ensure
from appliance.identity.host_names import host_names

NOW = datetime.now(UTC)
NAMES = ["box.plant.example", "10.20.30.40", "fd00::5"]
MICROPYTHON = Path(sys.executable).with_name("micropython")

CLIENT = """
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_REQUIRED
with open(sys.argv[2], "rb") as file:
    context.load_verify_locations(cadata=file.read())
plain = socket.socket()
plain.connect(socket.getaddrinfo("127.0.0.1", int(sys.argv[1]))[0][-1])
secure = context.wrap_socket(plain, server_hostname=sys.argv[3])
secure.write(b"x")
print("connected")
"""


def load(file: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(file.read_bytes())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def tls_server(pair: Pair) -> Iterator[int]:
    """Take one connection after the other on a free port, TLS 1.2 as a node speaks it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*pair)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    plain, _ = listener.accept()
                except OSError:
                    return
                with plain:
                    try:
                        with context.wrap_socket(plain, server_side=True) as secure:
                            secure.recv(1)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_first_start_makes_an_authority_and_two_certificates_that_it_vouches_for(
    tmp_path: Path,
) -> None:
    made = ensure(tmp_path, NAMES, NOW)
    store = Store([load(made.authority)])
    for pair in (made.people, made.devices):
        for name in (x509.DNSName(DEVICE_NAME), x509.DNSName("box.plant.example")):
            verifier = PolicyBuilder().store(store).time(NOW).build_server_verifier(name)
            assert len(verifier.verify(load(pair.certificate), [])) == 2


def test_the_authority_signs_servers_and_no_further_authority(tmp_path: Path) -> None:
    authority = load(ensure(tmp_path, NAMES, NOW).authority)
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)
    usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_cert_sign
    assert not usage.digital_signature


def test_certificates_name_the_host_the_nodes_name_and_the_loopback(tmp_path: Path) -> None:
    made = ensure(tmp_path, [*NAMES, "BOX.plant.example"], NOW)
    expected = sorted([*NAMES, DEVICE_NAME, "localhost", "127.0.0.1", "::1"])
    assert certificates.names_of(made.people.certificate) == expected
    assert certificates.names_of(made.devices.certificate) == expected


def test_peoples_certificate_is_short_and_the_devices_lasts_as_long_as_the_authority(
    tmp_path: Path,
) -> None:
    made = ensure(tmp_path, NAMES, NOW)
    authority, people, devices = map(load, (made.authority, made.people[0], made.devices[0]))
    assert people.not_valid_after_utc - people.not_valid_before_utc < timedelta(days=398.5)
    assert devices.not_valid_before_utc == authority.not_valid_before_utc
    assert devices.not_valid_after_utc == authority.not_valid_after_utc
    assert authority.not_valid_after_utc - NOW > timedelta(days=3649)


def test_private_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    made = ensure(tmp_path, NAMES, NOW)
    assert mode(tmp_path / "authority") == 0o700
    keys = sorted(tmp_path.rglob("*.key"))
    assert len(keys) == 3
    assert {mode(key) for key in keys} == {0o600}
    assert mode(made.authority) == 0o644


def test_two_installs_share_nothing(tmp_path: Path) -> None:
    one, two = (ensure(tmp_path / name, NAMES, NOW) for name in ("one", "two"))
    assert certificates.fingerprint(one.authority) != certificates.fingerprint(two.authority)


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    ensure(tmp_path, NAMES, NOW)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*.*")}
    ensure(tmp_path, reversed(NAMES), NOW + timedelta(days=300))
    assert {file: file.read_bytes() for file in tmp_path.rglob("*.*")} == before


def test_peoples_certificate_is_renewed_in_its_last_month_and_the_devices_stays(
    tmp_path: Path,
) -> None:
    made = ensure(tmp_path, NAMES, NOW)
    people, devices = (pair.certificate.read_bytes() for pair in made[1:])
    later = NOW + timedelta(days=368)
    ensure(tmp_path, NAMES, later)
    assert made.people.certificate.read_bytes() != people
    assert made.devices.certificate.read_bytes() == devices
    assert certificates.expires(made.people.certificate) > later + timedelta(days=396)


def test_new_names_make_new_certificates_under_the_same_authority(tmp_path: Path) -> None:
    made = ensure(tmp_path, NAMES, NOW)
    before = certificates.fingerprint(made.authority)
    ensure(tmp_path, ["moved.plant.example"], NOW)
    assert "moved.plant.example" in certificates.names_of(made.people.certificate)
    assert "moved.plant.example" in certificates.names_of(made.devices.certificate)
    assert certificates.fingerprint(made.authority) == before


@pytest.mark.parametrize("lost", ["people.pem", "people.key", "devices.key"])
def test_a_lost_leaf_is_made_again(tmp_path: Path, lost: str) -> None:
    made = ensure(tmp_path, NAMES, NOW)
    (tmp_path / lost).unlink()
    ensure(tmp_path, NAMES, NOW)
    for pair in made[1:]:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*pair)


def test_a_key_that_does_not_fit_its_certificate_is_replaced_with_it(tmp_path: Path) -> None:
    made = ensure(tmp_path, NAMES, NOW)
    shutil.copy(made.devices.key, made.people.key)
    ensure(tmp_path, NAMES, NOW)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*made.people)


def test_the_authoritys_key_may_be_kept_elsewhere_until_it_is_needed(tmp_path: Path) -> None:
    made = ensure(tmp_path, NAMES, NOW)
    (tmp_path / "authority" / "plant-ca.key").unlink()
    ensure(tmp_path, NAMES, NOW)
    made.people.key.unlink()
    with pytest.raises(CertificateError, match=r"plant-ca\.key cannot be read"):
        ensure(tmp_path, NAMES, NOW)


def test_without_the_authoritys_key_good_certificates_stay_and_what_they_lack_is_told(
    tmp_path: Path,
) -> None:
    made = ensure(tmp_path, NAMES, NOW)
    assert certificates.shortcomings(made, NAMES, NOW) == []
    key = tmp_path / "authority" / "plant-ca.key"
    key.rename(tmp_path / "elsewhere")
    kept = made.people.certificate.read_bytes()
    renamed = [NAMES[0], "new.plant.example", "10.9.9.9"]
    ensure(tmp_path, renamed, NOW)
    assert made.people.certificate.read_bytes() == kept
    assert certificates.shortcomings(made, renamed, NOW) == [
        "people.pem does not cover 10.9.9.9, new.plant.example",
        "devices.pem does not cover 10.9.9.9, new.plant.example",
    ]
    late = certificates.expires(made.people.certificate) - timedelta(days=2)
    ensure(tmp_path, NAMES, late)
    (told,) = certificates.shortcomings(made, NAMES, late)
    assert told.startswith("people.pem ends on ")
    with pytest.raises(CertificateError, match=r"plant-ca\.key cannot be read"):
        ensure(tmp_path, NAMES, late + timedelta(days=3))
    (tmp_path / "elsewhere").rename(key)
    ensure(tmp_path, renamed, NOW)
    assert certificates.shortcomings(made, renamed, NOW) == []


def test_a_lost_authority_is_never_replaced_silently(tmp_path: Path) -> None:
    made = ensure(tmp_path, NAMES, NOW)
    made.authority.unlink()
    with pytest.raises(CertificateError, match="from the backup"):
        ensure(tmp_path, NAMES, NOW)


def test_an_ended_authority_says_what_to_do(tmp_path: Path) -> None:
    ensure(tmp_path, NAMES, NOW)
    with pytest.raises(CertificateError, match=r"ended on .* give every node the new"):
        ensure(tmp_path, NAMES, NOW + timedelta(days=3700))


def test_a_name_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="'not a host' is neither a host name"):
        ensure(tmp_path, ["not a host"], NOW)


def test_the_fingerprint_reads_as_browsers_show_it(tmp_path: Path) -> None:
    made = ensure(tmp_path, NAMES, NOW)
    openssl = subprocess.run(
        ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", made.authority],
        capture_output=True,
        text=True,
        check=True,
    )
    assert openssl.stdout.strip().partition("=")[2] == certificates.fingerprint(made.authority)


def test_this_machine_is_known_by_its_name_and_its_addresses() -> None:
    names = host_names()
    assert {socket.gethostname(), "127.0.0.1"} <= names
    assert not any("%" in name for name in names)


@pytest.mark.skipif(not MICROPYTHON.exists(), reason="no MicroPython for this platform")
@pytest.mark.parametrize(
    ("authority", "name", "accepted"),
    [
        ("own", DEVICE_NAME, True),
        ("own", "somebody.else.example", False),
        ("other", DEVICE_NAME, False),
    ],
)
def test_a_node_connects_to_its_own_plants_appliance_and_to_no_other(
    tmp_path: Path, authority: str, name: str, accepted: bool
) -> None:
    made = {folder: ensure(tmp_path / folder, NAMES, NOW) for folder in ("own", "other")}
    script = tmp_path / "client.py"
    script.write_text(CLIENT)
    trusted = tmp_path / "trusted.der"
    trusted.write_bytes(load(made[authority].authority).public_bytes(Encoding.DER))
    with tls_server(made["own"].devices) as port:
        client = subprocess.run(
            [MICROPYTHON, script, str(port), trusted, name],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert ("connected" in client.stdout) is accepted, client.stderr + client.stdout
    assert (client.returncode == 0) is accepted
