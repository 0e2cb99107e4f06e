"""The rules of the demo's plant, one of each kind and more, with what to do."""

from typing import NamedTuple

from msgspec import structs

from appliance.model.ids import DeviceId
from appliance.model.rule import (
    AlarmClass,
    Baseline,
    Condition,
    Drift,
    Exposure,
    Health,
    Look,
    Model,
    NewRule,
    NoData,
    Rate,
    Stuck,
    Threshold,
    Vibration,
)


class Limit(NamedTuple):
    """A rule on a node; seconds for the delay, the unit of what is compared for the deadband.

    metric: None for a rule about silence or health. stopped: the reading below which nothing is
    looked at.
    """

    node: str
    look: Look
    metric: str | None
    deadband: float
    delay: float
    priority: int
    message: str
    what_to_do: str
    stopped: Condition | None = None
    alarm_class: AlarmClass = AlarmClass.ALARM

    def on(self, device_id: DeviceId, model_url: str) -> NewRule:
        """The rule on the node's device; model_url: where a model is asked."""
        look = self.look
        if isinstance(look, Model):
            look = structs.replace(look, url=model_url)
        return NewRule(
            device_id=device_id,
            look=look,
            metric=self.metric,
            deadband=self.deadband,
            on_delay_seconds=self.delay,
            off_delay_seconds=self.delay,
            priority=self.priority,
            message=self.message,
            what_to_do=self.what_to_do,
            suppress_while=self.stopped,
            alarm_class=self.alarm_class,
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

_GAS_SHIFT = (
    "Open the gates and send people out by turns. The mean of a shift must stay below the limit: "
    "whoever has been here since the shift began goes first. Tell the shift lead: 4711."
)
_STUCK = "The reading does not move: check the thermocouple's plug. Do not cast on this value."
_WARMER = (
    "It has been warmer than it usually is at this hour for a while. Look at the cooler's filter "
    "mat and the oil level on the next round."
)
_FAST = "Feel the bearing and listen. If it smells or screams, change over to the other pump."
_UNUSUAL = "Compare with the gauge on the spot. Look at the strainer and the suction valve."
_SLIPS = "Stop the belt and look at its tension and the drive roll. Clear what has jammed."
_POOR = (
    "Open the machine's page and read what its health has lost by. Plan the repair before the "
    "next shift; stop the press if it vibrates above 7.1 mm/s."
)
_ODD = "A model finds this odd. Have a look at the booth's heating when you pass by."

ADVISORY = AlarmClass.ADVISORY
MODEL = Model(url="http://127.0.0.1/", above=0.6, window_seconds=600, every_seconds=120)
"""Its server's port is known when the demo runs."""

LIMITS = (
    Limit("furnace-1", Threshold(h=775), "temperature", 5, 30, 2, "Melt too hot", _MELT),
    Limit("furnace-1", Threshold(l=690), "temperature", 5, 60, 2, "Melt is cooling down", _COLD),
    Limit("furnace-1", Threshold(h=30), "gas", 4, 0, 1, "Carbon monoxide at the furnace",
          _MONOXIDE),
    Limit("furnace-1", Exposure(limit="CO, NIOSH REL", measure="twa"), "gas", 1, 0, 2,
          "Carbon monoxide: the limit of a shift is near", _GAS_SHIFT),
    Limit("furnace-1", Exposure(limit="CO, NIOSH REL", measure="ceiling"), "gas", 10, 0, 1,
          "Carbon monoxide: leave at once", _MONOXIDE),
    Limit("furnace-1-fan", Threshold(h=4.5), "vibration", 0.5, 30, 3, "Fan vibrates", _BEARING),
    Limit("furnace-1-fan", Vibration(group="group 2", foundation="rigid", zone="B/C"), "vibration",
          0.4, 30, 3, "Fan has left zone B", _BEARING),
    Limit("furnace-2", Threshold(h=735), "temperature", 5, 30, 2, "Melt too hot", _MELT),
    Limit("furnace-2", Threshold(l=665), "temperature", 5, 60, 2, "Melt is cooling down", _COLD),
    Limit("furnace-2", Stuck(seconds=420), "temperature", 0, 0, 2,
          "Thermocouple shows no movement", _STUCK),
    Limit("forge-press", Threshold(h=4.8), "vibration", 0.5, 20, 2, "Press vibrates", _BEARING),
    Limit("forge-hydraulics", Threshold(h=62), "temperature", 3, 60, 3, "Hydraulic oil too hot",
          _HOT_OIL),
    Limit("stamping-press", Threshold(h=4.5), "vibration", 0.5, 20, 2, "Press vibrates", _BEARING),
    Limit("stamping-press", Health(below=60), None, 5, 0, 3, "Stamping press is in poor health",
          _POOR),
    Limit("compressor", Threshold(ll=4.8, l=6.0), "pressure", 0.2, 10, 1, "Compressed air low",
          _AIR),
    Limit("compressor", Threshold(h=95), "temperature", 3, 60, 2, "Compressor too hot",
          _HOT_COMPRESSOR),
    Limit("compressor", Drift(method="ewma", deviations=5, hours=0.5), "temperature", 1, 0, 4,
          "Compressor is warmer than usual", _WARMER, alarm_class=ADVISORY),
    Limit("pump-a", Threshold(h=4.5, hh=7.1), "vibration", 0.5, 30, 1, "Pump vibrates", _BEARING),
    Limit("pump-a", Threshold(h=62), "temperature", 3, 60, 3, "Pump bearing warm", _BEARING),
    Limit("pump-b", Threshold(h=4.5), "vibration", 0.5, 30, 2, "Pump vibrates", _BEARING),
    Limit("pump-b", Vibration(group="group 2", foundation="rigid", zone="B/C", change=True),
          "vibration", 0.2, 60, 4, "Pump vibrates otherwise than usual", _BEARING,
          alarm_class=ADVISORY),
    Limit("pump-b", Rate(per_minute=0.8, window_seconds=600), "temperature", 0.2, 0, 3,
          "Pump bearing warms up fast", _FAST),
    Limit("pump-b", Baseline(deviations=12), "pressure", 3, 60, 4, "Pump pressure is unusual",
          _UNUSUAL, alarm_class=ADVISORY),
    Limit("booth-gas", Threshold(h=50), "gas", 5, 0, 1, "Solvent vapour in the booth", _VAPOUR),
    Limit("booth-gas", Threshold(h=30), "gas", 4, 0, 2, "Solvent vapour is rising", _VAPOUR),
    Limit("booth-air", Threshold(h=75), "humidity", 3, 120, 4, "Booth air too humid", _HUMID),
    Limit("booth-air", MODEL, "temperature", 0.1, 0, 4, "Booth temperature is odd", _ODD,
          alarm_class=ADVISORY),
    Limit("conveyor", Threshold(l=5), "current", 0.5, 10, 3, "Belt slips", _SLIPS,
          stopped=Condition(metric="running", below=0.5)),
    Limit("conveyor", NoData(), None, 0, 90, 3, "Conveyor node is silent", _SILENT),
)  # fmt: skip
