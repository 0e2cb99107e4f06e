"""The store takes builds that are whole, known and laid out as stock ones are, and no others."""

import hashlib
from pathlib import Path

import pytest

from appliance.errors import Conflict, NotFound
from flasher import boards, images
from flasher.errors import BoardError, VerificationFailed, WrongBoard
from tests.flasher.conftest import keep


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("chip", ["esp32", "esp32c6"])
def test_a_whole_build_is_kept_for_the_board_it_says(stock, tmp_path: Path, chip) -> None:
    file = stock(chip)
    added = images.add(tmp_path, file, sha256(file).upper(), None)
    assert (added.board, added.name, added.sha256) == (chip, file.name, sha256(file))
    assert images.listed(tmp_path) == [added]
    assert added.file.read_bytes() == file.read_bytes()
    assert images.add(tmp_path, file, sha256(file), chip) == added
    assert images.choose(tmp_path, boards.board(chip), None) == added


def test_a_build_with_another_hash_is_refused(stock, tmp_path: Path) -> None:
    with pytest.raises(VerificationFailed, match="Download the file again"):
        images.add(tmp_path, stock("esp32"), "0" * 64, None)
    assert images.listed(tmp_path) == []


def test_a_build_nobody_vouches_for_is_refused(stock, tmp_path: Path) -> None:
    with pytest.raises(VerificationFailed, match="--sha256"):
        images.add(tmp_path, stock("esp32"), None, None)


@pytest.mark.parametrize("where", [0x40, 0x7000 + 8, 0xF000 + 100])
def test_a_flipped_bit_is_found_wherever_it_is(stock, tmp_path: Path, where: int) -> None:
    """In the boot loader, in the partition table, in the application."""
    content = bytearray(stock("esp32").read_bytes())
    content[where] ^= 1
    damaged = tmp_path / "damaged.bin"
    damaged.write_bytes(content)
    with pytest.raises((VerificationFailed, BoardError)):
        images.add(tmp_path / "store", damaged, sha256(damaged), None)
    assert images.listed(tmp_path / "store") == []


def test_a_build_that_divides_the_flash_differently_is_refused(stock, tmp_path: Path) -> None:
    file = stock("esp32", "ota")
    with pytest.raises(BoardError, match=r"plain ESP32_GENERIC build.*OTA"):
        images.add(tmp_path, file, sha256(file), None)


def test_a_build_for_another_board_than_said_is_refused(stock, tmp_path: Path) -> None:
    file = stock("esp32s3")
    with pytest.raises(WrongBoard, match="for ESP32-S3, not for ESP32"):
        images.add(tmp_path, file, sha256(file), "esp32")


def test_a_build_cut_off_before_its_application_is_refused(stock, tmp_path: Path) -> None:
    short = tmp_path / "short.bin"
    short.write_bytes(stock("esp32").read_bytes()[:0xE000])
    with pytest.raises(BoardError, match="cut off"):
        images.add(tmp_path / "store", short, sha256(short), None)


def test_a_build_changed_in_the_store_is_not_used(stock, tmp_path: Path) -> None:
    kept = keep(tmp_path, stock("esp32"))
    kept.file.write_bytes(kept.file.read_bytes() + b"\0")
    with pytest.raises(VerificationFailed, match="has changed"):
        images.choose(tmp_path, boards.board("esp32"), None)


def test_without_a_build_it_is_said_which_to_get(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="ESP32_GENERIC_C3-"):
        images.choose(tmp_path, boards.board("esp32c3"), None)


def test_of_several_builds_one_is_chosen_by_name_or_hash(stock, tmp_path: Path) -> None:
    first = keep(tmp_path, stock("esp32"))
    other = tmp_path / "newer.bin"
    other.write_bytes(stock("esp32").read_bytes() + b"\xff" * 16)
    second = keep(tmp_path, other)
    kind = boards.board("esp32")
    with pytest.raises(Conflict, match="--image"):
        images.choose(tmp_path, kind, None)
    assert images.choose(tmp_path, kind, first.sha256[:10]) == first
    assert images.choose(tmp_path, kind, "newer.bin") == second
    with pytest.raises(NotFound):
        images.choose(tmp_path, kind, "older.bin")
