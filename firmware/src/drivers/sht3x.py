"""SHT30, SHT31, SHT35: temperature from -40 to 125 °C, or relative humidity."""

from . import buses
from .options import Options
from .sensor import Fault, Sensor

METRICS = ("temperature", "humidity")
OPTIONS = ("sda", "scl", "address")

_ONCE = b"\x24\x00"  # one measurement, high repeatability, no clock stretching
_MEASURES_MS = 16


def create(spec, context):
    options = Options(spec, METRICS, OPTIONS)
    shared = buses.of(context)
    bus = shared.i2c(options, options.choice("address", (0x44, 0x45), 0x44))
    return Sht3x(options, bus, shared.time)


class Sht3x(Sensor):
    """Measures when asked and checks the CRC of what it uses."""

    def __init__(self, options, bus, time):
        Sensor.__init__(self, options)
        self._bus = bus
        self._time = time

    def measure(self):
        self._bus.write(_ONCE)
        self._time.sleep_ms(_MEASURES_MS)
        word = self._bus.read(6)
        if self.metric == "humidity":
            word = word[3:]
        if crc8(word[:2]) != word[2]:
            raise Fault("what it says was disturbed on the line")
        share = (word[0] << 8 | word[1]) / 65535
        return 100 * share if self.metric == "humidity" else 175 * share - 45


def crc8(data):
    """Sensirion's CRC: x^8 + x^5 + x^4 + 1, greatest bit first, from 0xFF."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x31 if crc & 0x80 else crc << 1) & 0xFF
    return crc
