"""Alarm rules: what is watched, and from when it needs a person."""

from enum import StrEnum
from typing import Annotated

import msgspec

from appliance.model.ids import DeviceId, FactoryId, RuleId


class RuleKind(StrEnum):
    """How a rule looks at its signal."""

    HIGH = "high"
    LOW = "low"
    NO_DATA = "no_data"


Priority = Annotated[int, msgspec.Meta(ge=1, le=4)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400 * 7)]


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
