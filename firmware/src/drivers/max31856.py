"""MAX31856: one thermocouple of type B, E, J, K, N, R, S or T, linearised in the chip."""

from . import buses
from .options import Options
from .sensor import Fault, Sensor

METRICS = ("temperature",)
OPTIONS = ("cs", "sck", "mosi", "miso", "type", "mains_hz", "average")

_TYPES = ("B", "E", "J", "K", "N", "R", "S", "T")  # in the order of the chip's register
_AVERAGES = (1, 2, 4, 8, 16)
_FAULTS = (
    (0x01, "the thermocouple is open"),
    (0x02, "the thermocouple or its supply is over or under voltage"),
    (0x40, "the thermocouple is beyond the range of its type"),
    (0x80, "the cold junction is beyond -55 to 125 °C"),
)
_WRITE = 0x80
_CONVERTS = 0x80  # CR0: converts by itself
_FINDS_OPEN = 0x10  # CR0: looks for an open circuit, for up to 5 kΩ in the leads
_CONVERSION_MS = 250  # the first one, averages of 16 beside it
_BAUD = 1000000


def create(spec, context):
    options = Options(spec, METRICS, OPTIONS)
    shared = buses.of(context)
    return Max31856(options, shared.spi(options, _BAUD, 1), shared.time)


class Max31856(Sensor):
    """The chip converts by itself; a chip that lost its supply is set up anew."""

    def __init__(self, options, spi, time):
        Sensor.__init__(self, options)
        kind = _TYPES.index(options.choice("type", _TYPES, "K"))
        average = _AVERAGES.index(options.choice("average", _AVERAGES, 1))
        fifty = 1 if options.choice("mains_hz", (50, 60), 50) == 50 else 0
        self._settings = bytes([_CONVERTS | _FINDS_OPEN | fifty, average << 4 | kind])
        self._wait_ms = _CONVERSION_MS + 40 * _AVERAGES[average]
        self._spi = spi
        self._time = time

    def measure(self):
        if self._read(0x00, 2) != self._settings:
            self._set_up()
        word = self._read(0x0C, 4)
        for bit, why in _FAULTS:
            if word[3] & bit:
                raise Fault(why)
        steps = word[0] << 11 | word[1] << 3 | word[2] >> 5
        return (steps - 524288 if steps & 262144 else steps) / 128

    def _set_up(self):
        # The filter for the mains may only be changed while the chip does not convert.
        self._spi.ask(bytes([_WRITE, self._settings[0] & ~_CONVERTS, self._settings[1]]))
        self._spi.ask(bytes([_WRITE, self._settings[0]]))
        if self._read(0x00, 2) != self._settings:
            raise Fault("no chip answers, or it does not take its settings")
        self._time.sleep_ms(self._wait_ms)

    def _read(self, register, count):
        return self._spi.ask(bytes([register]) + bytes(count))[1:]
