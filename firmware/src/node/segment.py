"""One segment file of the spool: a header, then one record a row, each with its own CRC-32."""

import binascii
import json
import struct

from . import compat

SUFFIX = ".seg"
REFUSED = ".refused"  # a side file: rows that the appliance refused
_BLOCK = 4096  # flash is given out in blocks of this size
_MAGIC = b"CSG1"


def new(boot, epoch, first, metrics, digits, suffix=SUFFIX):
    """A segment that is not on the medium yet, and its header."""
    header = _header(metrics, digits)
    return Segment(boot, epoch, first, 0, len(header), len(metrics), suffix), header


def is_named(name):
    """Whether a file is one of ours."""
    stem, suffix = _parts(name)
    return suffix in (SUFFIX, REFUSED) and [len(part) for part in stem.split("-")] == [8, 16, 10]


def find(folder, name, metrics, digits):
    """The segment in file `name`, or None where its header is not whole: nothing was flushed.

    A file that cannot be opened or read is taken for one of `metrics` and `digits`, so that its
    rows can be counted by its size. Raises OSError where not even that is known.
    """
    stem, suffix = _parts(name)
    boot, epoch, first = stem.split("-")
    try:
        with open(folder + "/" + name, "rb") as file:
            described = _read_header(file)
    except OSError as error:
        compat.say("spool: cannot read %s: %s" % (name, error))
        described = len(_header(metrics, digits)), metrics, digits
    if described is None:
        return None
    start, width = described[0], len(described[1])
    rows = (compat.size(folder + "/" + name) - start) // _record_size(width)
    return Segment(int(boot, 16), epoch, int(first, 16), rows, start, width, suffix)


def encode(number, row):
    """The record of row `number`: CRC-32 over its number and content, uptime, values."""
    data = struct.pack("<q%di" % (len(row) - 1), *row)
    return struct.pack("<I", binascii.crc32(data, number & 0xFFFFFFFF)) + data


class Segment:
    """Where the rows first ... first + rows - 1 of an epoch lie."""

    _kind = None

    def __init__(self, boot, epoch, first, rows, start, width, suffix):
        kind = (boot, epoch, start, width, suffix)
        if kind != Segment._kind:  # a long backlog is of one kind: it is in memory once
            Segment._kind = kind
        self._kind = Segment._kind
        self.first = first
        self.rows = rows
        self.reached = first  # every row before this one is acknowledged

    @property
    def boot(self):
        return self._kind[0]

    @property
    def epoch(self):
        return self._kind[1]

    @property
    def start(self):
        """Where the rows begin in the file."""
        return self._kind[2]

    @property
    def width(self):
        """How many values a row has."""
        return self._kind[3]

    @property
    def suffix(self):
        return self._kind[4]

    def name(self):
        return "%08x-%s-%010x%s" % (self.boot, self.epoch, self.first, self.suffix)

    def order(self):
        """Oldest first, side files behind the others."""
        return (self.suffix == REFUSED, self.boot, self.first)

    def end(self):
        """The number of the row after the last."""
        return self.first + self.rows

    def waiting(self):
        """How many rows are not acknowledged."""
        return self.end() - self.reached

    def size(self, more=0):
        """Bytes of the file, with so many rows more."""
        return self.start + (self.rows + more) * _record_size(self.width)

    def taken(self):
        """Bytes of flash it takes: whole blocks."""
        return blocks(self.size())

    def append(self, folder, header, rows):
        """Adds rows durably; `header` begins the file anew. Raises OSError, then no row counts."""
        number = self.end()
        try:
            with open(folder + "/" + self.name(), "wb" if header else "ab") as file:
                if header:
                    file.write(header)
                for row in rows:
                    file.write(encode(number, row))
                    number += 1
                compat.sync(file)
        except OSError:
            if header:
                self.remove(folder)
            raise
        self.rows = number - self.first

    def read(self, folder, number, count):
        """Metrics, digits and up to `count` rows from row `number`; fewer if a CRC is wrong."""
        size = _record_size(self.width)
        with open(folder + "/" + self.name(), "rb") as file:
            described = _read_header(file)
            if described is None or len(described[1]) != self.width:
                return (), (), ()
            file.seek(described[0] + (number - self.first) * size)
            records = Records(file.read(count * size), self.width)
        records.check(number)
        return described[1], described[2], records

    def remove(self, folder):
        compat.discard(folder + "/" + self.name())


class Records:
    """Rows as they lie in flash, in one piece: a row is only unpacked when it is looked at."""

    def __init__(self, data, width):
        self._data = data
        self._size = _record_size(width)
        self._form = "<q%di" % width
        self._count = len(data) // self._size

    def check(self, number):
        """Ends before the first record whose CRC is wrong; `number` is that of the first row."""
        view = memoryview(self._data)
        for i in range(self._count):
            at = i * self._size
            crc = binascii.crc32(view[at + 4 : at + self._size], (number + i) & 0xFFFFFFFF)
            if struct.unpack_from("<I", self._data, at)[0] != crc:
                self._count = i
                return

    def __len__(self):
        return self._count

    def __iter__(self):
        for i in range(self._count):
            yield struct.unpack_from(self._form, self._data, i * self._size + 4)


def blocks(size):
    """What a file of `size` bytes takes of the flash."""
    return (size + _BLOCK - 1) // _BLOCK * _BLOCK


def _parts(name):
    stem, dot, suffix = name.partition(".")
    return stem, dot + suffix


def _header(metrics, digits):
    header = json.dumps([metrics, digits]).encode()
    header = _MAGIC + struct.pack("<H", len(header)) + header
    return header + struct.pack("<I", binascii.crc32(header))


def _record_size(width):
    return 12 + 4 * width


def _read_header(file):
    """(where the records start, metrics, digits), or None."""
    head = file.read(6)
    if len(head) < 6 or head[:4] != _MAGIC:
        return None
    rest = file.read(struct.unpack("<H", head[4:])[0] + 4)
    if len(rest) < 4 or struct.pack("<I", binascii.crc32(head + rest[:-4])) != rest[-4:]:
        return None
    metrics, digits = json.loads(rest[:-4])
    return len(head) + len(rest), metrics, digits
