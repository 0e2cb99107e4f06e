"""An archive is proved by its folder alone, and whatever is wrong with it is named."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest

from appliance.archive import manifest
from appliance.archive.layout import Place
from appliance.archive.write import write_readings
from appliance.cli import exits, run
from appliance.model.ids import DeviceId, FactoryId, MetricId
from appliance.model.sealed import FileState, ManifestFile, Readings, SealedFile

SEALED_AT = datetime(2026, 11, 23, tzinfo=UTC)
DAYS = (date(2026, 11, 20), date(2026, 11, 21))


def make(root: Path, day: date, generation: int) -> list[SealedFile]:
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
    times = start + 10_000 * np.arange(1000)
    values = np.round(np.random.default_rng(generation).normal(500, 3, 1000), 1)
    ones = np.ones(1000, np.int64)
    readings = Readings(times, values, ones, np.arange(1000), np.zeros(1000, np.int16))
    place = Place(FactoryId(1), MetricId(1), "temperature", day, day, generation)
    return write_readings(root, place, [(DeviceId(7), "Oven", readings)], SEALED_AT)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive of two days."""
    files = [file for n, day in enumerate(DAYS, 1) for file in make(tmp_path, day, n)]
    manifest.save(
        tmp_path,
        [
            ManifestFile(
                id=n,
                metric="temperature",
                state=FileState.LIVE,
                reason="",
                changed_at=SEALED_AT,
                **{
                    name: getattr(file, name)
                    for name in ManifestFile.__struct_fields__
                    if hasattr(file, name)
                },
            )
            for n, file in enumerate(files)
        ],
    )
    return tmp_path


@pytest.fixture
def first(archive: Path) -> Path:
    return next(archive.glob("readings/*/*/*/2026-11-20-1.parquet"))


@pytest.fixture
def second(archive: Path) -> Path:
    return next(archive.glob("readings/*/*/*/2026-11-21-2.parquet"))


def told(archive: Path, capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    """What `carbonseed verify` finds wrong: kind and file name."""
    code = run(["verify", str(archive), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == (exits.VERIFICATION_FAILED if found["faults"] else 0)
    assert found["whole"] is (code == 0)
    return [(fault["fault"], Path(fault["path"]).name) for fault in found["faults"]]


def test_a_whole_archive_is_counted(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(archive, capsys) == []
    assert run(["verify", str(archive)]) == 0
    assert "6 files, 2,000 readings" in capsys.readouterr().out


@pytest.mark.parametrize("place", [0.01, 0.3, 0.6, 0.99])
def test_a_flipped_bit_is_found(
    archive: Path, first: Path, capsys: pytest.CaptureFixture[str], place: float
) -> None:
    data = bytearray(first.read_bytes())
    data[int(place * len(data))] ^= 4
    first.write_bytes(data)
    assert told(archive, capsys) == [("changed", first.name)]


def cut(first: Path, _second: Path) -> None:
    first.write_bytes(first.read_bytes()[:-100])


def lose(first: Path, _second: Path) -> None:
    first.unlink()


def add(first: Path, _second: Path) -> None:
    shutil.copy(first, first.with_name("2026-11-22-9.parquet"))
    shutil.copy(first, first.with_name("2026-11-22-10.parquet.tmp"))  # of a sealing that goes on


def replace(first: Path, second: Path) -> None:
    shutil.copy(second, first)


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        (cut, [("length", "2026-11-20-1.parquet")]),
        (lose, [("missing", "2026-11-20-1.parquet")]),
        (add, [("foreign", "2026-11-22-9.parquet")]),
        (replace, [("swapped", "2026-11-20-1.parquet")]),
    ],
)
def test_what_is_cut_lost_foreign_or_swapped_is_named(
    archive: Path,
    first: Path,
    second: Path,
    capsys: pytest.CaptureFixture[str],
    harm: Callable[[Path, Path], None],
    fault: list[tuple[str, str]],
) -> None:
    harm(first, second)
    assert told(archive, capsys) == fault
    assert run(["verify", str(archive)]) == exits.VERIFICATION_FAILED
    assert "faults: 1" in capsys.readouterr().out


def test_a_manifest_that_names_files_elsewhere_or_is_damaged_is_refused(
    archive: Path, first: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (archive / "manifest.json").read_text()
    path = first.relative_to(archive).as_posix()
    (archive / "manifest.json").write_text(text.replace(path, f"../{path}"))
    assert {fault for fault, _ in told(archive, capsys)} == {"foreign"}
    (archive / "manifest.json").write_text(text[:-20])
    assert run(["verify", str(archive)]) == exits.VERIFICATION_FAILED
    assert "damaged" in capsys.readouterr().err
    (archive / "manifest.json").unlink()
    assert run(["verify", str(archive)]) != 0
    assert "no archive" in capsys.readouterr().err


def test_the_manifest_says_what_is_there(archive: Path) -> None:
    entries = msgspec.json.decode((archive / "manifest.json").read_bytes())["files"]
    assert [entry["rows"] for entry in entries if entry["kind"] == "readings"] == [1000, 1000]
    assert {entry["scale"] for entry in entries if entry["kind"] == "readings"} == {1}
