"""ADXL345 on SPI: vibration from 10 (or 2) to 1000 Hz at 3,200 samples a second, ±16 g."""

from . import buses
from . import vibration as common
from .options import Options
from .sensor import Fault

METRICS = common.METRICS
OPTIONS = common.OPTIONS

_BAUD = 5000000
_SAMPLES = 4096
_READ, _SEVERAL = 0x80, 0x40
_DEVICE, _RATE, _POWER, _FORMAT, _DATA, _FIFO_SETTING, _FIFO_STATE = (
    0x00,
    0x2C,
    0x2D,
    0x31,
    0x32,
    0x38,
    0x39,
)
_IDENTITY = 0xE5
_SETTINGS = (
    (_RATE, 0x0F),  # 3,200 a second; the chip's own filter ends at half of it
    (_FORMAT, 0x0B),  # full resolution, ±16 g
    (_POWER, 0x08),  # measures
)
_BYPASS, _STREAM = 0x00, 0x80


def create(spec, context):
    options = Options(spec, METRICS, OPTIONS)
    shared = buses.of(context)
    chip = Adxl345(shared.spi(options, _BAUD, 3))
    return common.Vibration(options, chip, shared.time, _SAMPLES)


class Adxl345:
    """The chip; its FIFO gives one sample of three axes for each read."""

    rate = 3200
    g = 0.0039
    most = 4094  # at this rate the last bit stays 0

    def __init__(self, spi):
        self._spi = spi
        self._ask_state = bytes([_READ | _FIFO_STATE, 0])
        self._state = bytearray(2)
        self._ask_data = bytes([_READ | _SEVERAL | _DATA] + [0] * 6)
        self._data = bytearray(7)

    def set_up(self):
        if self._spi.ask(bytes([_READ | _DEVICE, 0]))[1] != _IDENTITY:
            raise Fault("no ADXL345 answers")
        for register, value in _SETTINGS:
            if self._spi.ask(bytes([_READ | register, 0]))[1] != value:
                self._spi.ask(bytes([register, value]))

    def restart(self):
        self._spi.ask(bytes([_FIFO_SETTING, _BYPASS]))
        self._spi.ask(bytes([_FIFO_SETTING, _STREAM]))

    def pull(self, axis, values):
        transfer, data = self._spi.transfer, self._data
        transfer(self._ask_state, self._state)
        count = self._state[1] & 0x3F
        if count >= common.FIFO:
            raise common.overrun()
        at = 1 + 2 * axis
        for i in range(count):
            transfer(self._ask_data, data)
            value = data[at] | data[at + 1] << 8
            values[i] = value - 65536 if value & 0x8000 else value
        return count
