"""The demo's script: how it says what goes wrong on which node and which alarms come of it."""

from typing import Any, NamedTuple

from appliance.model.rule import Level

MINUTE, HOUR, DAY = 60, 3600, 86_400
SETTLES = 5 * MINUTE
"""So long an alarm may outlast what caused it, where the script says nothing else."""
H, HH, L, LL = Level.H, Level.HH, Level.L, Level.LL


class Alarm(NamedTuple):
    """An alarm that an event must raise: of the rule with this message on the event's node.

    after: it is raised so many seconds after the event's begin at the latest; settles: it ends so
    many seconds after the event's end at the latest. again: it clears when the machine stops, and
    comes again when it runs.
    """

    message: str
    after: int
    level: Level = Level.ON
    settles: int = SETTLES
    again: bool = False


class Event(NamedTuple):
    """Something that goes wrong on a node; all times in seconds.

    at: after the node's start, for the first time; below 0: before it. every: 0 for once. by: in
    the metric's unit. metric: None where it is the machine or the network. sure: it shows at any
    time of the week, for the machine never stands still.
    """

    node: str
    shape: str
    at: int
    lasts: int
    every: int
    alarms: tuple[Alarm, ...] = ()
    metric: str | None = None
    by: float = 0
    sure: bool = True

    @property
    def fault(self) -> dict[str, Any]:
        """What the node's simulation is told."""
        told = {
            "shape": self.shape,
            "at": self.at,
            "for": self.lasts,
            "every": self.every,
            "metric": self.metric,
            "by": self.by,
        }
        return {name: value for name, value in told.items() if value or name == "at"}

    def begins(self, until: int) -> range:
        """When it happens before a time."""
        return range(self.at, until, self.every) if self.every else range(self.at, self.at + 1)
