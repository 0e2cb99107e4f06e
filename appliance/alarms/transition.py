"""What a rule does to its alarms."""

from enum import StrEnum

import msgspec


class Step(StrEnum):
    """A level is raised or returns to normal; the rule's condition begins or ends to hold."""

    RAISED = "raised"
    CLEARED = "cleared"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"


class Transition(msgspec.Struct, frozen=True):
    """A step in event time (UTC ms), with the reading or figure that settled it if there is one.

    level: of the rule, "on" where the step is of the rule as a whole. late: known only when it was
    no news any more. forecast_ms: when a limit will be passed that has not been passed yet.
    """

    step: Step
    at_ms: int
    value: float | None
    level: str = "on"
    late: bool = False
    forecast_ms: int | None = None
