"""How numbers, ages, times and states read on a terminal: pure functions."""

from datetime import datetime, timedelta, tzinfo

from appliance.model.alert import Alert, AlertState
from appliance.model.device import DeviceState

NOTHING = "—"
SHAPES = {1: "■", 2: "▲", 3: "◆", 4: "●"}
STATES = {
    DeviceState.LIVE: "● live",
    DeviceState.STALE: "◐ stale",
    DeviceState.OFFLINE: "○ offline",
    DeviceState.NEVER: "○ never",
}
SIGNS = {"hh": ">", "h": ">", "l": "<", "ll": "<"}


def mark(priority: int) -> str:
    """A priority as shape and number, so that no colour is needed."""
    return f"{SHAPES[priority]}{priority}"


def age(time: timedelta) -> str:
    """A duration in its largest whole unit; nothing is younger than now."""
    seconds = max(0, int(time.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def number(value: float | None, digits: int) -> str:
    """A value with its metric's digits, thousands set apart."""
    return NOTHING if value is None else f"{value:,.{digits}f}".replace(",", "\N{NNBSP}")


def quantity(value: float | None, digits: int, unit_label: str) -> str:
    """A value with its unit."""
    told = number(value, digits)
    return f"{told} {unit_label}" if unit_label and value is not None else told


def printable(text: str) -> str:
    """Text of people without what a terminal would take for a command."""
    return "".join(char if char.isprintable() or char == "\n" else "\ufffd" for char in text)


def short(value: float) -> str:
    """A limit as somebody has typed it."""
    return f"{value:g}"


def second(time: datetime, zone: tzinfo) -> str:
    """The time of day, to the second."""
    return f"{time.astimezone(zone):%H:%M:%S}"


def minute(time: datetime, now: datetime, zone: tzinfo) -> str:
    """The time of day, or month and day if that was another day."""
    there = time.astimezone(zone)
    return f"{there:%H:%M}" if there.date() == now.astimezone(zone).date() else f"{there:%m-%d}"


def breach(alert: Alert, digits: int) -> str:
    """What an alert was raised at against its limit, empty where it has none."""
    if alert.raised_value is None or alert.limit is None or alert.level not in SIGNS:
        return ""
    return f"{number(alert.raised_value, digits)} {SIGNS[alert.level]} {short(alert.limit)}"


def standing(alert: Alert) -> str:
    """Where an alert stands, in a word or two."""
    match alert.state:
        case AlertState.UNACKNOWLEDGED:
            return "UNACK"
        case AlertState.RETURNED:
            return "OK UNACK"
        case AlertState.ACKNOWLEDGED:
            return f"ack {alert.acknowledged_by or ''}".rstrip()
        case AlertState.CLOSED:
            return "closed"
