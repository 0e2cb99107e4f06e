import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.backup import BackupDamaged
from appliance.backup.bundle import DUMP, FORMAT, SUMS, Bundle, Manifest, Writer
from appliance.errors import NotFound

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MANIFEST = Manifest(
    format=FORMAT,
    made_at=NOON,
    version="0.1.0",
    migrations=7,
    postgres=18,
    pg_dump=18,
    streams=2,
    batches=3,
    bytes=4,
    faulty=[],
)
KEY = b"key " * 1000


def written(path: Path, *, name: str = "secrets/session.key") -> Path:
    with path.open("w+b") as file:
        writer = Writer(file, NOON)
        writer.add(name, [KEY], 0o600)
        writer.add(DUMP, [b"a" * 700, b"b" * 99])
        writer.finish(MANIFEST)
    return path


def read(path: Path) -> None:
    Bundle.open(path).check()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    found = Bundle.open(written(tmp_path / "a.tar"))
    found.check()
    assert found.manifest == MANIFEST
    assert b"".join(found.chunks(DUMP)) == b"a" * 700 + b"b" * 99
    assert list(found.files()) == [("secrets/session.key", 0o600)]


def test_tar_and_sha256sum_read_it_too(tmp_path: Path) -> None:
    subprocess.run(["tar", "xf", written(tmp_path / "a.tar")], cwd=tmp_path, check=True)
    subprocess.run(["sha256sum", "--quiet", "-c", SUMS], cwd=tmp_path, check=True)
    assert (tmp_path / "secrets/session.key").read_bytes() == KEY


@given(length=st.integers(0, 2**14), name=st.text("ab/é", min_size=1, max_size=300))
def test_parts_of_any_length_and_name_come_back(tmp_path_factory, length, name) -> None:
    path = tmp_path_factory.getbasetemp() / "any.tar"
    name = "archive/" + "/".join(part for part in f"x{name}".split("/") if part)
    with path.open("w+b") as file:
        writer = Writer(file, NOON)
        writer.add(name, [b"z" * length])
        writer.finish(MANIFEST)
    found = Bundle.open(path)
    found.check()
    assert b"".join(found.chunks(name)) == b"z" * length


@given(st.data())
def test_no_byte_that_is_flipped_goes_unseen_or_changes_nothing(tmp_path_factory, data) -> None:
    path = tmp_path_factory.getbasetemp() / "flipped.tar"
    whole = written(path).read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
    try:
        found = Bundle.open(path)
        found.check()
    except BackupDamaged:
        return
    assert b"".join(found.chunks("secrets/session.key")) == KEY, "only padding may be different"
    assert b"".join(found.chunks(DUMP)) == b"a" * 700 + b"b" * 99
    assert found.manifest == MANIFEST


@given(st.data())
def test_a_file_that_is_cut_off_is_refused(tmp_path_factory, data) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.tar"
    whole = written(path).read_bytes()
    end = len(whole.rstrip(b"\0"))
    path.write_bytes(whole[: data.draw(st.integers(0, end - 1))])
    with pytest.raises(BackupDamaged):
        read(path)


@pytest.mark.parametrize("content", [b"", b"\0" * 10240, b"%PDF-1.7 " * 1000])
def test_another_file_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(BackupDamaged, match=r"a\.tar is not a whole backup"):
        read(tmp_path / "a.tar")


def test_no_file_and_a_folder_are_told_apart_from_damage(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="No such file"):
        read(tmp_path / "none.tar")
    with pytest.raises(NotFound, match="Is a directory"):
        read(tmp_path)


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "archive/../../etc/passwd", "secrets//x", "other/x", "top", "secrets/."]
)
def test_a_part_that_would_lie_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BackupDamaged, match="not those that it names"):
        read(written(tmp_path / "a.tar", name=name))


def test_a_manifest_without_meaning_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a.tar").open("w+b") as file:
        writer = Writer(file, NOON)
        writer.finish(msgspec.structs.replace(MANIFEST, made_at="yesterday"))
    with pytest.raises(BackupDamaged, match="no backup that this version reads"):
        read(tmp_path / "a.tar")
