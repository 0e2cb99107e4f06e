"""The demo's plant: a foundry with its paint shop, what watches it, and what goes wrong."""

from typing import Any, NamedTuple

from appliance.demo.day import TODAY
from appliance.demo.month import BEFORE

FACTORY = "Werk Nord"
TIME_ZONE = "Europe/Berlin"
SCRIPT = (*BEFORE, *TODAY)
"""All that goes wrong."""


class Machine(NamedTuple):
    """A machine; its name is what nodes refer to."""

    name: str
    kind: str
    area: str


class Node(NamedTuple):
    """A node on a machine, with the signals of a `kind` of firmware/sim/machines.json.

    metrics: those of the kind that it measures, none: all. levels: other working levels than the
    kind's. has_stops: whether the machine stands still now and then.
    """

    name: str
    machine: str
    kind: str
    metrics: tuple[str, ...] = ()
    levels: tuple[tuple[str, float], ...] = ()
    has_stops: bool = True

    @property
    def faults(self) -> tuple[dict[str, Any], ...]:
        """What went wrong and what is to come, in seconds after the node's start."""
        return tuple(one.fault for one in SCRIPT if one.node == self.name)


MACHINES = (
    Machine("Melting furnace", "furnace", "Hall 1, foundry"),
    Machine("Holding furnace", "furnace", "Hall 1, foundry"),
    Machine("Forge press", "press", "Hall 2, forge"),
    Machine("Stamping press", "press", "Hall 3, press shop"),
    Machine("Compressor", "compressor", "Utilities"),
    Machine("Cooling pump", "pump", "Utilities"),
    Machine("Paint booth", "booth", "Hall 4, paint shop"),
    Machine("Conveyor", "conveyor", "Hall 4, paint shop"),
)


NODES = (
    Node(
        "furnace-1",
        "Melting furnace",
        "furnace",
        levels=(("temperature", 745), ("power", 180)),
    ),
    Node("furnace-1-fan", "Melting furnace", "dryer", ("vibration", "power"), (("power", 15),)),
    Node(
        "furnace-2",
        "Holding furnace",
        "furnace",
        ("temperature", "power", "running"),
        (("temperature", 705), ("power", 48)),
    ),
    Node("forge-press", "Forge press", "press", levels=(("vibration", 2.1),)),
    Node(
        "forge-hydraulics",
        "Forge press",
        "compressor",
        ("pressure", "temperature"),
        (("pressure", 21), ("temperature", 46)),
    ),
    Node("stamping-press", "Stamping press", "press"),
    Node("compressor", "Compressor", "compressor", has_stops=False),
    Node("pump-a", "Cooling pump", "pump"),
    Node("pump-b", "Cooling pump", "pump", ("vibration", "temperature", "pressure")),
    Node("booth-air", "Paint booth", "booth", ("temperature", "humidity", "running")),
    Node(
        "booth-gas",
        "Paint booth",
        "booth",
        ("gas",),
        has_stops=False,  # the first thing that happens must happen
    ),
    Node("conveyor", "Conveyor", "conveyor"),
)
