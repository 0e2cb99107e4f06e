"""A board for tests: MicroPython's machine, _onewire and time, with chips at its pins.

A `Tape` answers with recorded bytes and refuses what was not recorded; the other chips live by
this board's own time, which moves when something waits or a bus carries bytes.
"""

WRAP = 1 << 30


class Time:
    """MicroPython's time: ticks that wrap, sleep that takes none of the test's."""

    def __init__(self):
        self.us = 0

    def sleep_ms(self, ms):
        self.us += ms * 1000

    def ticks_ms(self):
        return self.us // 1000 % WRAP

    def ticks_us(self):
        self.us += 2
        return self.us % WRAP

    def ticks_diff(self, later, earlier):
        return ((later - earlier + WRAP // 2) & (WRAP - 1)) - WRAP // 2


class Tape:
    """Recorded traffic: for SPI (sent, received), for I2C (written, None) and (None, read)."""

    def __init__(self, *traffic):
        self.traffic = list(traffic)

    def exchange(self, out):
        expected, answer = self.traffic.pop(0)
        assert bytes(out) == expected, "%r was sent, %r is on the tape" % (bytes(out), expected)
        return answer

    def write(self, data):
        self.exchange(data)

    def read(self, count):
        expected, answer = self.traffic.pop(0)
        assert expected is None and len(answer) == count, "a read of %d is not on the tape" % count
        return answer


class Board:
    """`spi[cs]`, `i2c[address]`: the chip there; `volts[pin]`, `levels[pin]`; `wires`: 1-Wire."""

    def __init__(self):
        self.spi = {}
        self.i2c = {}
        self.volts = {}
        self.levels = {}
        self.wire = None
        self.selected = None
        self.edges = {}
        self.pulls = {}
        self.modes = []  # of SPI, as set before each use
        self.time = Time()
        self.machine = Machine(self)
        self.onewire = self

    def edge(self, pin, level):
        """The input falls or rises."""
        self.levels[pin] = [level]
        self.edges[pin](Pin(self, pin))

    # What _onewire has

    def reset(self, _):
        return self.wire is not None and self.wire.reset()

    def readbit(self, _):
        return self.wire.read_bit()

    def writebit(self, _, bit):
        self.wire.write_bit(bit)

    def readbyte(self, _):
        return self.wire.read_byte()

    def writebyte(self, _, byte):
        self.wire.write_byte(byte)


class Machine:
    """The module `machine` of one board."""

    def __init__(self, board):
        def bound(kind):
            return lambda *given, **named: kind(board, *given, **named)

        self.Pin = PinMaker(board)
        self.SPI = bound(Spi)
        self.I2C = bound(I2c)
        self.ADC = AdcMaker(board)


class PinMaker:
    IN, OUT, OPEN_DRAIN, PULL_UP, PULL_DOWN, IRQ_RISING, IRQ_FALLING = 1, 3, 7, 2, 1, 1, 2

    def __init__(self, board):
        self._board = board

    def __call__(self, number, mode=-1, pull=None, value=None):
        self._board.pulls[number] = pull
        return Pin(self._board, number)


class Pin:
    def __init__(self, board, number):
        self._board = board
        self.number = number

    def __call__(self, level):
        self._board.selected = None if level else self.number

    def value(self):
        levels = self._board.levels[self.number]
        return levels.pop(0) if len(levels) > 1 else levels[0]

    def irq(self, handler, trigger):
        assert trigger == 3
        self._board.edges[self.number] = handler


class Spi:
    def __init__(self, board, bus, sck, mosi, miso):
        assert bus == 1
        self._board = board
        self._baud = None

    def init(self, baudrate, polarity, phase):
        self._baud = baudrate
        self._board.modes.append(polarity << 1 | phase)

    def write_readinto(self, out, into):
        self._board.time.us += len(out) * 8000000 // self._baud + 20
        into[:] = self._board.spi[self._board.selected].exchange(out)


class I2c:
    def __init__(self, board, bus, scl, sda, freq):
        assert bus == 0
        self._board = board

    def _chip(self, address):
        if address not in self._board.i2c:
            raise OSError(19)
        return self._board.i2c[address]

    def writeto(self, address, data):
        self._chip(address).write(data)

    def readfrom(self, address, count):
        return self._chip(address).read(count)


class AdcMaker:
    ATTN_11DB = 3

    def __init__(self, board):
        self._board = board

    def __call__(self, pin, atten):
        assert atten == self.ATTN_11DB
        return Adc(self._board, pin.number)


class Adc:
    def __init__(self, board, number):
        self._board = board
        self._number = number

    def read_uv(self):
        return int(self._board.volts[self._number] * 1000000)


class WireTape:
    """Bytes on a 1-Wire bus: what is written must be on the tape, what is read stands there."""

    def __init__(self, *traffic):
        self.traffic = list(traffic)

    def reset(self):
        assert not self.pending(), self.traffic
        return True

    def pending(self):
        return [data for _, data in self.traffic[:1] if not data]

    def read_byte(self):
        return self._step("r")

    def write_byte(self, byte):
        expected = self._step("w")
        assert byte == expected, "0x%02x was written, 0x%02x is on the tape" % (byte, expected)

    def _step(self, way):
        kind, data = self.traffic[0]
        assert kind == way, self.traffic
        if len(data) == 1:
            self.traffic.pop(0)
        else:
            self.traffic[0] = (kind, data[1:])
        return data[0]


class WireSearch:
    """A 1-Wire bus with these ROMs on it, which answers a search bit by bit as they would."""

    def __init__(self, *roms):
        self.roms = [bytes(rom) for rom in roms]
        self.searches = 0
        self._left = []
        self._at = 0
        self._half = 0

    def reset(self):
        self._left, self._at, self._half = list(self.roms), 0, 0
        return bool(self.roms)

    def write_byte(self, byte):
        assert byte == 0xF0
        self.searches += 1

    def _bits(self):
        return [rom[self._at >> 3] >> (self._at & 7) & 1 for rom in self._left]

    def read_bit(self):
        bits = self._bits()
        self._half = not self._half
        return int(all(bits)) if self._half else int(not any(bits))

    def write_bit(self, bit):
        self._left = [rom for rom, its in zip(self._left, self._bits()) if its == bit]  # noqa: B905
        self._at += 1
