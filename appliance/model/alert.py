"""Alerts: alarms that a rule has raised, through their life in the words of ISA-18.2."""

from datetime import datetime
from enum import StrEnum

import msgspec

from appliance.model.ids import AlertId, DeviceId, FactoryId, RuleId
from appliance.model.rule import AlarmClass, RuleKind, RuleMode


class AlertState(StrEnum):
    """The four corners of ISA-18.2: standing or returned to normal, acknowledged or not.

    A latched alarm stands until a person resets it, though its cause has returned to normal.
    """

    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    """Returned to normal, not yet acknowledged."""
    CLOSED = "closed"
    """Returned to normal and acknowledged."""


class IsaState(StrEnum):
    """The one word of ISA-18.2 that people are shown: what hides an alarm comes first."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged-active"
    ACKNOWLEDGED = "acknowledged-active"
    RETURNED = "returned-unacknowledged"
    LATCHED_UNACKNOWLEDGED = "latched-unacknowledged"
    LATCHED_ACKNOWLEDGED = "latched-acknowledged"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out-of-service"


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm. Times are the readings' own (event time); values in the metric's unit.

    latched: its cause has returned to normal, yet it stands until reset. suppressed_at: since
    when the rule's condition (such as a machine that stands still) hides it. escalation_step: how
    many steps of the rosters were called. comments: how many there are among its events.
    """

    id: AlertId
    factory_id: FactoryId
    rule_id: RuleId
    device_id: DeviceId
    device: str
    machine: str | None
    area: str | None
    kind: RuleKind
    level: str
    metric: str | None
    unit_label: str | None
    alarm_class: AlarmClass
    priority: int
    message: str
    cause: str
    consequence: str
    what_to_do: str
    respond_seconds: float | None
    note_required: bool
    state: AlertState
    isa_state: IsaState
    raised_at: datetime
    raised_value: float | None
    limit: float | None
    late: bool
    forecast_at: datetime | None
    cleared_at: datetime | None
    latched: bool
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None
    suppressed_at: datetime | None
    shelved_until: datetime | None
    shelved_by: str | None
    shelved_reason: str | None
    escalation_step: int
    realarmed_at: datetime | None
    comments: int


class AlertEvent(msgspec.Struct, frozen=True):
    """What happened to an alert: `what` is one of raised, cleared, acknowledged, commented,
    shelved, unshelved, shelf-expired, suppressed, unsuppressed, realarmed, escalated, reset,
    superseded. who: null for the appliance itself."""

    at: datetime
    what: str
    who: str | None
    note: str | None
    value: float | None


class AlertQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts are asked for. from_at <= raised < to_at; `text` is looked for in message,
    device, machine and area."""

    state: str = "open"
    device_id: DeviceId | None = None
    alert_ids: list[AlertId] | None = None
    priority: int | None = None
    alarm_class: AlarmClass | None = None
    text: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None


def isa_state(
    state: AlertState, mode: RuleMode, *, suppressed: bool, shelved: bool, latched: bool
) -> IsaState:
    """The word for an alert of a rule in this mode."""
    acknowledged = state is AlertState.ACKNOWLEDGED
    standing = IsaState.ACKNOWLEDGED if acknowledged else IsaState.UNACKNOWLEDGED
    stuck = IsaState.LATCHED_ACKNOWLEDGED if acknowledged else IsaState.LATCHED_UNACKNOWLEDGED
    words = (
        (shelved, IsaState.SHELVED),
        (state is AlertState.CLOSED, IsaState.NORMAL),
        (mode is RuleMode.OUT_OF_SERVICE, IsaState.OUT_OF_SERVICE),
        (suppressed, IsaState.SUPPRESSED),
        (state is AlertState.RETURNED, IsaState.RETURNED),
        (latched, stuck),
    )
    return next((word for holds, word in words if holds), standing)
