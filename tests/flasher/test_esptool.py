"""Real esptool, as a child process, on a boot loader that answers as the chips do."""

import fcntl
import os
import pty
import socket
from pathlib import Path

import pytest

from flasher import esptool
from flasher.errors import BoardError, NoAnswer, NoPort, PortBusy, VerificationFailed, WrongBoard
from flasher.esptool import Part
from flasher.events import Progress, Step
from tests.flasher.cable import cable

NVS, VFS = 0x9000, 0x200000


@pytest.fixture(scope="module")
def board(plug_in):
    return plug_in("esp32")


@pytest.fixture
def parts(tmp_path: Path) -> list[Part]:
    """One part that compresses well and one that does not."""
    small, large = tmp_path / "nvs.bin", tmp_path / "vfs.bin"
    small.write_bytes(os.urandom(24576))
    large.write_bytes(os.urandom(65536) + b"\xff" * 500_000)
    return [Part(NVS, small), Part(VFS, large)]


@pytest.mark.parametrize(
    ("chip", "mac"),
    [
        ("esp32", "24:0a:c4:e2:95:26"),
        ("esp32s3", None),
        ("esp32c3", "24:0a:c4:1f:67:7d"),
        ("esp32c6", None),
    ],
)
def test_every_chip_is_recognised_with_its_mac_and_flash(plug_in, chip, mac) -> None:
    found = esptool.detect(plug_in(chip).port)
    assert found.chip == chip
    assert found.flash_bytes == 4 * 2**20
    assert len(found.mac) == 17
    assert found.mac.startswith("24:0a:c4:")
    assert mac in (None, found.mac)


def test_what_is_written_is_what_is_read_back(board, parts, tmp_path: Path, told) -> None:
    rate = esptool.write(board.port, "esp32", parts, told.append, baud=None)
    assert rate == esptool.BAUD_RATES[0]
    flash = board.flash()
    for part in parts:
        assert flash[part.offset : part.offset + part.size] == part.file.read_bytes()
    copy = Part(NVS, tmp_path / "copy.bin")
    esptool.read(board.port, "esp32", copy, parts[0].size, told.append)
    assert copy.file.read_bytes() == parts[0].file.read_bytes()
    assert esptool.differing(board.port, "esp32", parts) == []


def test_progress_rises_from_nothing_to_everything(board, parts, told) -> None:
    esptool.write(board.port, "esp32", parts, told.append, baud=None)
    assert all(isinstance(event, Progress) for event in told)
    done = [event.done for event in told]
    total = sum(part.size for part in parts)
    assert done == sorted(done)
    assert len(done) >= 3
    assert (done[-1], {event.total for event in told}) == (total, {total})


def test_the_part_that_differs_is_named(board, parts, told) -> None:
    esptool.write(board.port, "esp32", parts, told.append, baud=None)
    content = bytearray(parts[1].file.read_bytes())
    content[70_000] ^= 1
    parts[1].file.write_bytes(content)
    assert esptool.differing(board.port, "esp32", parts) == [parts[1]]


def test_the_wrong_chip_is_refused_in_words_and_nothing_is_written(plug_in, parts, told) -> None:
    board = plug_in("esp32")
    with pytest.raises(WrongBoard, match="is an ESP32, the parts are for an ESP32-C3"):
        esptool.write(board.port, "esp32c3", parts, told.append, baud=None)
    assert told == []
    assert esptool.differing(board.port, "esp32", parts) == parts


def test_a_port_without_anything_is_refused_in_words() -> None:
    with pytest.raises(NoPort, match="no port /dev/ttyUSB77"):
        esptool.detect("/dev/ttyUSB77")
    with pytest.raises(NoPort, match="/dev/null is not a serial port"):
        esptool.detect("/dev/null")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    with pytest.raises(NoPort, match="Nothing listens"):
        esptool.detect(f"socket://127.0.0.1:{free}")


def test_a_board_that_stays_mute_is_told_as_one_with_what_to_do() -> None:
    ours, theirs = pty.openpty()
    try:
        with pytest.raises(NoAnswer, match="Hold BOOT, press RESET"):
            esptool.detect(os.ttyname(theirs))
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_busy_port_names_who_holds_it() -> None:
    ours, theirs = pty.openpty()
    try:
        fcntl.flock(theirs, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(PortBusy, match=rf"in use: process {os.getpid()} \("):
            esptool.detect(os.ttyname(theirs))
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_line_that_breaks_at_full_speed_is_tried_slower(board, parts, told) -> None:
    with cable(board.number, esptool.BAUD_RATES[:1]) as port:
        rate = esptool.write(port, "esp32", parts, told.append, baud=None)
    assert rate == esptool.BAUD_RATES[1]
    slower = [event for event in told if isinstance(event, Step)]
    assert [str(esptool.BAUD_RATES[0]) in step.text for step in slower] == [True]
    assert esptool.differing(board.port, "esp32", parts) == []


def test_a_line_that_always_breaks_is_an_error_in_one_line(board, parts, told) -> None:
    with cable(board.number, ()) as port, pytest.raises(BoardError) as e:
        esptool.write(port, "esp32", parts, told.append, baud=None)
    assert str(e.value).startswith(port)
    assert "\n" not in str(e.value)
    assert "Traceback" not in str(e.value)


def test_a_given_rate_is_the_fastest_that_is_tried(board, parts, told) -> None:
    assert esptool.write(board.port, "esp32", parts, told.append, baud=460800) == 460800


def test_an_image_is_recognised_and_a_damaged_one_refused(stock, tmp_path: Path) -> None:
    good = stock("esp32s3")
    assert esptool.image_chip(good) == "esp32s3"
    content = bytearray(good.read_bytes())
    for damaged in (
        content[:100] + bytes([content[100] ^ 1]) + content[101:],
        b"\x7fELF" + content[4:],
        content[:300],
        b"",
    ):
        file = tmp_path / "damaged.bin"
        file.write_bytes(damaged)
        with pytest.raises(VerificationFailed, match=r"damaged\.bin is damaged"):
            esptool.image_chip(file)
