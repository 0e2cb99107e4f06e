"""What is read of the archive is what was written, or it is said to be unreadable."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from appliance.archive.layout import Place
from appliance.archive.read import Archive, Unreadable
from appliance.archive.write import write_readings
from appliance.model.ids import DeviceId, FactoryId, MetricId
from appliance.model.sealed import FileState, Located, Readings, SealedFile

DAY = date(2026, 11, 1)
START_MS = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000)


def readings(number: int = 20_000) -> Readings:
    random = np.random.default_rng(number)
    times = START_MS + np.sort(random.integers(0, 86_400_000, number))
    values = np.round(random.normal(20, 5, number), 2)
    values[::97] = np.nan
    rows = np.arange(number)
    return Readings(times, values, np.full(number, -5), rows, np.zeros(number, np.int16))


def write(root: Path, *held: Readings, last: date = DAY) -> list[SealedFile]:
    place = Place(FactoryId(1), MetricId(1), "temperature", DAY, last, 1)
    devices = [(DeviceId(n + 1), f"n{n}", one) for n, one in enumerate(held)]
    return write_readings(root, place, devices, datetime.now(UTC))


def located(file: SealedFile, group: int = 0) -> Located:
    return Located(
        path=file.path,
        scale=file.scale,
        state=FileState.LIVE,
        reason="",
        group=file.groups[group],
    )


def test_what_was_written_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    one, other = readings(20_000), readings(300_000)
    raw, minutes, hours = write(tmp_path, one, other)
    archive = Archive(tmp_path)
    assert len(raw.groups) == 4
    whole = [archive.readings(located(raw, group)) for group in range(4)]
    for column, expected in zip(whole[0], one, strict=True):
        assert column.tobytes() == expected.tobytes()
    for parts, expected in zip(zip(*whole[1:], strict=True), other, strict=True):
        assert np.concatenate(parts).tobytes() == expected.tobytes()
    times, values = archive.values(located(raw))
    assert (times.tobytes(), values.tobytes()) == (one.times_ms.tobytes(), one.values.tobytes())
    for file in (minutes, hours):
        wanted = [located(file, group) for group in range(len(file.groups))]
        several = archive.rollups(wanted)
        for wanted_one, found in zip(wanted, several, strict=True):
            alone = archive.rollup(wanted_one)
            assert [c.tolist() for c in found[:5]] == [c.tolist() for c in alone[:5]]
            assert [c.size for c in found[5:]] == [0, 0, 0]


def test_no_flipped_bit_is_ever_answered_as_a_number(tmp_path: Path) -> None:
    held = readings(3000)
    [file, *_] = write(tmp_path, held)
    path = tmp_path / file.path
    data = path.read_bytes()
    random = np.random.default_rng(1)
    unreadable = 0
    for _ in range(400):
        spoiled = bytearray(data)
        spoiled[int(random.integers(len(data)))] ^= 1 << int(random.integers(8))
        path.write_bytes(spoiled)
        try:
            found = Archive(tmp_path).readings(located(file))
        except Unreadable as told:
            assert file.path in str(told)
            unreadable += 1
        else:
            assert [c.tobytes() for c in found] == [c.tobytes() for c in held]
    assert unreadable > 200


def test_a_file_of_another_generation_in_its_place_is_not_believed(tmp_path: Path) -> None:
    [file, *_] = write(tmp_path, readings(3000))
    group = structs.replace(file.groups[0], last_ms=file.groups[0].last_ms - 1)
    wrong = structs.replace(located(file), group=group)
    with pytest.raises(Unreadable, match="does not hold what the manifest says"):
        Archive(tmp_path).values(wrong)
    with pytest.raises(Unreadable, match="does not hold what the manifest says"):
        Archive(tmp_path).values(structs.replace(located(file), scale=None))


def test_a_damaged_file_is_not_even_opened(tmp_path: Path) -> None:
    [file, *_] = write(tmp_path, readings(3000))
    marked = structs.replace(located(file), state=FileState.DAMAGED, reason="A bit flipped.")
    with pytest.raises(Unreadable, match="A bit flipped"):
        Archive(tmp_path).values(marked)


def test_hours_that_are_kept_are_read_again_when_their_file_is_another(tmp_path: Path) -> None:
    *_, hours = write(tmp_path, readings(20_000))
    archive = Archive(tmp_path)
    first = archive.rollup(located(hours))
    assert archive.rollup(located(hours)) is first
    assert [c.tobytes() for c in Archive(tmp_path).rollup(located(hours))] == [
        c.tobytes() for c in first
    ]
    path = tmp_path / hours.path
    data = path.read_bytes()
    path.write_bytes(data[:100])
    with pytest.raises(Unreadable, match="is damaged"):
        archive.rollup(located(hours))
    path.write_bytes(data)
    assert archive.rollup(located(hours)).counts.tolist() == first.counts.tolist()
    marked = structs.replace(located(hours), state=FileState.DAMAGED, reason="A bit flipped.")
    with pytest.raises(Unreadable, match="A bit flipped"):
        archive.rollup(marked)
    path.unlink()
    with pytest.raises(Unreadable, match="is missing"):
        archive.rollup(located(hours))


def test_a_file_that_is_put_back_is_read_again_whatever_its_footer_was(tmp_path: Path) -> None:
    held = readings(3000)
    [file, *_] = write(tmp_path, held)
    path = tmp_path / file.path
    data = path.read_bytes()
    other = write(tmp_path / "other", readings(2000))[0]
    archive = Archive(tmp_path)
    path.write_bytes((tmp_path / "other" / other.path).read_bytes())
    with pytest.raises(Unreadable):
        archive.readings(located(file))
    path.write_bytes(data)
    assert archive.readings(located(file)).values.tobytes() == held.values.tobytes()


def test_footers_are_kept_within_bounds(tmp_path: Path) -> None:
    files = [write(tmp_path / str(n), readings(1000))[0] for n in range(5)]
    archive = Archive(tmp_path, footers_bytes=5000)
    for _ in range(3):
        for number, file in enumerate(files):
            moved = structs.replace(located(file), path=f"{number}/{file.path}")
            assert archive.values(moved)[0].size == 1000
    assert 0 < archive.footers.held_bytes <= 5000
