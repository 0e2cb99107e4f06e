"""The signed file: proved as it is, and disproved when any byte of it is another."""

import hashlib
import io
import zipfile
from datetime import UTC, datetime

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.model.factory import Factory
from appliance.model.report import ReportKind
from appliance.model.signature import Meaning, Statement
from appliance.reports import NotProved, bundle

SECRET = bytes(range(32))
KEY = bundle.fingerprint(bundle.public_key_of(SECRET))
FILES = {"report.json": b'{"kind":"weekly"}', "report.pdf": b"%PDF", "report.csv": b"a,b"}


def statement(**changed: object) -> bytes:
    told = Statement(
        schema_version=1, position=1, previous="00" * 32, signer="Ayşe", signer_email="a@n.example",
        signer_role="compliance", meaning=Meaning.APPROVED,
        signed_at=datetime(2026, 11, 23, 12, tzinfo=UTC), kind=ReportKind.WEEKLY,
        factory=Factory(1, "North", "UTC"), period="2026-W47",
        generated_at=datetime(2026, 11, 23, tzinfo=UTC), software_version="1",
        report_sha256="", data_sha256="", replaces=None, key=KEY,
        files={name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()},
    )  # fmt: skip
    return msgspec.json.encode(msgspec.structs.replace(told, **changed))


def test_a_signed_file_is_proved_and_opens_as_a_zip() -> None:
    data, chained = bundle.pack(FILES, statement(), SECRET)
    proved = bundle.verify(data, KEY)
    assert (proved.statement.signer, proved.hash) == ("Ayşe", chained)
    assert bundle.pack(FILES, statement(), SECRET) == (data, chained)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        assert opened.read("report.pdf") == b"%PDF"
        key, signature = opened.read("public.key"), opened.read("statement.sig")
    Ed25519PublicKey.from_public_bytes(key).verify(signature, statement())


def test_no_byte_can_be_changed_taken_or_added() -> None:
    data, _ = bundle.pack(FILES, statement(), SECRET)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 0x01
        with pytest.raises(NotProved):
            bundle.verify(bytes(changed))
    for cut in (0, 1, 22, len(data) // 2, len(data) - 1):
        with pytest.raises(NotProved):
            bundle.verify(data[:cut])
    for longer in (data + b"\0", b"\0" + data, data + data):
        with pytest.raises(NotProved):
            bundle.verify(longer)


def test_a_file_more_less_or_other_than_signed_is_named() -> None:
    for files, said in (
        ({**FILES, "extra.txt": b""}, "extra.txt"),
        ({"report.json": FILES["report.json"]}, "report.csv, report.pdf"),
        ({**FILES, "report.pdf": b"%PDG"}, "report.pdf was changed"),
    ):
        with pytest.raises(NotProved, match=said):
            bundle.verify(bundle.pack(files, statement(), SECRET)[0])


def test_another_key_is_seen_where_the_right_one_is_known() -> None:
    forger = bytes(32)
    own = bundle.fingerprint(bundle.public_key_of(forger))
    with pytest.raises(NotProved, match="not the one that the statement names"):
        bundle.verify(bundle.pack(FILES, statement(), forger)[0])
    forged, _ = bundle.pack(FILES, statement(key=own), forger)
    assert bundle.verify(forged).statement.key == own
    with pytest.raises(NotProved, match="another key than the trusted one"):
        bundle.verify(forged, KEY)


def test_what_is_no_signed_report_says_so() -> None:
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.txt", "a" * 1000)
    for data in (b"", b"%PDF-1.7", other.getvalue()):
        with pytest.raises(NotProved):
            bundle.verify(data)
