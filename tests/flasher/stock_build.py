"""python stock_build.py CHIP FILE: a stand-in for a stock MicroPython build, by esptool's writer.

Boot loader, partition table and application lie where a build has them, with valid checksums and
hashes. A process of its own, as everything that imports esptool.
"""

import hashlib
import struct
import sys
from pathlib import Path

from esptool import bin_image

CHIPS = {
    "esp32": (bin_image.ESP32FirmwareImage, 0x3FFE8000, 0x1000),
    "esp32s3": (bin_image.ESP32S3FirmwareImage, 0x3FC90000, 0),
    "esp32c3": (bin_image.ESP32C3FirmwareImage, 0x3FC90000, 0),
    "esp32c6": (bin_image.ESP32C6FirmwareImage, 0x40810000, 0),
}
STOCK = [(1, 2, 0x9000, 0x6000, b"nvs"), (1, 1, 0xF000, 0x1000, b"phy_init")]
STOCK += [(0, 0, 0x10000, 0x1F0000, b"factory")]
OTA = [(1, 2, 0x9000, 0x4000, b"nvs"), (1, 0, 0xD000, 0x2000, b"otadata")]
OTA += [(1, 1, 0xF000, 0x1000, b"phy_init"), (0, 16, 0x10000, 0x180000, b"ota_0")]
OTA += [(0, 17, 0x190000, 0x180000, b"ota_1")]


def image(chip: str, content: bytes, scratch: Path) -> bytes:
    made, address, _ = CHIPS[chip]
    firmware = made()
    firmware.entrypoint = 0x40080000
    firmware.segments = [bin_image.ELFSection(b".data", address, content, 0)]
    firmware.save(str(scratch))
    return scratch.read_bytes()


def table(entries: list[tuple[int, int, int, int, bytes]]) -> bytes:
    rows = b"".join(
        struct.pack("<2sBBII16sI", b"\xaa\x50", *entry[:4], entry[4], 0) for entry in entries
    )
    rows += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(rows).digest()
    return rows.ljust(0xC00, b"\xff")


def build(chip: str, file: Path, entries: list[tuple[int, int, int, int, bytes]]) -> None:
    offset = CHIPS[chip][2]
    loader = image(chip, b"boot loader " * 100, file)
    application = image(chip, b"MicroPython " * 10_000, file)
    front = loader.ljust(0x8000 - offset, b"\xff") + table(entries)
    file.write_bytes(front.ljust(0x10000 - offset, b"\xff") + application)


if __name__ == "__main__":
    build(sys.argv[1], Path(sys.argv[2]), OTA if "ota" in sys.argv else STOCK)
