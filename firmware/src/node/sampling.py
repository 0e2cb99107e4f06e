"""Takes a row of samples whenever one is due, on the node's own clock."""

from . import wire


class Sampler:
    """Reads every sensor at start, start + interval, start + 2 x interval ... and numbers the rows.

    A row is late when the node was busy, but the next one is due at its own time: nothing drifts.
    A slot that was missed altogether is left out and takes no number, for nothing was sampled.
    `note(what, detail)` is told when a sensor begins to fail.
    """

    def __init__(self, uptime, sensors, interval_ms, keep, note=lambda what, detail: None):
        self._uptime = uptime
        self._sensors = sensors
        self._interval = interval_ms
        self._keep = keep
        self._note = note
        self._failing = []  # sensors that failed last time
        self.due = uptime()
        self.row = 0
        self.read_errors = 0

    def wait_ms(self):
        """How long until the next row is due; 0 when it is."""
        return max(0, self.due - self._uptime())

    def take(self):
        """Takes the row that is due: keep(row number, (uptime, scaled values ...))."""
        now = self._uptime()
        values = [self._read(sensor) for sensor in self._sensors]
        self._keep(self.row, tuple([now] + values))
        self.row += 1
        self.due += ((now - self.due) // self._interval + 1) * self._interval

    def _read(self, sensor):
        try:
            value = wire.scale(sensor.read(), sensor.digits)
        except Exception as error:  # a driver is an edge: one broken sensor must not stop the rest
            self.read_errors += 1
            if sensor not in self._failing:
                self._failing.append(sensor)
                self._note("sensor", "%s: %s" % (sensor.metric, repr(error)))
            return wire.NULL
        if sensor in self._failing:
            self._failing.remove(sensor)
        return value
