"""Pulses of a meter (S0, open collector, reed) as power, by the time between them."""

from node.compat import Uptime

from . import buses
from .options import Options
from .sensor import Sensor

METRICS = ("power",)
OPTIONS = ("pin", "pull", "pulse_kwh", "debounce_ms", "zero_s")

_WRAP = 0x3FFFFFFF
_MS_IN_HOUR = 3600000


def create(spec, context):
    options = Options(spec, METRICS, OPTIONS)
    shared = buses.of(context)
    pin = shared.digital(options, "pulse")
    meter = Meter(options, shared.time)
    shared.on_edge(pin, meter.edge)
    return meter


class Meter(Sensor):
    """Energy of the pulses since the last one that was read, over the time from that one to the
    newest. Where none came, the power can be no more than one pulse since then; after `zero_s` it
    is 0. Before the second pulse of its life nothing is known."""

    def __init__(self, options, time):
        Sensor.__init__(self, options)
        self._pulse_kwh = options.number("pulse_kwh", 1e-9, 1e6)
        self._debounce = options.whole("debounce_ms", 0, 10000, 5)
        self._zero_ms = options.whole("zero_s", 1, 86400, 600) * 1000
        self._time = time
        self._uptime = Uptime(time.ticks_ms, time.ticks_diff)
        self._count = 0  # pulses, modulo 2^30
        self._at = self._edge = time.ticks_ms()  # ticks of the newest, and of the newest edge
        self._read = None  # (count, uptime of its newest pulse) as of the last reading
        self._power = None
        self._begun = self._uptime()

    def edge(self, pin):
        """Called by the hardware: a fall counts unless another edge was just before it, for a
        contact bounces when it closes and when it opens."""
        now = self._time.ticks_ms()
        quiet = self._time.ticks_diff(now, self._edge) >= self._debounce
        self._edge = now
        if quiet and not pin.value():
            self._count = (self._count + 1) & _WRAP
            self._at = now

    def measure(self):
        count, at = self._count, self._at
        while count != self._count:  # a pulse came between the two
            count, at = self._count, self._at
        now = self._uptime()
        newest = now + self._time.ticks_diff(at, self._time.ticks_ms())
        if self._read is None:
            if count:
                self._read = (count, newest)
            elif now - self._begun >= self._zero_ms:
                return 0
            return None
        before, then = self._read
        fresh = (count - before) & _WRAP
        if fresh:
            self._read = (count, newest)
            self._power = fresh * self._kw(newest - then)
        elif now - then >= self._zero_ms:
            self._power = 0
        elif self._power:
            self._power = min(self._power, self._kw(now - then))
        return self._power

    def _kw(self, ms):
        """The power of one pulse in so many milliseconds."""
        return self._pulse_kwh * _MS_IN_HOUR / max(1, ms)
