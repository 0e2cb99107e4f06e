"""Alarm rules: what is watched, and from when it needs a person."""

from enum import StrEnum
from typing import Annotated

import msgspec

from appliance.model.ids import DeviceId, FactoryId, GivenDeviceId, RuleId
from appliance.model.text import Instruction, Sentence


class RuleKind(StrEnum):
    """How a rule looks at its signal."""

    HIGH = "high"
    LOW = "low"
    NO_DATA = "no_data"


Priority = Annotated[int, msgspec.Meta(ge=1, le=4)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400 * 7)]
Deadband = Annotated[float, msgspec.Meta(ge=0)]


class Rule(msgspec.Struct, frozen=True):
    """One rule on one device.

    high, low: raised when the metric has been beyond `limit` for `on_delay_seconds`, cleared when
    it has been back inside by `deadband` for `off_delay_seconds`; both in the metric's unit.
    no_data: raised when nothing has come for `on_delay_seconds`; metric and limit are null.
    Priority 1 critical, 2 high, 3 medium, 4 low.
    """

    id: RuleId
    factory_id: FactoryId
    device_id: DeviceId
    kind: RuleKind
    metric: str | None
    limit: float | None
    deadband: float
    on_delay_seconds: float
    off_delay_seconds: float
    priority: int
    message: str
    what_to_do: str
    enabled: bool


class NewRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule to be added; as in `Rule`."""

    device_id: GivenDeviceId
    kind: RuleKind
    priority: Priority
    message: Sentence
    metric: str | None = None
    limit: float | None = None
    deadband: Deadband = 0.0
    on_delay_seconds: Seconds = 0.0
    off_delay_seconds: Seconds = 0.0
    what_to_do: Instruction = ""
    enabled: bool = True


class RuleChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What of a rule shall change; a rule on another signal is another rule."""

    limit: float | msgspec.UnsetType = msgspec.UNSET
    deadband: Deadband | msgspec.UnsetType = msgspec.UNSET
    on_delay_seconds: Seconds | msgspec.UnsetType = msgspec.UNSET
    off_delay_seconds: Seconds | msgspec.UnsetType = msgspec.UNSET
    priority: Priority | msgspec.UnsetType = msgspec.UNSET
    message: Sentence | msgspec.UnsetType = msgspec.UNSET
    what_to_do: Instruction | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET


class Phase(StrEnum):
    """Where a rule stands: rising and falling wait for the on-delay and the off-delay."""

    NORMAL = "normal"
    RISING = "rising"
    RAISED = "raised"
    FALLING = "falling"


class RuleState(msgspec.Struct, frozen=True):
    """What the engine remembers of a rule. Times are event times in UTC milliseconds.

    since_ms: when the phase began, null in normal. seen_ms: the newest reading evaluated.
    """

    phase: Phase = Phase.NORMAL
    since_ms: int | None = None
    seen_ms: int | None = None
