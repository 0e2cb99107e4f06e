"""Gas by an analog cell: MQ type (heated metal oxide) or electrochemical behind an amplifier."""

from . import ads1115, buses
from .options import Options
from .sensor import Fault, Sensor

METRICS = ("gas",)
OPTIONS = ("cell", "pin") + ads1115.BUS + ("divider", "load_ohm", "r0_ohm", "curve", "supply_v")
OPTIONS += ("zero_v", "volt_per_ppm")

_OF_MQ = ("load_ohm", "r0_ohm", "curve", "supply_v")
_OF_ELECTROCHEMICAL = ("zero_v", "volt_per_ppm")
_SILENT_V = 0.01


def create(spec, context):
    options = Options(spec, METRICS, OPTIONS)
    mq = options.choice("cell", ("mq", "electrochemical")) == "mq"
    for name in _OF_ELECTROCHEMICAL if mq else _OF_MQ:
        if options.given(name):
            options.refuse(name, "this belongs to the other kind of cell")
    if options.given("channel"):
        if options.given("pin"):
            options.refuse("pin", "either a pin of the board or a channel of an ADS1115")
        volts = ads1115.volts(options, context)
    else:
        volts = buses.of(context).analog(options)
    return (Mq if mq else Electrochemical)(options, volts)


class Cell(Sensor):
    """A cell whose voltage is divided before it is measured. A concentration beyond the cell's
    range is given as it is computed, for a leak must not look like a broken sensor."""

    def __init__(self, options, volts):
        Sensor.__init__(self, options)
        self._volts = volts
        self._divider = options.number("divider", 1, 20, 1)

    def _volt(self):
        return self._volts() * self._divider


class Mq(Cell):
    """ppm = a × (Rs / R0)^b with Rs = load × (supply / volts - 1): a straight line on the data
    sheet's double logarithmic paper."""

    def __init__(self, options, volts):
        Cell.__init__(self, options, volts)
        self._supply = options.number("supply_v", 1, 12, 5)
        self._load = options.number("load_ohm", 100, 1000000, 10000)
        self._r0 = options.number("r0_ohm", 10, 10000000)
        self._a, self._b = options.pair("curve", -1e6, 1e6)
        if self._a <= 0 or not self._b:
            options.refuse("curve", "the first number is above 0, the second is not 0")
        self.about = "indicative: metal oxide, R0 %s ohm" % self._r0

    def measure(self):
        volt = self._volt()
        if volt < _SILENT_V:
            raise Fault("no signal: the cell is not connected or not heated")
        if volt > 0.99 * self._supply:
            raise Fault("the signal is at the supply: a short circuit")
        resistance = self._load * (self._supply / volt - 1)
        return self._a * (resistance / self._r0) ** self._b


class Electrochemical(Cell):
    """ppm = (volts - zero) / span, both from the calibration with air and with test gas."""

    def __init__(self, options, volts):
        Cell.__init__(self, options, volts)
        self._zero = options.number("zero_v", 0, 10)
        self._span = options.number("volt_per_ppm", -10, 10)
        if not self._span:
            options.refuse("volt_per_ppm", "it is 0")

    def measure(self):
        volt = self._volt()
        if volt < _SILENT_V and self._zero > 5 * _SILENT_V and self._span > 0:
            raise Fault("no signal: the cell is not connected")
        return (volt - self._zero) / self._span
