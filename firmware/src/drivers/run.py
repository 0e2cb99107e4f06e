"""Whether a machine runs, by a contact or a 24 V signal behind an optocoupler."""

from . import buses
from .options import Options
from .sensor import Fault, Sensor

METRICS = ("running",)
OPTIONS = ("pin", "pull", "active")

_ALIKE = 5  # so many looks in a row must agree
_LOOKS = 40
_PAUSE_MS = 2


def create(spec, context):
    options = Options(spec, METRICS, OPTIONS)
    shared = buses.of(context)
    return Contact(options, shared.digital(options, "run"), shared.time)


class Contact(Sensor):
    """1 while the input is at its active level, 0 otherwise."""

    def __init__(self, options, pin, time):
        Sensor.__init__(self, options)
        self._active = options.choice("active", ("low", "high"), "low") == "high"
        self._pin = pin
        self._time = time

    def measure(self):
        alike = 0
        level = None
        for _ in range(_LOOKS):
            before, level = level, self._pin.value()
            alike = alike + 1 if level == before else 1
            if alike == _ALIKE:
                return 1 if level == self._active else 0
            self._time.sleep_ms(_PAUSE_MS)
        raise Fault("the contact chatters")
