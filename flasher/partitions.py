"""Reads the partition table inside a MicroPython build, to know that our parts fall into place."""

import hashlib
import struct
from typing import NamedTuple

from flasher.boards import NVS_BYTES, NVS_END, NVS_OFFSET, TABLE_OFFSET, VFS_OFFSET, Board
from flasher.errors import BoardError

_ENTRY = struct.Struct("<2sBBII16sI")
_MAGIC = b"\xaa\x50"
_MD5_MAGIC = b"\xeb\xeb"
_TABLE_BYTES = 0xC00


class Partition(NamedTuple):
    """One entry; offset and size in bytes."""

    label: str
    offset: int
    size: int


def parse(table: bytes) -> list[Partition]:
    """The entries of a table as ESP-IDF writes it: 32 bytes each, closed by their MD5."""
    found: list[Partition] = []
    for at in range(0, len(table) - _ENTRY.size + 1, _ENTRY.size):
        row = table[at : at + _ENTRY.size]
        if row[:2] == _MD5_MAGIC:
            if row[16:] != hashlib.md5(table[:at], usedforsecurity=False).digest():
                raise BoardError("The image's partition table is damaged: its MD5 does not fit.")
            return found
        if row[:2] != _MAGIC:
            break
        _, _, _, offset, size, label, _ = _ENTRY.unpack(row)
        found.append(Partition(label.rstrip(b"\0").decode("ascii", "replace"), offset, size))
    if not found:
        raise BoardError("The image has no partition table where a MicroPython build has one.")
    return found


def check(image: bytes, board: Board) -> None:
    """Refuse a build whose layout is not the stock one: NVS at 0x9000, files from 0x200000."""
    start = TABLE_OFFSET - board.image_offset
    entries = parse(image[start : start + _TABLE_BYTES])
    nvs = next((entry for entry in entries if entry.label == "nvs"), None)
    end = max(entry.offset + entry.size for entry in entries)
    named = {entry.label for entry in entries}
    if nvs is None or nvs[1:] != (NVS_OFFSET, NVS_BYTES) or end != VFS_OFFSET or "vfs" in named:
        laid_out = ", ".join(f"{e.label} {e.offset:#x}+{e.size:#x}" for e in entries)
        raise BoardError(
            f"This build divides the flash differently ({laid_out}). Take the plain "
            f"{board.micropython} build, not the OTA variant or another one."
        )
    if image[NVS_OFFSET - board.image_offset : NVS_END - board.image_offset].strip(b"\xff"):
        raise BoardError("The build brings values of its own where a node's identity goes.")
