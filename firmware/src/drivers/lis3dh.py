"""LIS3DH on SPI: vibration from 10 to 1000 Hz at 5,376 samples a second, in 8 bits.

Only its coarse mode is fast enough for the band of the standard; its fine ones are not offered.
"""

from . import buses
from . import vibration as common
from .options import Options
from .sensor import Fault

METRICS = common.METRICS
OPTIONS = common.OPTIONS + ("range_g",)

_BAUD = 8000000
_SAMPLES = 4096
_READ, _SEVERAL = 0x80, 0x40
_IDENTITY_AT, _RATE, _RANGE, _SWITCHES, _DATA = 0x0F, 0x20, 0x23, 0x24, 0x28
_FIFO_SETTING, _FIFO_STATE = 0x2E, 0x2F
_IDENTITY = 0x33
_BYPASS, _STREAM = 0x00, 0x80
_LOST, _EMPTY = 0x40, 0x20
_UNITS = {2: (0x00, 0.016), 4: (0x10, 0.032), 8: (0x20, 0.064), 16: (0x30, 0.192)}


def create(spec, context):
    options = Options(spec, METRICS, OPTIONS)
    if options.choice("low_hz", (10, 2), 10) != 10:
        options.refuse("low_hz", "2 needs 16,384 samples at this chip's rate; take an ADXL345")
    shared = buses.of(context)
    setting, g = _UNITS[options.choice("range_g", (2, 4, 8, 16), 4)]
    chip = Lis3dh(shared.spi(options, _BAUD, 3), setting, g)
    return common.Vibration(options, chip, shared.time, _SAMPLES)


class Lis3dh:
    """The chip; one read gives all that is in its FIFO, for the address turns back by itself."""

    rate = 5376
    most = 127

    def __init__(self, spi, setting, g):
        self.g = g
        self._spi = spi
        self._settings = (
            (_RATE, 0x9F),  # 5,376 a second, coarse, three axes
            (_RANGE, setting),
            (_SWITCHES, 0x40),  # the FIFO
        )
        self._ask_state = bytes([_READ | _FIFO_STATE, 0])
        self._state = bytearray(2)
        size = 1 + 6 * common.FIFO
        self._ask_data = memoryview(bytes([_READ | _SEVERAL | _DATA] + [0] * (size - 1)))
        self._data = bytearray(size)
        self._parts = [memoryview(self._data)[: 1 + 6 * n] for n in range(common.FIFO + 1)]
        self._asks = [self._ask_data[: 1 + 6 * n] for n in range(common.FIFO + 1)]

    def set_up(self):
        if self._spi.ask(bytes([_READ | _IDENTITY_AT, 0]))[1] != _IDENTITY:
            raise Fault("no LIS3DH answers")
        for register, value in self._settings:
            if self._spi.ask(bytes([_READ | register, 0]))[1] != value:
                self._spi.ask(bytes([register, value]))

    def restart(self):
        self._spi.ask(bytes([_FIFO_SETTING, _BYPASS]))
        self._spi.ask(bytes([_FIFO_SETTING, _STREAM]))

    def pull(self, axis, values):
        transfer, data = self._spi.transfer, self._data
        transfer(self._ask_state, self._state)
        state = self._state[1]
        if state & _LOST:
            raise common.overrun()
        if state & _EMPTY:
            return 0
        count = state & 0x1F
        transfer(self._asks[count], self._parts[count])
        at = 2 + 2 * axis  # the upper byte; the lower one is empty in 8 bits
        for i in range(count):
            value = data[at]
            values[i] = value - 256 if value & 0x80 else value
            at += 6
        return count
