"""The words of a message about an alarm, in the clock of its factory."""

from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from appliance.model.alert import Alert
from appliance.model.notification import Message

OPENINGS = {
    "escalated": "Not acknowledged – ",
    "realarmed": "Still standing – ",
    "shelf-expired": "Back from the shelf – ",
    "unshelved": "Back from the shelf – ",
    "unsuppressed": "Not suppressed any more – ",
    "cleared": "Back to normal – ",
}
PRIORITIES = {1: "critical", 2: "high", 3: "medium", 4: "low"}


def about(alert: Alert, occasion: str, key: UUID, zone: ZoneInfo) -> Message:
    """What somebody is told of an alert."""
    place = alert.machine or alert.device
    kind = "Advisory" if alert.alarm_class == "advisory" else PRIORITIES[alert.priority].title()
    subject = f"{OPENINGS.get(occasion, '')}{kind}: {place}: {alert.message}"
    value = _with_unit(alert.raised_value, alert)
    limit = _with_unit(alert.limit, alert)
    lines = (
        ("", alert.message),
        ("Device: ", alert.device if alert.area is None else f"{alert.device}, {alert.area}"),
        ("Value: ", value and (f"{value} (limit {limit})" if limit else value)),
        ("Raised: ", f"{alert.raised_at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"),
        ("Expected to pass the limit: ", _clock(alert, zone)),
        ("Cleared: ", alert.cleared_at and f"{alert.cleared_at.astimezone(zone):%H:%M:%S %Z}"),
        ("What can come of it: ", alert.consequence),
        ("Likely cause: ", alert.cause),
        ("What to do: ", alert.what_to_do),
        ("Time to respond: ", _minutes(alert.respond_seconds)),
    )
    text = "\n".join(opening + said for opening, said in lines if said)
    told: dict[str, object] = msgspec.to_builtins(alert)
    return Message(key=key, occasion=occasion, subject=subject, text=text + "\n", alert=told)


def trial(key: UUID) -> Message:
    """What shows that a contact can be reached."""
    subject = "Carbonseed: a test"
    text = "This is a test: alarms of your plant would reach you this way.\n"
    return Message(key=key, occasion="test", subject=subject, text=text, alert=None)


def _with_unit(value: float | None, alert: Alert) -> str | None:
    return None if value is None else f"{value:.6g} {alert.unit_label or ''}".strip()


def _clock(alert: Alert, zone: ZoneInfo) -> str | None:
    at = alert.forecast_at
    return None if at is None else f"{at.astimezone(zone):%H:%M %Z}"


def _minutes(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds / 60:.3g} minutes"
