"""What goes wrong from the nodes' start on, and which alarms must come of it."""

from appliance.demo.script import HH, HOUR, LL, MINUTE, Alarm, Event, H, L

TODAY = (
    Event(
        "furnace-1", "ramp", 900, 900, 5400,
        (Alarm("Melt too hot", 600, H),),
        metric="temperature", by=44,
    ),
    Event(
        "furnace-1", "step", 3 * HOUR, 40 * MINUTE, 12 * HOUR,
        (
            Alarm("Carbon monoxide at the furnace", MINUTE, H),
            Alarm(
                "Carbon monoxide: the limit of a shift is near", 25 * MINUTE, settles=20 * MINUTE
            ),
        ),
        metric="gas", by=165,
    ),
    Event(
        "furnace-1", "step", 11 * HOUR, 90, 12 * HOUR,
        (
            Alarm("Carbon monoxide at the furnace", MINUTE, H),
            Alarm("Carbon monoxide: leave at once", MINUTE),
        ),
        metric="gas", by=220,
    ),
    Event(
        "furnace-1-fan", "ramp", 2 * HOUR, 20 * MINUTE, 6 * HOUR,
        (Alarm("Fan has left zone B", 15 * MINUTE),),
        metric="vibration", by=2.4, sure=False,
    ),
    Event(
        "furnace-2", "flatline", 2400, 600, 7200,
        (Alarm("Thermocouple shows no movement", 500),),
        metric="temperature",
    ),
    Event(
        "stamping-press", "ramp", 150, 600, 3000,
        (
            Alarm("Press vibrates", 500, H),
            Alarm("Stamping press is in poor health", 600, settles=15 * MINUTE),
        ),
        metric="vibration", by=4.2, sure=False,
    ),
    Event(
        "compressor", "step", 420, 300, 3300,
        (Alarm("Compressed air low", MINUTE, L),),
        metric="pressure", by=-1.6,
    ),
    Event(
        "compressor", "step", 420 + 1650, 120, 7 * 3300,
        (Alarm("Compressed air low", MINUTE, L), Alarm("Compressed air low", MINUTE, LL)),
        metric="pressure", by=-3,
    ),
    Event(
        "compressor", "ramp", 2 * HOUR, 2 * HOUR, 12 * HOUR,
        (Alarm("Compressor is warmer than usual", 100 * MINUTE, settles=90 * MINUTE),),
        metric="temperature", by=12,
    ),
    Event(
        "pump-a", "ramp", 1500, 900, 4500,
        (Alarm("Pump vibrates", 600, H),),
        metric="vibration", by=5,
    ),
    Event(
        "pump-a", "ramp", 1500 + 2250, 900, 4 * 4500,
        (Alarm("Pump vibrates", 600, H), Alarm("Pump vibrates", 600, HH)),
        metric="vibration", by=8,
    ),
    Event(
        "pump-b", "ramp", HOUR, 15 * MINUTE, 4 * HOUR,
        (Alarm("Pump bearing warms up fast", 10 * MINUTE),),
        metric="temperature", by=14,
    ),
    Event(
        "pump-b", "step", 90 * MINUTE, 10 * MINUTE, 4 * HOUR,
        (Alarm("Pump pressure is unusual", 2 * MINUTE),),
        metric="pressure", by=-1.6,
    ),
    Event(
        "pump-b", "ramp", 2 * HOUR, 20 * MINUTE, 4 * HOUR,
        (Alarm("Pump vibrates otherwise than usual", 15 * MINUTE),),
        metric="vibration", by=2.2,
    ),
    Event(
        "booth-gas", "step", 40, 75, 2700,
        (Alarm("Solvent vapour is rising", MINUTE, H),),
        metric="gas", by=28,
    ),
    Event(
        "booth-gas", "step", 40 + 1350, 75, 4 * 2700,
        (
            Alarm("Solvent vapour is rising", MINUTE, H),
            Alarm("Solvent vapour in the booth", MINUTE, H),
        ),
        metric="gas", by=52,
    ),
    Event(
        "booth-air", "step", 20 * MINUTE, 240, 2 * HOUR,
        (Alarm("Booth temperature is odd", 200),),
        metric="temperature", by=4,
    ),
    Event(
        "conveyor", "offline", 300, 120, 3600,
        (Alarm("Conveyor node is silent", 100),),
    ),
    Event(
        "conveyor", "step", 45 * MINUTE, 3 * MINUTE, 3 * HOUR,
        (Alarm("Belt slips", MINUTE, L),),
        metric="current", by=-7.5, sure=False,
    ),
)  # fmt: skip
