"""Reports: what is said of a factory and a period, as one tree that JSON, PDF and CSV all show."""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from appliance.model.factory import Factory
from appliance.model.ids import DeviceId, FactoryId, RuleId
from appliance.model.look import Level as LimitLevel
from appliance.model.rule import RuleKind


class ReportKind(StrEnum):
    """Weekly and monthly for managers; compliance also says who changed what, over any days."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    COMPLIANCE = "compliance"


class Judgement(StrEnum):
    """What can be said of a signal. Beyond a limit is said whatever the coverage."""

    BEYOND = "beyond limits"
    WITHIN = "within limits"
    INSUFFICIENT = "insufficient data"
    NO_LIMITS = "no limits set"
    NO_DATA = "no data in this period"


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Whole days of a factory: begin <= t < end. over: it has ended.

    until: up to when this report looks, the end of a period that is over.
    """

    name: str
    begin: datetime
    end: datetime
    until: datetime
    over: bool


class Gap(msgspec.Struct, frozen=True):
    """A time without any reading of a device, longer than three of its expected intervals."""

    begin: datetime
    seconds: float


class DayRows(msgspec.Struct, frozen=True):
    """Rows of one day of the factory; share: of those expected, null if none were."""

    day: date
    received: int
    expected: int
    share: float | None


class Completeness(msgspec.Struct, frozen=True, kw_only=True):
    """How much of what was to come from a device has come. Numbers of rows, one a sampling.

    As the certificate of completeness counts (see its model). missing: expected, and not there:
    never received, or not to be read any more. late: received more than five minutes after they
    were taken. duplicate: received again and left out, by the starts of the node that ran in the
    period. quarantined: set aside in the period, as their times were beyond belief. share: received
    of expected, null if nothing was expected.
    """

    device_id: DeviceId
    device: str
    machine: str | None
    expected_interval_seconds: float
    expected: int
    received: int
    missing: int
    late: int
    duplicate: int
    quarantined: int
    share: float | None
    gaps: int
    longest_gap: Gap | None
    days: list[DayRows]


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """How long a machine ran. Shares 0 to 1; null: nothing is known.

    ratio: running of known time; coverage: known of the period. days: ratio of each day.
    """

    device_id: DeviceId
    device: str
    machine: str | None
    running_seconds: float | None
    standing_seconds: float | None
    ratio: float | None
    coverage: float
    days: list[float | None]


class Beyond(msgspec.Struct, frozen=True, kw_only=True):
    """How long a signal was beyond one limit while that limit was in force.

    spells: unbroken times beyond it. share: of the known time while it was in force; null: none.
    """

    rule_id: RuleId
    level: LimitLevel
    limit: float
    in_force: datetime
    in_force_until: datetime
    seconds: float | None
    share: float | None
    spells: int
    longest_seconds: float | None
    longest_begin: datetime | None


class DayLevel(msgspec.Struct, frozen=True):
    """One day of a signal; null: no data. mean is weighted by time."""

    day: date
    min: float | None
    mean: float | None
    max: float | None
    beyond_seconds: float


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """One signal of a device, in `unit_label`; null: no data. mean is weighted by time.

    coverage: the share of the period of which its value is known. course: means of 168 equal parts
    of the period.
    """

    device_id: DeviceId
    device: str
    machine: str | None
    metric: str
    unit_label: str
    digits: int
    judgement: Judgement
    readings: int
    coverage: float
    min: float | None
    min_at: datetime | None
    mean: float | None
    max: float | None
    max_at: datetime | None
    beyond: list[Beyond]
    days: list[DayLevel]
    course: list[float | None]


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """The time-weighted mean of a gas over one shift of eight hours; coverage: its known share.

    mean is null below the coverage that is needed: then there is insufficient data.
    """

    begin: datetime
    mean: float | None
    coverage: float


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """A gas over shifts and quarters of an hour, null where no such time has data enough.

    shifts: those that end in the period. short: the highest mean of any 15 minutes.
    """

    device_id: DeviceId
    device: str
    machine: str | None
    unit_label: str
    digits: int
    shifts: int
    shifts_insufficient: int
    worst: Shift | None
    short_mean: float | None
    short_end: datetime | None
    means: list[Shift]


class Count(msgspec.Struct, frozen=True):
    """How often something was."""

    name: str
    number: int


class RuleAlarms(msgspec.Struct, frozen=True, kw_only=True):
    """The alarms of one rule."""

    rule_id: RuleId
    device: str
    message: str
    priority: int
    number: int
    standing_seconds: float


class StandingAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm and how long it stood within the period; cleared: null if it stood at its end."""

    device: str
    message: str
    priority: int
    raised: datetime
    cleared: datetime | None
    seconds: float


class Alarms(msgspec.Struct, frozen=True, kw_only=True):
    """Alarms raised in the period, as they stood at its end.

    priorities: number of "1" to "4". acknowledged_after_seconds: mean of those acknowledged.
    worst_10_minutes: the most alarms in any 10 minutes. longest: also those raised before.
    """

    raised: int
    priorities: dict[str, int]
    days: list[int]
    devices: list[Count]
    acknowledged: int
    acknowledged_after_seconds: float | None
    not_acknowledged: int
    standing_at_end: int
    worst_10_minutes: int
    worst_10_minutes_begin: datetime | None
    longest: list[StandingAlarm]
    top: list[RuleAlarms]


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One level of one version of a rule as it was in force in the period.

    set_at: when it was set; null: before the record of changes knows of it. set_by likewise.
    """

    rule_id: RuleId
    device_id: DeviceId
    device: str
    kind: RuleKind
    level: LimitLevel
    metric: str | None
    unit_label: str | None
    limit: float | None
    deadband: float
    on_delay_seconds: float
    off_delay_seconds: float
    priority: int
    message: str
    enabled: bool
    set_at: datetime | None
    set_by: str | None
    in_force: datetime
    in_force_until: datetime


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the record of deeds; changes: what became of which value."""

    number: int
    at: datetime
    actor: str
    action: str
    object: str
    changes: list[str]
    reason: str | None


class Deeds(msgspec.Struct, frozen=True, kw_only=True):
    """Who changed what in the period. Sign-ins are counted, not listed.

    first_broken_row: of the whole record, the first that was tampered with; null: none.
    """

    rows: list[Deed]
    sessions: int
    refused_sessions: int
    first_broken_row: int | None


class Finding(msgspec.Struct, frozen=True):
    """One sentence of the first page. weight: "good", "look" or "unknown"."""

    weight: str
    text: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The first page: what happened, is the data complete, is anything beyond its limits."""

    happened: list[Finding]
    complete: list[Finding]
    limits: list[Finding]


class Unreadable(msgspec.Struct, frozen=True):
    """Readings of begin <= t < end that are there and cannot be read: counted as missing."""

    begin: datetime
    end: datetime
    reason: str


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """A series as it was read: its rows from `begin` up to `end`, and what they hash to.

    sha256: of every time (int64) and then value (float64), little-endian, by time and then value.
    """

    device_id: DeviceId
    metric: str
    begin: datetime
    end: datetime
    rows: int
    sha256: str
    unreadable: list[Unreadable]


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """What the report stands on. The same inputs make the same report, byte for byte.

    data_sha256: of one line "device metric begin-ms end-ms rows sha256" per series, in order.
    limits_sha256: of the rules in force as JSON. Compare data_sha256 to see late data.
    """

    rows: int
    data_sha256: str
    limits_sha256: str
    software_version: str
    coverage_needed: float
    series: list[Frozen]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report. generated_at: when this very content was first made, or now if not over yet."""

    schema_version: int
    kind: ReportKind
    title: str
    factory: Factory
    period: Period
    generated_at: datetime | None
    summary: Summary
    completeness_share: float | None
    completeness: list[Completeness]
    running: list[Running]
    temperatures: list[Level]
    gases: list[Level]
    exposures: list[Exposure]
    vibrations: list[Level]
    others: list[Level]
    alarms: Alarms
    limits: list[Limit]
    deeds: Deeds | None
    inputs: Inputs


class Available(msgspec.Struct, frozen=True, kw_only=True):
    """The periods of a kind that a factory can have a report of now."""

    factory_id: FactoryId
    kind: ReportKind
    last: Period
    current: Period
