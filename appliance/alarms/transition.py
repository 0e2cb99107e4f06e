"""What a rule does to its alert."""

from enum import StrEnum

import msgspec


class Step(StrEnum):
    """An alert begins or returns to normal."""

    RAISED = "raised"
    CLEARED = "cleared"


class Transition(msgspec.Struct, frozen=True):
    """A step in event time (UTC milliseconds), with the reading that settled it if there is one."""

    step: Step
    at_ms: int
    value: float | None
