"""What is written onto a board, as a folder: MicroPython, the file system and, per device, NVS.

A stock build spans the place where NVS lies, so it is written as what is before it and what is
behind it. Without an identity in the folder, a board keeps the one it has.
"""

import hashlib
import os
from importlib.metadata import version
from pathlib import Path

import msgspec

from appliance.errors import NotFound
from flasher import boards, filesystem
from flasher.boards import NVS_END, NVS_OFFSET, VFS_OFFSET, Board
from flasher.errors import VerificationFailed, WrongBoard
from flasher.esptool import Found, Part
from flasher.images import Image

PLAN = "flash.json"
BOOT = "boot.bin"
MICROPYTHON = "micropython.bin"
VFS = "vfs.bin"
NVS = "nvs.bin"
SCHEMA_VERSION = 1


class Plan(msgspec.Struct, frozen=True):
    """What the folder holds: for which board, made from which build, and each file's SHA-256."""

    schema_version: int
    board: str
    flash_bytes: int
    image: str
    files: dict[str, str]


def build(folder: Path, board: Board, flash_bytes: int, image: Image) -> Plan:
    """Put together what is the same for every board of a kind; same inputs, same bytes."""
    files = filesystem.board(filesystem.application(), version("carbonseed"))
    disk = filesystem.image(files, flash_bytes)
    stock = image.file.read_bytes()
    begin, end = (NVS_OFFSET - board.image_offset, NVS_END - board.image_offset)
    content = {BOOT: stock[:begin], MICROPYTHON: stock[end:], VFS: disk}
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in content.items():
        (folder / name).write_bytes(data)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
    plan = Plan(SCHEMA_VERSION, board.name, flash_bytes, image.name, hashes)
    (folder / PLAN).write_bytes(msgspec.json.format(msgspec.json.encode(plan)))
    return plan


def put_identity(folder: Path, nvs: bytes) -> Path:
    """Put a device's NVS beside the rest, readable by this user alone: it holds the key."""
    file = folder / NVS
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(nvs)
    return file


def load(folder: Path) -> tuple[Plan, list[Part]]:
    """The plan of a folder and its parts by offset; a changed file is refused."""
    try:
        plan = msgspec.json.decode((folder / PLAN).read_bytes(), type=Plan)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(
            f"{folder} holds nothing to flash. Make it with: carbonseed flash build --out {folder}"
        ) from error
    except msgspec.DecodeError as error:
        raise VerificationFailed(f"{folder / PLAN} cannot be read: {error}.") from error
    for name, sha256 in plan.files.items():
        file = folder / name
        if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
            raise VerificationFailed(f"{file} has changed since it was built. Build again.")
    parts = [
        Part(boards.board(plan.board).image_offset, folder / BOOT),
        Part(NVS_END, folder / MICROPYTHON),
        Part(VFS_OFFSET, folder / VFS),
    ]
    if (folder / NVS).exists():
        parts.insert(1, Part(NVS_OFFSET, folder / NVS))
    return plan, parts


def fit(plan: Plan, found: Found) -> None:
    """Refuse a board of another kind, or with another size of flash, than the parts are for."""
    made_for = boards.board(plan.board)
    if found.chip != made_for.chip:
        other = boards.board_of_chip(found.chip)
        raise WrongBoard(
            f"The board is an {other.label}, the parts are for an {made_for.label}. "
            "Nothing was written."
        )
    if found.flash_bytes != plan.flash_bytes:
        raise WrongBoard(
            f"The board has {boards.in_words(found.flash_bytes)} of flash, the parts are for "
            f"{boards.in_words(plan.flash_bytes)}. Nothing was written. Build again with "
            f"--flash-size {found.flash_bytes >> 20}."
        )
