"""Sensors behind one small interface: `metric`, `unit`, `digits`, `read()`.

`read()` returns a number in `unit`, or None when the sensor gives nothing; it may raise.
A driver is a module of this package with `create(spec, context)`; `spec` is its entry in the
configuration's `sensors`, `context` a dict that all drivers of a node share.
"""


def create(specs, context):
    """The sensors a configuration names, in its order."""
    sensors = []
    for spec in specs:
        name = "drivers." + spec["driver"]
        try:
            module = __import__(name, None, None, ("create",))
        except ImportError:
            raise ValueError("sensors: there is no driver %s" % spec["driver"])
        sensors.append(module.create(spec, context))
    return sensors
