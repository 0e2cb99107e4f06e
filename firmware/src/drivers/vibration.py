"""RMS velocity from the FIFO of an accelerometer, one axis at a time, at the chip's full rate."""

import gc
from array import array

from .sensor import Fault, Sensor
from .spectrum import Spectrum

METRICS = ("vibration",)
OPTIONS = ("cs", "sck", "mosi", "miso", "axis", "low_hz")
FIFO = 32

_AXES = ("x", "y", "z")
_HIGH_HZ = 1000  # ISO 20816-3: 10 to 1000 Hz, from 2 Hz for machines below 600 /min
_PERIODS = 4  # of the lowest frequency must fit into the samples
_G = 9.80665
_BURSTS = 3
_SILENT_US = 500000
_OFF = 0.15  # the chip's clock may be off by this part; the rate that counts is the measured one


class Vibration(Sensor):
    """Reads a burst of samples without a gap, then computes. Nothing else happens meanwhile.

    The chip: `rate` (nominal samples a second), `set_up()`, `restart()` (empties the FIFO),
    `pull(axis, values)` (how many samples were waiting, now in `values`; Fault where some were
    lost), `g` (of one unit of a sample), `most` (the largest sample it can give).
    """

    def __init__(self, options, chip, time, samples):
        Sensor.__init__(self, options)
        low = options.choice("low_hz", (10, 2), 10)
        while samples < _PERIODS * chip.rate / low:
            samples *= 2
        axis = options.choice("axis", _AXES + ("largest",))
        self._axes = (0, 1, 2) if axis == "largest" else (_AXES.index(axis),)
        self._low = low
        self._chip = chip
        self._time = time
        self._spectrum = Spectrum(samples)
        self._values = array("h", bytes(2 * FIFO))
        self.about = "rms %d-%d Hz, %d samples a second, axis %s" % (
            low,
            _HIGH_HZ,
            chip.rate,
            axis,
        )

    def measure(self):
        self._chip.set_up()
        return max([self._velocity(axis) for axis in self._axes])

    def _velocity(self, axis):
        for burst in range(_BURSTS):
            gc.collect()  # a collection within the burst would take longer than the FIFO lasts
            try:
                rate = self._burst(axis)
                break
            except Overrun:
                if burst == _BURSTS - 1:
                    raise
        if not abs(rate / self._chip.rate - 1) < _OFF:
            raise Fault("%d samples a second, where %d should be" % (rate, self._chip.rate))
        return self._spectrum.velocity(rate, self._low, _HIGH_HZ, _G * self._chip.g)

    def _burst(self, axis):
        """Fills the spectrum's arrays; returns the samples a second as measured."""
        even, odd, wanted = self._spectrum.even, self._spectrum.odd, self._spectrum.samples
        values, most, pull = self._values, self._chip.most, self._chip.pull
        ticks_us, ticks_diff = self._time.ticks_us, self._time.ticks_diff
        clipped = False
        taken = 0
        self._chip.restart()
        begun = now = heard = ticks_us()
        while taken < wanted:
            count = pull(axis, values)
            now = ticks_us()
            if count:
                heard = now
            elif ticks_diff(now, heard) > _SILENT_US:
                raise Fault("it gives no samples")
            for i in range(count):
                value = values[i]
                if value >= most or value <= -most:
                    clipped = True
                at = (taken + i) >> 1
                if taken + i >= wanted:
                    break
                if (taken + i) & 1:
                    odd[at] = value
                else:
                    even[at] = value
            taken += count
        if clipped:
            raise Fault("the acceleration is beyond the chip's range")
        return taken * 1000000 / max(1, ticks_diff(now, begun))


class Overrun(Fault):
    """Samples were lost before they were read."""


def overrun():
    return Overrun("samples were lost again and again: the board is too busy")
