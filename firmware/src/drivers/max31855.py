"""MAX31855: one thermocouple of the type its suffix names, -270 to 1800 °C in steps of 0.25 °C."""

from . import buses
from .options import Options
from .sensor import Fault, Sensor

METRICS = ("temperature",)
OPTIONS = ("cs", "sck", "mosi", "miso")

_FAULTS = (
    (1, "the thermocouple is open"),
    (2, "the thermocouple touches ground"),
    (4, "the thermocouple touches the supply"),
)
_BAUD = 1000000


def create(spec, context):
    options = Options(spec, METRICS, OPTIONS)
    return Max31855(options, buses.of(context).spi(options, _BAUD, 0))


class Max31855(Sensor):
    """Reads the whole 32-bit word: temperature, cold junction, faults."""

    def __init__(self, options, spi):
        Sensor.__init__(self, options)
        self._spi = spi

    def measure(self):
        word = self._spi.ask(b"\0\0\0\0")
        # Bits 17 and 3 are always 0, and a cold junction of exactly 0 °C beside a thermocouple of
        # exactly 0 °C cannot be told from a line that is stuck.
        if word == b"\0\0\0\0" or word[1] & 2 or word[3] & 8:
            raise Fault("no chip answers, or the line is disturbed")
        for bit, why in _FAULTS:
            if word[3] & bit:
                raise Fault(why)
        if word[1] & 1:
            raise Fault("the chip reports a fault that it does not name")
        steps = word[0] << 6 | word[1] >> 2
        return (steps - 16384 if steps & 8192 else steps) / 4
