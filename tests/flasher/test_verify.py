"""A board that has run is checked file by file; one fresh from the press byte by byte."""

from pathlib import Path

import pytest

from flasher import boards, esptool, filesystem, flow
from flasher.boards import NVS_END, VFS_OFFSET
from flasher.errors import VerificationFailed
from flasher.esptool import Part

ESP32 = boards.board("esp32")
FLASH_BYTES = VFS_OFFSET + 256 * 1024
"""A small file system, for a short test."""


@pytest.fixture(scope="module")
def board(plug_in):
    return plug_in("esp32")


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return filesystem.board(filesystem.application(), "1.0.0")


@pytest.fixture
def built(files, tmp_path: Path) -> list[Part]:
    (tmp_path / "micropython.bin").write_bytes(b"MicroPython " * 2000)
    (tmp_path / "vfs.bin").write_bytes(filesystem.image(files, FLASH_BYTES))
    return [
        Part(NVS_END, tmp_path / "micropython.bin"),
        Part(VFS_OFFSET, tmp_path / "vfs.bin"),
    ]


@pytest.fixture
def put(board, tmp_path: Path):
    """Write the parts, with another content of one of them."""

    def do(parts: list[Part], name: str = "", content: bytes = b"") -> None:
        other = tmp_path / "other.bin"
        other.write_bytes(content)
        instead = [Part(p.offset, other) if p.file.name == name else p for p in parts]
        esptool.write(board.port, "esp32", instead, lambda _: None, baud=None)

    return do


def test_a_board_as_it_was_written_passes_both_ways(board, built, put, told) -> None:
    put(built)
    flow.compare(board.port, ESP32, built, told.append)
    flow.compare_used(board.port, ESP32, built, told.append)
    assert [event.name for event in told] == ["verify", "verify"]


def test_files_that_a_board_has_added_are_its_own_affair(board, built, files, put, told) -> None:
    used = filesystem.image({**files, "spool/00000001": b"rows " * 900}, FLASH_BYTES)
    put(built, "vfs.bin", used)
    flow.compare_used(board.port, ESP32, built, told.append)
    with pytest.raises(VerificationFailed, match=r"vfs\.bin"):
        flow.compare(board.port, ESP32, built, told.append)


def test_a_file_of_the_application_that_was_changed_is_named(
    board, built, files, put, told
) -> None:
    net = files["a/node/net.mpy"] + b"!"
    changed = {**files, "main.py": b"print('mine')\n", "a/node/net.mpy": net}
    put(built, "vfs.bin", filesystem.image(changed, FLASH_BYTES))
    with pytest.raises(VerificationFailed, match=r": a/node/net\.mpy, main\.py\. Flash it again"):
        flow.compare_used(board.port, ESP32, built, told.append)


def test_a_board_that_has_updated_itself_is_told_and_its_starters_are_compared(files) -> None:
    newer = {f"b{path[1:]}": data for path, data in files.items() if path.startswith("a/")}
    there = {**files, **newer, "slot": b"b", "b/version": b"1.1.0", "b/node/app.mpy": b"M"}
    assert filesystem.changed(files, there) == ([], "1.1.0")
    there["boot.py"] = b"pass"
    assert filesystem.changed(files, there) == (["boot.py"], "1.1.0")


def test_the_same_application_in_the_other_slot_is_compared_there(files) -> None:
    moved = {f"b{path[1:]}": data for path, data in files.items() if path.startswith("a/")}
    there = {**files, **moved, "slot": b"b0", "a/node/app.mpy": b"M"}
    assert filesystem.changed(files, there) == ([], None)
    del there["b/node/app.mpy"]
    assert filesystem.changed(files, there) == (["b/node/app.mpy"], None)


def test_a_file_system_that_cannot_be_read_is_told(board, built, put, told) -> None:
    put(built, "vfs.bin", b"\xff" * built[1].size)
    with pytest.raises(VerificationFailed, match="cannot be read"):
        flow.compare_used(board.port, ESP32, built, told.append)


def test_another_micropython_is_named(board, built, put, told) -> None:
    put(built, "micropython.bin", b"MacroPython " * 2000)
    with pytest.raises(VerificationFailed, match=r"micropython\.bin"):
        flow.compare_used(board.port, ESP32, built, told.append)
