"""The demo's plant: a foundry with its paint shop, what watches it, and what goes wrong."""

from typing import Any, NamedTuple

from appliance.model.ids import DeviceId
from appliance.model.rule import Level, NewRule, NoData, Threshold

FACTORY = "Werk Nord"
TIME_ZONE = "Europe/Berlin"
DAY = 86_400


class Machine(NamedTuple):
    """A machine; its name is what nodes refer to."""

    name: str
    kind: str
    area: str


class Node(NamedTuple):
    """A node on a machine, with the signals of a `kind` of firmware/sim/machines.json.

    metrics: those of the kind that it measures, none: all. levels: other working levels than the
    kind's. past_days: its kind's past faults happened so much earlier. faults: what is to come,
    in seconds after the node's start. has_stops: whether the machine stands still now and then.
    """

    name: str
    machine: str
    kind: str
    metrics: tuple[str, ...] = ()
    levels: tuple[tuple[str, float], ...] = ()
    past_days: float = 0
    faults: tuple[dict[str, Any], ...] = ()
    has_stops: bool = True


class Limit(NamedTuple):
    """A rule on a node; seconds for the delay, the metric's unit for limit and deadband.

    level: None for a rule about silence.
    """

    node: str
    level: Level | None
    metric: str | None
    limit: float | None
    deadband: float
    delay: float
    priority: int
    message: str
    what_to_do: str

    def on(self, device_id: DeviceId) -> NewRule:
        """The rule on the node's device."""
        return NewRule(
            device_id=device_id,
            look=Threshold(**{self.level: self.limit}) if self.level else NoData(),
            metric=self.metric,
            deadband=self.deadband,
            on_delay_seconds=self.delay,
            off_delay_seconds=self.delay,
            priority=self.priority,
            message=self.message,
            what_to_do=self.what_to_do,
        )


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


def _fault(shape: str, at: int, lasts: int, every: int, **more: Any) -> dict[str, Any]:
    return {"shape": shape, "at": at, "for": lasts, "every": every, **more}


NODES = (
    Node(
        "furnace-1",
        "Melting furnace",
        "furnace",
        levels=(("temperature", 745), ("power", 180)),
        faults=(_fault("ramp", 900, 900, 5400, metric="temperature", by=44),),
    ),
    Node("furnace-1-fan", "Melting furnace", "dryer", ("vibration", "power"), (("power", 15),), 3),
    Node(
        "furnace-2",
        "Holding furnace",
        "furnace",
        ("temperature", "power", "running"),
        (("temperature", 705), ("power", 48)),
        5.4,
        (_fault("flatline", 2400, 600, 7200, metric="temperature"),),
    ),
    Node("forge-press", "Forge press", "press", levels=(("vibration", 2.1),), past_days=6.3),
    Node(
        "forge-hydraulics",
        "Forge press",
        "compressor",
        ("pressure", "temperature"),
        (("pressure", 21), ("temperature", 46)),
        9,
    ),
    Node(
        "stamping-press",
        "Stamping press",
        "press",
        faults=(_fault("ramp", 150, 600, 3000, metric="vibration", by=4.2),),
    ),
    Node(
        "compressor",
        "Compressor",
        "compressor",
        faults=(_fault("step", 420, 300, 3300, metric="pressure", by=-1.6),),
        has_stops=False,
    ),
    Node(
        "pump-a",
        "Cooling pump",
        "pump",
        faults=(_fault("ramp", 1500, 900, 4500, metric="vibration", by=5.2),),
    ),
    Node("pump-b", "Cooling pump", "pump", ("vibration", "temperature", "pressure"), (), 4.2),
    Node("booth-air", "Paint booth", "booth", ("temperature", "humidity", "running"), (), 2),
    Node(
        "booth-gas",
        "Paint booth",
        "booth",
        ("gas",),
        faults=(_fault("step", 40, 75, 2700, metric="gas", by=28),),
        has_stops=False,  # the first thing that happens must happen
    ),
    Node(
        "conveyor",
        "Conveyor",
        "conveyor",
        faults=(_fault("offline", 300, 120, 3600),),
    ),
)

_VAPOUR = (
    "1. Stop spraying.\n2. Check that the exhaust fan runs.\n"
    "3. Leave the booth until the value is below 25 ppm.\nCall the shift lead: 4711."
)
_MONOXIDE = (
    "Leave the platform and warn others. Open the gates, close the burner from panel F1. "
    "Nobody goes back before the hand-held meter shows less than 20 ppm. Call 4711."
)
_BEARING = (
    "Listen at both bearings. If it has grown since the last round, plan a change for the next "
    "stop; above 7.1 mm/s stop the machine and call maintenance: 4720."
)
_AIR = (
    "Check the dryer's drain and the main valve, then look for a leak in hall 2. "
    "The reserve compressor starts by hand at panel K2."
)
_HOT_COMPRESSOR = (
    "Clean the cooler's filter mat. Above 105 °C it switches itself off: start K2 first."
)
_HOT_OIL = "Check the cooling water at valve V7 and the oil level. Stop the press above 70 °C."
_MELT = "Lower the burner to stage 1 and skim. If it still rises after 10 minutes, call 4715."
_COLD = "Close the lid and check the burner. Below 680 °C do not cast; tell the shift lead: 4711."
_HUMID = "Lower the humidifier by 10 %. Do not start a new body until it is below 70 %."
_SILENT = "Check the node's lamp and its supply. The line runs on; its values come later."

HIGH, LOW, NO_DATA = Level.H, Level.L, None

LIMITS = (
    Limit("furnace-1", HIGH, "temperature", 775, 5, 30, 2, "Melt too hot", _MELT),
    Limit("furnace-1", LOW, "temperature", 690, 5, 60, 2, "Melt is cooling down", _COLD),
    Limit("furnace-1", HIGH, "gas", 30, 4, 0, 1, "Carbon monoxide at the furnace", _MONOXIDE),
    Limit("furnace-1-fan", HIGH, "vibration", 4.5, 0.5, 30, 3, "Fan vibrates", _BEARING),
    Limit("furnace-2", HIGH, "temperature", 735, 5, 30, 2, "Melt too hot", _MELT),
    Limit("furnace-2", LOW, "temperature", 665, 5, 60, 2, "Melt is cooling down", _COLD),
    Limit("forge-press", HIGH, "vibration", 4.8, 0.5, 20, 2, "Press vibrates", _BEARING),
    Limit("forge-hydraulics", HIGH, "temperature", 62, 3, 60, 3, "Hydraulic oil too hot", _HOT_OIL),
    Limit("stamping-press", HIGH, "vibration", 4.5, 0.5, 20, 2, "Press vibrates", _BEARING),
    Limit("compressor", LOW, "pressure", 6.0, 0.2, 10, 2, "Compressed air low", _AIR),
    Limit("compressor", HIGH, "temperature", 95, 3, 60, 2, "Compressor too hot", _HOT_COMPRESSOR),
    Limit("pump-a", HIGH, "vibration", 4.5, 0.5, 30, 2, "Pump vibrates", _BEARING),
    Limit("pump-a", HIGH, "temperature", 62, 3, 60, 3, "Pump bearing warm", _BEARING),
    Limit("pump-b", HIGH, "vibration", 4.5, 0.5, 30, 2, "Pump vibrates", _BEARING),
    Limit("booth-gas", HIGH, "gas", 50, 5, 0, 1, "Solvent vapour in the booth", _VAPOUR),
    Limit("booth-gas", HIGH, "gas", 30, 4, 0, 2, "Solvent vapour is rising", _VAPOUR),
    Limit("booth-air", HIGH, "humidity", 75, 3, 120, 4, "Booth air too humid", _HUMID),
    Limit("conveyor", NO_DATA, None, None, 0, 90, 3, "Conveyor node is silent", _SILENT),
)
