"""Alerts: alarms that a rule has raised, from raise to clear, with who acknowledged them."""

from datetime import datetime
from enum import StrEnum

import msgspec

from appliance.model.ids import AlertId, DeviceId, FactoryId, RuleId
from appliance.model.rule import RuleKind


class AlertState(StrEnum):
    """The four corners of ISA-18.2: standing or returned to normal, acknowledged or not."""

    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    """Returned to normal, not yet acknowledged."""
    CLOSED = "closed"
    """Returned to normal and acknowledged."""


class Alert(msgspec.Struct, frozen=True):
    """One alarm. Times are the readings' own (event time); values in the metric's unit."""

    id: AlertId
    factory_id: FactoryId
    rule_id: RuleId
    device_id: DeviceId
    device: str
    machine: str | None
    area: str | None
    kind: RuleKind
    metric: str | None
    unit_label: str | None
    priority: int
    message: str
    what_to_do: str
    state: AlertState
    raised_at: datetime
    raised_value: float | None
    limit: float | None
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None
