"""The figures by which an alarm system is judged, in the terms of EEMUA 191 and ISA-18.2."""

from datetime import datetime

import msgspec

from appliance.model.ids import AlertId, RuleId


class Load(msgspec.Struct, frozen=True):
    """How many percent of the 10-minute intervals had so many alarms per operator."""

    alarms: str
    percent: float


class Flood(msgspec.Struct, frozen=True, kw_only=True, rename={"from_at": "from", "to_at": "to"}):
    """From the first 10 minutes with more than 10 alarms per operator to the first with fewer
    than 5."""

    from_at: datetime
    to_at: datetime
    alarms: int
    worst_10_minutes: int


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The level of a rule that alarms come from."""

    rule_id: RuleId
    level: str
    device: str
    message: str


class Chatter(Source, frozen=True, kw_only=True):
    """Raised three times or more within a minute. times: raises in such minutes."""

    times: int
    worst_minute: int


class Stale(Source, frozen=True, kw_only=True):
    """An alarm that stood longer than 24 hours without a break."""

    alert_id: AlertId
    raised_at: datetime
    hours: float


class Frequent(Source, frozen=True, kw_only=True):
    """One of those raised most often."""

    alarms: int
    percent: float


class PriorityShare(msgspec.Struct, frozen=True):
    """How many alarms were of a priority."""

    priority: int
    alarms: int
    percent: float


class AlarmKpis(
    msgspec.Struct, frozen=True, kw_only=True, rename={"from_at": "from", "to_at": "to"}
):
    """The alarms raised in from <= t < to, advisories left out; rates are per operator.

    worst_10_minutes: sliding, of the whole plant. flood_percent: of the time. Times to
    acknowledge: from raised to the first acknowledgement. cut: a list ends after 1,000 rows.
    """

    from_at: datetime
    to_at: datetime
    operators: int
    alarms: int
    per_10_minutes: float
    per_day: float
    worst_10_minutes: int
    worst_from: datetime | None
    over_10_percent: float
    load: list[Load]
    floods: list[Flood]
    flood_percent: float
    chattering: list[Chatter]
    stale: list[Stale]
    top: list[Frequent]
    top_percent: float
    priorities: list[PriorityShare]
    acknowledged: int
    acknowledge_median_seconds: float | None
    acknowledge_p95_seconds: float | None
    shelved_now: int
    suppressed_now: int
    out_of_service_now: int
    cut: bool
