"""What is to be done about an alert; where there is none, what is known of the device."""

from datetime import datetime, tzinfo

from textual.content import Content
from textual.widgets import Static

from appliance.model.alert import Alert
from appliance.model.device import DeviceState, DeviceStatus
from tui import format as told
from tui.condition import condition_words


class Guidance(Static):
    """Words only; the alert shown here is the one that `a` acknowledges."""

    def show_alert(self, alert: Alert, digits: int, now: datetime, zone: tzinfo) -> None:
        """The rule's own instruction, and where the alert stands."""
        place = " · ".join(part for part in (alert.device, alert.machine, alert.area) if part)
        breach = told.breach(alert, digits)
        since = (
            f"since {told.minute(alert.raised_at, now, zone)} ({told.age(now - alert.raised_at)})"
        )
        lines = [
            Content.assemble(
                (f"{told.mark(alert.priority)} {alert.message}", f"bold $p{alert.priority}"),
                f"  {breach} {alert.unit_label or ''}" if breach else "",
            ),
            Content.styled(f"{place} · {since}", "$muted"),
            Content(told.printable(alert.what_to_do) or "The rule says nothing about what to do."),
        ]
        if alert.acknowledged_at is not None:
            by = alert.acknowledged_by or "somebody"
            taken = f"Acknowledged by {by} at {told.second(alert.acknowledged_at, zone)}."
            lines.append(
                Content.styled(
                    " ".join((taken, told.printable(alert.note or ""))).strip(), "$muted"
                )
            )
        self.update(Content("\n").join(lines))

    def show_device(
        self, status: DeviceStatus, state: DeviceState, now: datetime, zone: tzinfo
    ) -> None:
        """Where the device is, since when it is silent, if it is, and what is odd about it."""
        device = status.device
        place = " · ".join(part for part in (device.machine, device.area) if part)
        lines = [Content.styled(device.name, "bold")]
        if place:
            lines.append(Content.styled(place, "$muted"))
        heard = status.received_at
        if heard is None:
            lines.append(Content("It has never sent anything."))
        elif state is not DeviceState.LIVE:
            ago = told.age(now - heard)
            lines.append(Content(f"Last heard of at {told.minute(heard, now, zone)}, {ago} ago."))
        else:
            lines.append(Content("No open alert."))
        if status.condition is not None:
            lines.append(Content(condition_words(status.condition, now, zone)))
        self.update(Content("\n").join(lines))

    def say(self, words: str) -> None:
        """A sentence, where there is neither."""
        self.update(Content.styled(words, "$muted"))
