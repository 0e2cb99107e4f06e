"""What is odd about a device, in words: why it is silent or was away, its clock, its sensors."""

from datetime import datetime, tzinfo

from appliance.model.completeness import Cause
from appliance.model.device import ConditionKind, DeviceCondition
from tui.format import minute

BRIEF = {
    ConditionKind.CLOCK_WRONG: "● clock",
    ConditionKind.CATCHING_UP: "● behind",
    ConditionKind.FLAT: "● flat",
}
"""In the place of "live", of a device that reports and needs a look all the same.

What is out of range is an alert, and that stands in the row already.
"""
_AWAY = {
    Cause.NODE_OFF: "It was off",
    Cause.RESTART: "It restarted by itself and was away",
    Cause.BOX_DOWN: "The appliance was down",
}
_SENTENCES = {
    ConditionKind.SILENT: "It is off or out of network: nobody can tell until it is back.",
    ConditionKind.CLOCK_WRONG: "Its clock is wrong since {since}: its readings are set aside.",
    ConditionKind.CATCHING_UP: "{away}. It catches up from {since}: {rows} readings to come.",
    ConditionKind.FLAT: "Its {metric} does not move since {since}.",
    ConditionKind.OUT_OF_RANGE: "Its {metric} is out of range since {since}.",
    ConditionKind.RETURNED: "{away} {since} to {until}.",
}


def condition_words(odd: DeviceCondition, now: datetime, zone: tzinfo) -> str:
    """A sentence, with times of the day."""
    sentence = _SENTENCES[odd.kind]
    if odd.kind is ConditionKind.SILENT and odd.cause is Cause.BOX_DOWN:
        sentence = "{away} {since} to {until}; it has not been heard of since."
    return sentence.format(
        away=_AWAY.get(odd.cause or Cause.UNKNOWN, "It was out of network"),
        since=minute(odd.since, now, zone),
        until="" if odd.until is None else minute(odd.until, now, zone),
        rows=odd.rows,
        metric=odd.metric,
    )
