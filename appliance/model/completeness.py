"""The certificate of completeness: what was to come, what came, and why not the rest."""

from datetime import datetime
from enum import StrEnum

import msgspec

from appliance.model.ids import DeviceId, FactoryId


class Cause(StrEnum):
    """Why rows are missing, late, without a sure time, or no longer readable."""

    NODE_OFF = "node_off"
    RESTART = "restart"
    NETWORK = "network"
    BOX_DOWN = "box_down"
    OVERRUN = "overrun"
    CLOCK_UNKNOWN = "clock_unknown"
    SILENT = "silent"
    DAMAGED = "damaged"
    RELEASED = "released"
    UNKNOWN = "unknown"


WORDS = {
    Cause.NODE_OFF: "The node was off: it started anew after this.",
    Cause.RESTART: "The node started anew by itself; it said why.",
    Cause.NETWORK: "The node ran, but could not reach the appliance.",
    Cause.BOX_DOWN: "The appliance was not running.",
    Cause.OVERRUN: "The node's memory was full, and its oldest rows made room.",
    Cause.CLOCK_UNKNOWN: "Nobody knew what time it was at the node: only the order is sure.",
    Cause.SILENT: "Nothing has come since: the node is off, or cannot reach the appliance.",
    Cause.DAMAGED: "Received, but the file that holds it is damaged.",
    Cause.RELEASED: "Received, and deleted by a rule of retention.",
    Cause.UNKNOWN: "Nothing tells why.",
}
"""What people read of each cause, here and nowhere else."""


class What(StrEnum):
    """missing: never received. late, bounded: received. unreadable: received, not there now.

    bounded: with a time of which only the order is sure.
    """

    MISSING = "missing"
    LATE = "late"
    BOUNDED = "bounded"
    UNREADABLE = "unreadable"


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that should have been taken in from_ms <= t < to_ms.

    exact: the node numbered them, so `rows` is no estimate by the expected interval.
    epoch, first_row: the number of the first, where the node numbered them. reset: what the node
    said of the start after it. behind: of an overrun, what kept the rows from being sent.
    """

    what: What
    cause: Cause
    from_ms: int
    to_ms: int
    rows: int
    exact: bool = True
    epoch: int | None = None
    first_row: int | None = None
    reset: str | None = None
    behind: Cause | None = None


class Unread(msgspec.Struct, frozen=True):
    """A part of a sealed file that cannot be read: rows of one metric, first to last."""

    metric: str
    from_ms: int
    to_ms: int
    rows: int
    reason: str


class DayCounts(msgspec.Struct, frozen=True):
    """Rows of one day, or another part of a period."""

    from_ms: int
    to_ms: int
    expected: int
    received: int


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a device in a period; docs/completeness.md says what each number means.

    expected = received + quarantined + unreadable + missing. Late ones are among the received.
    """

    expected: int
    received: int
    missing: int
    late: int
    duplicate: int
    conflicting: int
    quarantined: int
    unreadable: int
    dropped: int


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """One device over from_ms <= t < to_ms, as known at `at`."""

    device_id: DeviceId
    device: str
    factory_id: FactoryId
    from_ms: int
    to_ms: int
    at: datetime
    late_seconds: float
    counts: Counts
    ranges: list[Range]
    damaged: list[Unread]
    days: list[DayCounts]


class DeviceCounts(msgspec.Struct, frozen=True, kw_only=True):
    """One device of a factory, whole UTC days, by ledger and manifest.

    duplicate, dropped: of the starts of the node that touch these days.
    """

    device_id: DeviceId
    device: str
    expected: int
    received: int
    missing: int
    late: int
    duplicate: int
    conflicting: int
    quarantined: int
    damaged: int
    dropped: int
    days: list[DayCounts]


class FactoryTotals(msgspec.Struct, frozen=True, kw_only=True):
    """All devices of a factory together. short: how many have gaps. silent: of how many nothing
    was expected."""

    devices: int
    short: int
    silent: int
    expected: int
    received: int
    missing: int
