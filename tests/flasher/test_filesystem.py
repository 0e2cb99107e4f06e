"""The file system: the same bytes each time, and files that MicroPython mounts and imports."""

import subprocess
import sys
from pathlib import Path

import pytest

from flasher import filesystem
from flasher.errors import BoardError, VerificationFailed

FLASH_BYTES = 4 * 2**20
MICROPYTHON = Path(sys.executable).parent / "micropython"
MOUNT = """
import os, sys, vfs
class Disk:
    def __init__(self, file): self.bytes = bytearray(file.read())
    def readblocks(self, block, buffer, offset=0):
        start = block * 4096 + offset
        buffer[:] = self.bytes[start : start + len(buffer)]
    def writeblocks(self, block, buffer, offset=0): raise OSError(30)
    def ioctl(self, operation, argument):
        return {4: len(self.bytes) // 4096, 5: 4096}.get(operation, 0)
with open(sys.argv[1], "rb") as file:
    disk = Disk(file)
vfs.mount(vfs.VfsLfs2(disk, progsize=32, readsize=32, lookahead=32), "/board")
def show(folder):
    for name, kind, _, size in os.ilistdir(folder):
        if kind == 0x4000: show(folder + "/" + name)
        else: print((folder + "/" + name)[7:], size)
show("/board")
sys.path.insert(0, "/board/a")
from node import config, wire
print(sys.modules["node.wire"].__file__)
"""


@pytest.fixture(scope="module")
def application() -> dict[str, bytes]:
    return filesystem.application()


@pytest.fixture(scope="module")
def files(application) -> dict[str, bytes]:
    return filesystem.board(application, "1.0.0")


@pytest.fixture(scope="module")
def disk(files) -> bytes:
    return filesystem.image(files, FLASH_BYTES)


def test_every_module_is_there_as_bytecode_and_the_two_starters_as_source(application) -> None:
    sources = {
        file.relative_to(filesystem.SOURCES).with_suffix("").as_posix()
        for file in filesystem.SOURCES.rglob("*.py")
    }
    assert {path.rpartition(".")[0] for path in application} == sources
    assert [path for path in application if path.endswith(".py")] == ["boot.py", "main.py"]
    compiled = [data for path, data in application.items() if path.endswith(".mpy")]
    assert len(compiled) > 10
    assert all(data[:2] == b"M\x06" for data in compiled)  # bytecode version 6


def test_the_application_lies_in_the_first_slot_with_its_version(application, files) -> None:
    assert {path for path in files if "/" not in path} == {"boot.py", "main.py"}
    assert files["a/node/app.mpy"] == application["node/app.mpy"]
    assert files["a/version"] == b"1.0.0"
    assert len(files) == len(application) + 1


def test_the_same_sources_make_the_same_bytes(disk) -> None:
    again = filesystem.board(filesystem.application(), "1.0.0")
    assert filesystem.image(again, FLASH_BYTES) == disk
    assert len(disk) == FLASH_BYTES - 0x200000


def test_no_path_of_this_machine_is_in_it(disk) -> None:
    assert str(filesystem.SOURCES).encode() not in disk
    assert b"carbonseed-" not in disk


@pytest.mark.parametrize("megabytes", [4, 8, 16])
def test_the_image_is_as_large_as_what_a_board_mounts(application, megabytes: int) -> None:
    disk = filesystem.image(application, megabytes * 2**20)
    assert len(disk) == (megabytes - 2) * 2**20
    assert filesystem.contents(disk) == application


def test_micropython_mounts_it_and_imports_the_application(disk, files, tmp_path) -> None:
    file = tmp_path / "vfs.bin"
    file.write_bytes(disk)
    script = tmp_path / "mount.py"
    script.write_text(MOUNT)
    done = subprocess.run(
        [MICROPYTHON, "-X", "heapsize=16M", script, file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *listed, imported = done.stdout.splitlines()
    assert dict(line.split() for line in listed) == {
        path: str(len(data)) for path, data in files.items()
    }
    assert imported == "/board/a/node/wire.mpy"


def test_a_module_that_is_no_python_is_named(tmp_path: Path) -> None:
    for name in ("boot.py", "main.py"):
        (tmp_path / name).write_text("pass\n")
    (tmp_path / "broken.py").write_text("def f(:\n")
    with pytest.raises(BoardError, match=r"broken\.py cannot be compiled"):
        filesystem.application(tmp_path)


def test_a_folder_that_is_no_application_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match=r"boot\.py"):
        filesystem.application(tmp_path)


def test_a_disk_that_is_none_is_told(disk) -> None:
    with pytest.raises(VerificationFailed):
        filesystem.contents(b"\xff" * len(disk))


def test_a_flash_without_room_is_refused(application) -> None:
    with pytest.raises(BoardError, match="no room"):
        filesystem.image(application, 0x200000)
