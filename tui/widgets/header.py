"""The first line: whose plant, how many devices in which state, open alerts, time and person."""

from textual.content import Content
from textual.widgets import Static

from appliance.model.device import DeviceState
from tui import format as told

ROOMY = 110
"""From so many characters on, counts have words."""
_COUNTED = (
    ("●", "live", (DeviceState.LIVE,)),
    ("◐", "stale", (DeviceState.STALE,)),
    ("○", "offline", (DeviceState.OFFLINE, DeviceState.NEVER)),
)


class Header(Static):
    """One line of three parts; the middle one is what operators glance at."""

    def show(
        self,
        site: str,
        states: dict[DeviceState, int],
        priorities: dict[int, int],
        time: str,
        person: str,
    ) -> None:
        """time: as told in the plant; the counts are of devices and of open alerts."""
        roomy = self.size.width >= ROOMY
        counts = "  ".join(
            f"{shape} {sum(states.get(one, 0) for one in group)}{' ' + word if roomy else ''}"
            for shape, word, group in _COUNTED
        )
        alerts = [
            (f" {told.SHAPES[priority]} {count} ", f"bold $p{priority}" if count else "$muted")
            for priority in told.SHAPES
            for count in (priorities.get(priority, 0),)
        ]
        middle = Content.assemble(
            (counts, ""), ("  alerts " if roomy else "  │", "$muted"), *alerts
        )
        right = Content.assemble((time, "bold"), (f"  {person}", "$muted"))
        left = Content.styled(site, "bold").truncate(
            max(8, self.size.width - middle.cell_length - right.cell_length - 6), ellipsis=True
        )
        air = max(
            2, self.size.width - left.cell_length - middle.cell_length - right.cell_length - 2
        )
        self.update(
            Content.assemble(
                " ", left, " " * (air // 2), middle, " " * (air - air // 2), right, " "
            )
        )
