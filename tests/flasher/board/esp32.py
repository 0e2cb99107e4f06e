"""What the ESP32's own module gives a node: NVS, read from the bytes of its partition.

Written from ESP-IDF's description of the format; every CRC is checked. MicroPython and CPython.
"""

import binascii
import struct

PAGE = 4096
ENTRY = 32
WRITTEN, FREE = 2, 3
U8, BLOB_DATA, BLOB_INDEX = 0x01, 0x42, 0x48
ACTIVE = b"\xfe\xff\xff\xff"
OLD, NEW = 0, 0x80  # a blob's chunks are numbered from here, in turn

partition = b""


def changed(partition):
    """Called with the partition when something was written into it."""


class NVS:
    def __init__(self, namespace):
        rows = list(entries(partition))
        spaces = {row[3]: row[4][0] for row in rows if row[0] == 0 and row[1] == U8}
        self._space = spaces.get(namespace)
        self._rows = [row for row in rows if row[0] == self._space]

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

    def set_blob(self, name, blob):
        """Writes a blob behind what is there, then lets the one before go; in the active page."""
        global partition
        image = bytearray(partition)
        page = [at for at in range(0, len(image), PAGE) if image[at : at + 4] == ACTIVE][-1]
        before = [row[4][5] for row in self._rows if row[1] == BLOB_INDEX and row[3] == name]
        start = NEW if before == [OLD] else OLD
        padded = blob + b"\xff" * (-len(blob) % ENTRY)
        span = 1 + len(padded) // ENTRY
        size = struct.pack("<HH", len(blob), 0xFFFF) + crc(blob)
        index = struct.pack("<IBBH", len(blob), 1, start, 0xFFFF)
        rows = entry(self._space, BLOB_DATA, span, start, name, size) + padded
        rows += entry(self._space, BLOB_INDEX, 1, 0xFF, name, index)
        free = min([at for at in range(126) if state(image, page, at) == FREE])
        if free + span + 1 > 126:
            raise OSError(-0x1105)
        here = page + 64 + free * ENTRY
        image[here : here + len(rows)] = rows
        for at in range(126):
            here = page + 64 + at * ENTRY
            of_it = image[here : here + 1] == bytes([self._space]) and (
                text(image[here + 8 : here + 24]) == name
            )
            if free <= at <= free + span:
                mark(image, page, at, 1, WRITTEN)
            elif at < free and of_it and state(image, page, at) == WRITTEN:
                mark(image, page, at, image[here + 2], 0)
        partition = bytes(image)

    def commit(self):
        changed(partition)


def entries(image):
    """(namespace, type, chunk, key, data, following bytes) of everything written."""
    for page in range(0, len(image), PAGE):
        if image[page : page + 4] == b"\xff\xff\xff\xff":
            continue
        check(image[page + 4 : page + 28], image[page + 28 : page + 32])
        at = 0
        while at < 126:
            here = page + 64 + at * ENTRY
            row = image[here : here + ENTRY]
            if state(image, page, at) != WRITTEN:
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


def state(image, page, at):
    return image[page + 32 + at // 4] >> at % 4 * 2 & 3


def mark(image, page, at, count, to):
    for place in range(at, at + count):
        shift = place % 4 * 2
        image[page + 32 + place // 4] &= 0xFF ^ (3 ^ to) << shift


def entry(space, kind, span, chunk, key, data):
    head = bytes([space, kind, span, chunk])
    rest = key.encode() + b"\0" * (16 - len(key)) + data
    return head + crc(head + rest) + rest


def crc(data):
    return struct.pack("<I", binascii.crc32(data, 0xFFFFFFFF) & 0xFFFFFFFF)


def text(padded):
    return bytes(padded).split(b"\0")[0].decode()


def check(data, told):
    if crc(data) != bytes(told):
        raise OSError("a CRC in NVS is wrong")
