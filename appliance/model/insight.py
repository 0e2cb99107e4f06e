"""What can be said of signals and machines beyond their readings."""

from datetime import datetime
from typing import Literal

import msgspec

from appliance.model.factory import Machine
from appliance.model.health import HealthScore, Reason, ScoreAt
from appliance.model.ids import DeviceId, MachineId, RuleId

Verdict = Literal["within", "above", "insufficient data"]


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time up to now, every figure weighted by time; null where nothing is known.

    coverage: the share of the time for which there are readings.
    """

    hours: float
    mean: float | None
    std: float | None
    min: float | None
    max: float | None
    median: float | None
    coverage: float


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """The baseline of this hour of the week; low and high: three standard deviations around mid."""

    version: int
    learnt_at: datetime
    by: str
    mid: float | None
    scale: float | None
    low: float | None
    high: float | None


class Crossing(msgspec.Struct, frozen=True, kw_only=True):
    """When a trend will pass a limit, if it goes on. latest: null, it may never."""

    level: str
    limit: float
    at: datetime
    earliest: datetime
    latest: datetime | None


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """The slope of the hours' means of the last days (Theil-Sen), with its 95 % interval.

    significant: the interval does not hold 0; if not, there is no trend to speak of. In the
    signal's unit per day. text says it in a sentence.
    """

    days: float
    per_day: float | None
    per_day_low: float | None
    per_day_high: float | None
    significant: bool
    text: str
    crossings: tuple[Crossing, ...] = ()


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """A signal in a week; null where nothing is known.

    p95: of the minutes' means. above_seconds: time above the limit, null without one.
    running: the share of the known time in which the machine ran.
    """

    mean: float | None
    p95: float | None
    max: float | None
    above_seconds: float | None
    running: float | None
    coverage: float


class SignalLook(msgspec.Struct, frozen=True, kw_only=True):
    """What the hourly look at a signal's last two weeks found; to: the end of its last full hour.

    drift: a slow average's robust standard deviations off the baseline. off_since: since when the
    hours' means have been three deviations off, null if they are not. day_running: the share of
    the known time of the last 24 hours in which the machine ran.
    """

    to: datetime
    drift: float | None
    off_since: datetime | None
    off_by: float | None
    baseline_version: int | None
    trend: Trend
    limit: float | None
    this_week: Week
    last_week: Week
    day_running: float | None = None


class LimitAt(msgspec.Struct, frozen=True, kw_only=True):
    """A limit that holds for a signal: level ll to hh of a rule, or a zone boundary."""

    level: str
    limit: float
    source: str
    rule_id: RuleId | None
    confirmed: bool = True


class SignalInsight(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one signal now.

    z: how many robust standard deviations `value` is off; null while the machine stands still, or
    where nothing is learnt. rate_per_hour: of the last hour.
    """

    device_id: DeviceId
    device: str
    machine_id: MachineId | None
    machine: str | None
    metric: str
    unit: str
    unit_label: str
    digits: int
    at: datetime
    value: float | None
    time: datetime | None
    running: bool | None
    hour: Window
    day: Window
    rate_per_hour: float | None
    usual: Usual | None
    z: float | None
    limits: list[LimitAt]
    look: SignalLook | None


class BandVersion(msgspec.Struct, frozen=True):
    """Which version of the baseline held, since when."""

    version: int
    learnt_at: datetime


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """The baseline over a time, a step an hour, UTC milliseconds; null where nothing is learnt."""

    device_id: DeviceId
    metric: str
    deviations: float
    versions: list[BandVersion]
    times: list[int]
    low: list[float | None]
    mid: list[float | None]
    high: list[float | None]


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """The vibration zone by the mean of the last ten minutes.

    assumed: no vibration rule says which group and support the machine has. confirmed: somebody has
    checked the limits.
    """

    zone: str
    velocity: float
    device_id: DeviceId
    device: str
    group: str
    boundaries: tuple[float, float, float]
    source: str
    confirmed: bool
    assumed: bool


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """A gas today against a limit: the greatest mean of a window that ends today, or the peak.

    share: value over limit. Below the coverage that is asked for there is no value, and the verdict
    is "insufficient data".
    """

    device_id: DeviceId
    device: str
    rule_id: RuleId
    subject: str
    measure: str
    source: str
    confirmed: bool
    limit: float
    unit: str
    window_seconds: int | None
    value: float | None
    at: datetime | None
    share: float | None
    coverage: float
    least_coverage: float
    verdict: Verdict


class Worse(msgspec.Struct, frozen=True, kw_only=True):
    """A machine that gets worse: its usual score, the points it lost, since when it is below, and
    what takes the most of them, null if nothing takes much."""

    usual: float
    lost: float
    since: datetime
    why: Reason | None


class MachineInsight(msgspec.Struct, frozen=True, kw_only=True):
    """A machine: its newest score and why, 30 days of it, whether it gets worse (null: it does
    not), its zone and today's exposures."""

    machine: Machine
    health: HealthScore | None
    trend: list[ScoreAt]
    worse: Worse | None
    zone: Zone | None
    exposures: list[Exposure]


class Advisory(msgspec.Struct, frozen=True, kw_only=True):
    """What gets worse and is no alarm. urgency: the greater, the sooner worth a look."""

    kind: Literal["forecast", "drift", "deviation", "model", "firmware"]
    device_id: DeviceId
    device: str
    machine: str | None
    metric: str | None
    text: str
    since: datetime | None
    due: datetime | None
    urgency: float


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A device's signal this week, so far, and in the same stretch of last week."""

    device_id: DeviceId
    device: str
    machine: str | None
    limit: float | None
    this_week: Week
    last_week: Week


class Span(msgspec.Struct, frozen=True, rename={"begin": "from"}):
    """A stretch of time."""

    begin: datetime
    to: datetime


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """This week so far against the same stretch of last week, device by device."""

    metric: str
    unit_label: str
    digits: int
    at: datetime
    this_week: Span
    last_week: Span
    devices: list[Compared]


class ModelState(msgspec.Struct, frozen=True, kw_only=True):
    """How it goes with the model of a rule. state: ok, failing, open (not asked until open_until),
    waiting (not asked yet)."""

    rule_id: RuleId
    device_id: DeviceId
    device: str
    metric: str | None
    message: str
    mode: str
    url: str
    above: float
    state: Literal["ok", "failing", "open", "waiting"]
    score: float | None
    score_at: datetime | None
    note: str
    asked_at: datetime | None
    answered_at: datetime | None
    failures: int
    open_until: datetime | None
    error: str
