"""Alarm rules: what is watched, how it is looked at, and from when it needs a person."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec

from appliance.model.ids import DeviceId, FactoryId, GivenDeviceId, RuleId
from appliance.model.look import (
    THRESHOLD_LEVELS,
    Baseline,
    Drift,
    Exposure,
    Health,
    Level,
    Look,
    Model,
    NoData,
    Rate,
    RuleKind,
    Stuck,
    Threshold,
    Vibration,
    kind_of,
)
from appliance.model.text import Instruction, Sentence

__all__ = [
    "AlarmClass", "Baseline", "Condition", "Drift", "Exposure", "Health", "Level", "Look", "Model",
    "NewRule", "NoData", "Override", "Rate", "Rule", "RuleChange", "RuleKind", "RuleMode",
    "RuleVersion", "Stuck", "Threshold", "Vibration", "kind_of", "priority_of",
]  # fmt: skip

Priority = Annotated[int, msgspec.Meta(ge=1, le=4)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400 * 7)]
Deadband = Annotated[float, msgspec.Meta(ge=0)]
Pause: TypeAlias = Annotated[float, msgspec.Meta(ge=60, le=86_400 * 7)]

Override: TypeAlias = Annotated[str, msgspec.Meta(min_length=10, max_length=200)]
"""Why a rule works untried, in some words."""


class RuleMode(StrEnum):
    """draft: not evaluated. shadow: evaluated, tells nobody. live: raises alarms.
    out_of_service: switched off for a reason that is on record."""

    DRAFT = "draft"
    SHADOW = "shadow"
    LIVE = "live"
    OUT_OF_SERVICE = "out_of_service"


class AlarmClass(StrEnum):
    """alarm: a person must do something. advisory: worth knowing, outside the alarms' figures."""

    ALARM = "alarm"
    ADVISORY = "advisory"


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Another signal of the same device is below or above a value; exactly one of the two."""

    metric: str
    below: float | None = None
    above: float | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule on one device; `message` is its name.

    deadband: in the unit of what is compared with the limit. Priority 1 critical, 2 high, 3
    medium, 4 low; of the outermost level, see `priority_of`. suppress_while: readings count as
    missing. version: grows with every change of what is evaluated.
    """

    id: RuleId
    factory_id: FactoryId
    device_id: DeviceId
    kind: RuleKind
    metric: str | None
    look: Look
    deadband: float
    on_delay_seconds: float
    off_delay_seconds: float
    priority: int
    message: str
    cause: str
    consequence: str
    what_to_do: str
    respond_seconds: float | None
    suppress_while: Condition | None
    latching: bool
    note_required: bool
    realarm_seconds: float | None
    alarm_class: AlarmClass
    mode: RuleMode
    version: int

    @property
    def limits(self) -> dict[Level, float]:
        """The limits of a threshold rule in its metric's unit, by level; of others none."""
        if not isinstance(self.look, Threshold):
            return {}
        given = {level: getattr(self.look, level) for level in THRESHOLD_LEVELS}
        return {level: limit for level, limit in given.items() if limit is not None}


class NewRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule to be added, as in `Rule`; it begins as a draft. `kind` may be left out."""

    device_id: GivenDeviceId
    look: Look
    priority: Priority
    message: Sentence
    kind: RuleKind | None = None
    metric: str | None = None
    deadband: Deadband = 0.0
    on_delay_seconds: Seconds = 0.0
    off_delay_seconds: Seconds = 0.0
    cause: Instruction = ""
    consequence: Instruction = ""
    what_to_do: Instruction = ""
    respond_seconds: Seconds | None = None
    suppress_while: Condition | None = None
    latching: bool = False
    note_required: bool = False
    realarm_seconds: Pause | None = None
    alarm_class: AlarmClass = AlarmClass.ALARM


class RuleChange(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What of a rule shall change; a rule of another kind or on another signal is another rule.

    override: why what a live rule evaluates changes without a back-test.
    """

    look: Look | msgspec.UnsetType = msgspec.UNSET
    deadband: Deadband | msgspec.UnsetType = msgspec.UNSET
    on_delay_seconds: Seconds | msgspec.UnsetType = msgspec.UNSET
    off_delay_seconds: Seconds | msgspec.UnsetType = msgspec.UNSET
    priority: Priority | msgspec.UnsetType = msgspec.UNSET
    message: Sentence | msgspec.UnsetType = msgspec.UNSET
    cause: Instruction | msgspec.UnsetType = msgspec.UNSET
    consequence: Instruction | msgspec.UnsetType = msgspec.UNSET
    what_to_do: Instruction | msgspec.UnsetType = msgspec.UNSET
    respond_seconds: Seconds | msgspec.UnsetType | None = msgspec.UNSET
    suppress_while: Condition | msgspec.UnsetType | None = msgspec.UNSET
    latching: bool | msgspec.UnsetType = msgspec.UNSET
    note_required: bool | msgspec.UnsetType = msgspec.UNSET
    realarm_seconds: Pause | msgspec.UnsetType | None = msgspec.UNSET
    alarm_class: AlarmClass | msgspec.UnsetType = msgspec.UNSET
    override: Override | None = None


class RuleVersion(msgspec.Struct, frozen=True):
    """A rule as it was from `at` on, and who made it so."""

    version: int
    at: datetime
    by: str
    rule: Rule


def priority_of(rule: Rule, level: str) -> int:
    """The priority of a level: the rule's own, for h and l one less urgent beside hh and ll."""
    look = rule.look
    if not isinstance(look, Threshold):
        return rule.priority
    inner = (level == Level.H and look.hh is not None) or (level == Level.L and look.ll is not None)
    return min(4, rule.priority + inner)
