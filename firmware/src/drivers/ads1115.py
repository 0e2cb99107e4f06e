"""ADS1115: four inputs of 16 bits, for transmitters of 4-20 mA and 0-10 V."""

from . import buses
from .options import Options
from .sensor import Fault, Sensor

METRICS = ("temperature", "gas", "vibration", "power", "pressure", "current", "humidity")
BUS = ("sda", "scl", "address", "channel")
OPTIONS = BUS + ("input", "shunt_ohm", "divider", "low", "high")

_LSB_V = 4.096 / 32768
_ONE_SHOT = 0xC383  # starts, channel 0 to ground, ±4.096 V, once, 128 a second, no comparator
_CONVERSION_MS = 9
# NAMUR NE 43: a current outside these is no measurement but a failure.
_LEAST_MA, _MOST_MA = 3.6, 21.0
_LEAST_V, _MOST_V = -0.1, 11.0


def create(spec, context):
    options = Options(spec, METRICS, OPTIONS)
    return Transmitter(options, volts(options, context))


def volts(options, context):
    """A function that gives the volts at one channel, OSError or Fault where it cannot."""
    shared = buses.of(context)
    address = options.choice("address", (0x48, 0x49, 0x4A, 0x4B), 0x48)
    setting = _ONE_SHOT | options.whole("channel", 0, 3) << 12
    bus = shared.i2c(options, address)
    start = bytes([1, setting >> 8, setting & 0xFF])

    def read():
        bus.write(start)
        for _ in range(5):
            shared.time.sleep_ms(_CONVERSION_MS)
            if bus.read(1)[0] & 0x80:  # it still points at its settings; the bit is its readiness
                break
        else:
            raise Fault("the converter does not come to an end")
        bus.write(b"\0")
        word = bus.read(2)
        steps = word[0] << 8 | word[1]
        return (steps - 65536 if steps & 0x8000 else steps) * _LSB_V

    return read


class Transmitter(Sensor):
    """`low` is what the transmitter means with 4 mA or 0 V, `high` with 20 mA or 10 V."""

    def __init__(self, options, volts):
        Sensor.__init__(self, options)
        self._volts = volts
        self._loop = options.choice("input", ("4-20mA", "0-10V")) == "4-20mA"
        if options.given("divider" if self._loop else "shunt_ohm"):
            options.refuse("input", "a shunt goes with 4-20mA, a divider with 0-10V")
        if self._loop:  # 21 mA must stay below the converter's end
            self._factor = 1000 / options.number("shunt_ohm", 10, 190, 100)
        else:
            self._factor = options.number("divider", 2.8, 20, 4)
        self._low = options.number("low", -1e6, 1e6)
        self._span = options.number("high", -1e6, 1e6) - self._low
        if not self._span:
            options.refuse("high", "it is the same as low")

    def measure(self):
        given = self._volts() * self._factor
        if self._loop:
            if given < _LEAST_MA:
                raise Fault("the loop is broken: less than %s mA" % _LEAST_MA)
            if given > _MOST_MA:
                raise Fault("the transmitter reports a failure: more than %s mA" % _MOST_MA)
            share = (given - 4) / 16
        else:
            if given < _LEAST_V:
                raise Fault("the voltage is below zero: are the wires swapped?")
            if given > _MOST_V:
                raise Fault("more than %s V at an input for 10 V" % _MOST_V)
            share = given / 10
        return self._low + share * self._span
