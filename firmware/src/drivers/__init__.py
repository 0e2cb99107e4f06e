"""Sensors behind one small interface: `metric`, `unit`, `digits`, `read()`.

`read()` returns a number in `unit`, or None when the sensor gives nothing; it may raise.
A driver is a module of this package with `create(spec, context)`; `spec` is its entry in the
configuration's `sensors`, `context` a dict that all drivers of a node share.
"""

from node.compat import say


def create(specs, context):
    """The sensors a configuration names, in its order. Raises ValueError, which says what is
    wrong with it."""
    sensors = []
    for spec in specs:
        name = "drivers." + spec["driver"]
        try:
            make = __import__(name, None, None, ("create",)).create
        except (ImportError, AttributeError):
            raise ValueError("sensors: there is no driver %s" % spec["driver"])
        sensor = make(spec, context)
        if getattr(sensor, "about", ""):
            say("%s: %s" % (sensor.metric, sensor.about))
        sensors.append(sensor)
    return sensors
