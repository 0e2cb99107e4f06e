"""What all sensors on hardware have in common: a fault is told once, and never a number."""

from node.compat import say


class Fault(Exception):
    """The sensor gave nothing that can be trusted; the message says why."""


class Sensor:
    """What a driver's class extends: its `measure()` returns a number in `unit` or raises Fault.

    `fault` is why there is no reading now, None while all is well; `about` is how the reading is
    made, where that matters to whoever judges it. Both are said on the console.
    """

    about = ""

    def __init__(self, options):
        self.metric = options.metric
        self.unit = options.unit
        self.digits = options.digits
        self.driver = options.driver
        self.fault = None

    def read(self):
        """The reading; raises Fault, so that the row has null and the error is counted."""
        try:
            value = self.measure()
        except OSError as error:
            self._failed("no answer (%s)" % error)
        except Fault as fault:
            self._failed(str(fault))
        if self.fault is not None:
            self.fault = None
            self._say("is back")
        return value

    def _failed(self, why):
        if why != self.fault:
            self.fault = why
            self._say(why)
        raise Fault(why)

    def _say(self, text):
        say("%s (%s): %s" % (self.metric, self.driver, text))
