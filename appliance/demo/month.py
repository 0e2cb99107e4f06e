"""What went wrong in the weeks before the nodes' start, and which alarms came of it.

A reading a minute tells of them, and no baseline was learnt then.
"""

from appliance.demo.script import DAY, HOUR, LL, MINUTE, Alarm, Event, H, L


def _once(node: str, shape: str, days: float, lasts: int, *alarms: Alarm, metric: str | None = None,
          by: float = 0, sure: bool = True) -> Event:  # fmt: skip
    return Event(node, shape, -round(days * DAY), lasts, 0, alarms, metric, by, sure)


def _press(after: int) -> Alarm:
    """A press that vibrates more and more does so whenever it runs."""
    return Alarm("Press vibrates", after, H, again=True)


BEFORE = (
    _once("furnace-1", "ramp", 9, 2 * HOUR, Alarm("Melt too hot", HOUR, H),
          metric="temperature", by=46),
    _once("furnace-1", "ramp", 23, 90 * MINUTE, Alarm("Melt too hot", HOUR, H),
          metric="temperature", by=38),
    _once("furnace-1", "stop", 16, 5 * HOUR, Alarm("Melt is cooling down", HOUR, L, 6 * HOUR)),
    _once("furnace-1-fan", "stop", 25, 6 * HOUR),
    _once("furnace-2", "ramp", 14.4, 2 * HOUR, Alarm("Melt too hot", HOUR, H),
          metric="temperature", by=46),
    _once("furnace-2", "ramp", 28.4, 90 * MINUTE, Alarm("Melt too hot", HOUR, H),
          metric="temperature", by=38),
    _once("furnace-2", "stop", 21.4, 5 * HOUR, Alarm("Melt is cooling down", HOUR, L, 6 * HOUR)),
    _once("forge-press", "ramp", 18.3, 54 * HOUR, _press(54 * HOUR),
          metric="vibration", by=3.4, sure=False),
    _once("forge-press", "ramp", 26.3, 30 * HOUR, _press(30 * HOUR),
          metric="vibration", by=2.6, sure=False),
    _once("forge-hydraulics", "ramp", 13.3, 90 * MINUTE, Alarm("Hydraulic oil too hot", HOUR, H),
          metric="temperature", by=21, sure=False),
    _once("forge-hydraulics", "step", 23, 50 * MINUTE, metric="pressure", by=-1.6),
    _once("forge-hydraulics", "stop", 28, 3 * HOUR),
    _once("stamping-press", "ramp", 12, 54 * HOUR, _press(54 * HOUR),
          metric="vibration", by=3.4, sure=False),
    _once("stamping-press", "ramp", 20, 30 * HOUR, _press(30 * HOUR),
          metric="vibration", by=2.6, sure=False),
    _once("compressor", "ramp", 5, 90 * MINUTE, Alarm("Compressor too hot", HOUR, H),
          metric="temperature", by=21),
    _once("compressor", "step", 14, 50 * MINUTE, Alarm("Compressed air low", 3 * MINUTE, L),
          metric="pressure", by=-1.6),
    _once("compressor", "stop", 19, 3 * HOUR, Alarm("Compressed air low", 3 * MINUTE, L),
          Alarm("Compressed air low", 3 * MINUTE, LL)),
    _once("pump-a", "ramp", 6, 26 * HOUR, Alarm("Pump vibrates", 15 * HOUR, H),
          metric="vibration", by=4.4),
    _once("pump-a", "ramp", 17, 12 * HOUR, metric="vibration", by=2.2),
    _once("pump-a", "step", 16.5, HOUR, Alarm("Pump bearing warm", 5 * MINUTE, H),
          metric="temperature", by=14),
    _once("pump-b", "ramp", 10.2, 26 * HOUR, Alarm("Pump vibrates", 15 * HOUR, H),
          metric="vibration", by=4.4),
    _once("pump-b", "ramp", 21.2, 12 * HOUR, metric="vibration", by=2.2),
    _once("pump-b", "step", 20.7, HOUR, Alarm("Pump bearing warms up fast", 10 * MINUTE),
          metric="temperature", by=14),
    _once("booth-gas", "ramp", 3, 25 * MINUTE, Alarm("Solvent vapour is rising", 15 * MINUTE, H),
          Alarm("Solvent vapour in the booth", 20 * MINUTE, H), metric="gas", by=48),
    _once("booth-gas", "ramp", 14, 40 * MINUTE, Alarm("Solvent vapour is rising", 30 * MINUTE, H),
          metric="gas", by=33),
    _once("conveyor", "offline", 4, 5 * HOUR, Alarm("Conveyor node is silent", 5 * MINUTE)),
    _once("conveyor", "offline", 21, 2 * HOUR, Alarm("Conveyor node is silent", 5 * MINUTE)),
)  # fmt: skip
