"""What a sensor is told in the configuration, checked; what is wrong is said in words."""

COMMON = ("metric", "unit", "digits", "driver")


class Options:
    """The members of one entry of `sensors`. Every refusal is a ValueError that names the place."""

    def __init__(self, spec, metrics, names):
        self._spec = spec
        self.metric = spec["metric"]
        self.unit = spec["unit"]
        self.digits = spec["digits"]
        self.driver = spec["driver"]
        if self.metric not in metrics:
            self.refuse("metric", "it measures %s, not %s" % (", ".join(metrics), self.metric))
        for name in spec:
            if name not in COMMON and name not in names:
                known = ", ".join(names) or "none"
                self.refuse(name, "there is no such option; there are: %s" % known)

    def refuse(self, name, why):
        raise ValueError("sensors: %s.%s: %s" % (self.driver, name, why))

    def given(self, name):
        return self._spec.get(name) is not None

    def number(self, name, low, high, default=None):
        """A number from `low` to `high`; without a default it must be there."""
        return self._within(name, self._spec.get(name, default), low, high)

    def whole(self, name, low, high, default=None):
        """A whole number from `low` to `high`."""
        value = self.number(name, low, high, default)
        if not isinstance(value, int):
            self.refuse(name, "%s is not a whole number" % value)
        return value

    def choice(self, name, allowed, default=None):
        """One of `allowed`."""
        value = self._spec.get(name, default)
        if isinstance(value, bool) or value not in allowed:
            listed = ", ".join([str(item) for item in allowed])
            self.refuse(name, "%s is not one of %s" % (self._shown(value), listed))
        return value

    def pair(self, name, low, high):
        """Two numbers, each from `low` to `high`."""
        value = self._spec.get(name)
        if not isinstance(value, (list, tuple)) or len(value) != 2:
            self.refuse(name, "%s is not two numbers" % self._shown(value))
        return [self._within(name, one, low, high) for one in value]

    def text(self, name, default=None):
        """A text, or the default."""
        value = self._spec.get(name, default)
        if value is not None and not isinstance(value, str):
            self.refuse(name, "%s is not a text" % self._shown(value))
        return value

    def _within(self, name, value, low, high):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.refuse(name, "%s is not a number" % self._shown(value))
        if not low <= value <= high:
            self.refuse(name, "%s is not from %s to %s" % (value, low, high))
        return value

    def _shown(self, value):
        return "nothing" if value is None else value
