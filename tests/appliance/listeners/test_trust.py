import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from appliance.identity import certificates
from appliance.identity.certificates import CertificateError, Certificates
from appliance.listeners.tls import TlsError
from appliance.listeners.trust import Trust
from appliance.settings import Settings


def now() -> datetime:
    return datetime.now(UTC)


def served(context: ssl.SSLContext, authority: Path) -> list[str]:
    """The names in the certificate a server with this context shows, once it is verified."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    trusting = ssl.create_default_context(cafile=authority)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    client = trusting.wrap_bio(to_client, to_server, server_hostname="localhost")
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    shown = client.getpeercert()
    assert shown
    return [name for kind, name in shown["subjectAltName"] if kind == "DNS"]


@pytest.fixture
def of_it(tmp_path: Path) -> Certificates:
    """What the plant's IT has made, by an authority of its own."""
    return certificates.ensure(tmp_path / "it", ["box.plant.example"], now())


def test_people_get_its_certificate_and_devices_keep_the_plants_own(
    tmp_path: Path, of_it: Certificates
) -> None:
    file, key = of_it.people
    settings = Settings(data_dir=tmp_path, certificate_file=file, certificate_key_file=key)
    trust = Trust(settings, now)
    assert "box.plant.example" in served(trust.people, of_it.authority)
    assert "box.plant.example" not in served(trust.devices, trust.authority)
    assert "box.plant.example" in trust.names
    with pytest.raises(ssl.SSLCertVerificationError):
        served(trust.devices, of_it.authority)


def test_a_certificate_without_its_key_is_refused(tmp_path: Path, of_it: Certificates) -> None:
    with pytest.raises(CertificateError, match="Set both"):
        Trust(Settings(data_dir=tmp_path, certificate_file=of_it.people.certificate), now)


def test_a_key_of_another_certificate_is_refused_in_words(
    tmp_path: Path, of_it: Certificates
) -> None:
    settings = Settings(
        data_dir=tmp_path,
        certificate_file=of_it.people.certificate,
        certificate_key_file=of_it.devices.key,
    )
    with pytest.raises(TlsError, match="belong together"):
        Trust(settings, now)


async def test_certificates_that_cannot_be_made_anew_are_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(data_dir=tmp_path)
    first = await asyncio.to_thread(Trust, settings, now)
    assert caplog.messages == []
    (settings.certificates_dir / "authority" / "plant-ca.key").unlink()
    renamed = msgspec.structs.replace(settings, names=["new.plant.example"])
    trust = await asyncio.to_thread(Trust, renamed, now)
    for _ in range(3):
        await trust._renew()
    (told,) = caplog.messages
    assert "people.pem does not cover new.plant.example" in told
    assert "SIGHUP" in told
    assert trust.names == first.names
