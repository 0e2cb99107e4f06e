"""What the ESP32's own module gives a node: NVS, read from the bytes of its partition.

Written from ESP-IDF's description of the format; every CRC is checked. MicroPython and CPython.
"""

import binascii
import struct

PAGE = 4096
ENTRY = 32
WRITTEN = 2
U8, BLOB_DATA, BLOB_INDEX = 0x01, 0x42, 0x48

partition = b""


class NVS:
    def __init__(self, namespace):
        rows = list(entries(partition))
        spaces = {row[3]: row[4][0] for row in rows if row[0] == 0 and row[1] == U8}
        index = spaces.get(namespace)
        self._rows = [row for row in rows if row[0] == index]

    def get_blob(self, name, buffer):
        """Fills the buffer; the blob's length. OSError where there is no such blob or no room."""
        chunks = {row[2]: row[5] for row in self._rows if row[1] == BLOB_DATA and row[3] == name}
        for _, kind, _, key, data, _ in self._rows:
            if kind == BLOB_INDEX and key == name:
                size, count, start = struct.unpack("<IBB", data[:6])
                blob = b"".join([chunks[start + i] for i in range(count)])
                if len(blob) != size or size > len(buffer):
                    raise OSError(-0x110C)
                buffer[:size] = blob
                return size
        raise OSError(-0x1102)


def entries(image):
    """(namespace, type, chunk, key, data, following bytes) of everything written."""
    for page in range(0, len(image), PAGE):
        if image[page : page + 4] == b"\xff\xff\xff\xff":
            continue
        check(image[page + 4 : page + 28], image[page + 28 : page + 32])
        at = 0
        while at < 126:
            state = image[page + 32 + at // 4] >> at % 4 * 2 & 3
            here = page + 64 + at * ENTRY
            row = image[here : here + ENTRY]
            if state != WRITTEN:
                at += 1
                continue
            check(row[:4] + row[8:], row[4:8])
            space, kind, span, chunk = row[0], row[1], row[2], row[3]
            data, following = row[24:32], b""
            if kind == BLOB_DATA:
                size, _, crc = struct.unpack("<HH4s", data)
                following = image[here + ENTRY : here + ENTRY + size]
                check(following, crc)
            yield space, kind, chunk, text(row[8:24]), data, following
            at += span


def text(padded):
    return bytes(padded).split(b"\0")[0].decode()


def check(data, crc):
    if binascii.crc32(data, 0xFFFFFFFF) & 0xFFFFFFFF != struct.unpack("<I", crc)[0]:
        raise OSError("a CRC in NVS is wrong")
