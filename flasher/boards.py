"""The kinds of board, and where on their flash everything lies."""

import tomllib
from pathlib import Path

import msgspec

from appliance.errors import NotFound

FIRMWARE = Path(__file__).parents[1] / "firmware"
"""The node's sources and the lists of boards and images, beside this package wherever it lies."""

TABLE_OFFSET = 0x8000
NVS_OFFSET = 0x9000
NVS_BYTES = 0x6000
NVS_END = NVS_OFFSET + NVS_BYTES
APP_OFFSET = 0x10000
VFS_OFFSET = 0x200000
"""From here to the end of its flash a stock MicroPython keeps its file system."""
BLOCK_BYTES = 4096


class Board(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of board; offsets and sizes in bytes, `chip` as esptool calls it.

    drivers: of its sensors. free, inputs (can only be read), analog, taken (by why): its pins;
    pins: the usual one of each purpose.
    """

    name: str
    label: str
    chip: str
    micropython: str
    image_offset: int
    flash_bytes: int
    drivers: list[str]
    free: list[int]
    inputs: list[int]
    analog: list[int]
    taken: dict[str, list[int]]
    pins: dict[str, int]


def boards(file: Path = FIRMWARE / "boards.toml") -> dict[str, Board]:
    """Every kind of board, by name."""
    entries = tomllib.loads(file.read_text("utf-8"))
    return {
        name: msgspec.convert({"name": name, **entry}, Board) for name, entry in entries.items()
    }


def board(name: str) -> Board:
    """The kind of that name."""
    known = boards()
    if name not in known:
        raise NotFound(f"There is no board {name}. Known: {', '.join(known)}.")
    return known[name]


def board_of_chip(chip: str) -> Board:
    """The kind of board that carries this chip."""
    for kind in boards().values():
        if kind.chip == chip:
            return kind
    raise NotFound(
        f"Carbonseed does not run on a {chip}. It runs on "
        f"{', '.join(kind.label for kind in boards().values())}."
    )


def vfs_bytes(flash_bytes: int) -> int:
    """The size of the file system on a flash of that size."""
    return flash_bytes - VFS_OFFSET


def in_words(size: int) -> str:
    """4194304 as `4 MB`."""
    return f"{size / 2**20:g} MB"
