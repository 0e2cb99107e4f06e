"""How healthy a machine is, and exactly why."""

from datetime import datetime

import msgspec

from appliance.model.ids import DeviceId, MachineId


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """What one input takes from the score.

    name: "node, metric", or "alarms". against: zone (ISO 20816-3), limits (of a live threshold
    rule), usual (the baseline alone), alarms. loss: of the machine's 100 points; by_limits and
    by_drift: of the signal's own 100, before it is weighed. value: the mean of the last ten minutes
    in the signal's unit (alarms: the most urgent priority that stands). reading: value as it is
    compared with `limits`, at which 10, 40 and 70 points are lost. drift: robust standard
    deviations that the last days are off the baseline. quality: the share of expected readings
    that came.
    """

    name: str
    against: str
    loss: float
    by_limits: float
    by_drift: float
    device_id: DeviceId | None
    metric: str | None
    value: float | None
    reading: float
    limits: tuple[float, float, float]
    drift: float
    critical: bool
    quality: float
    baseline_version: int | None


class HealthScore(msgspec.Struct, frozen=True, kw_only=True):
    """The score at a moment, 0 to 100; null if nothing was measured.

    100 − score is the sum of the reasons' losses, exactly. quality and unmeasured stand beside the
    score and are not in it. version: of the formula.
    """

    machine_id: MachineId
    at: datetime
    score: float | None
    quality: float
    version: int
    reasons: tuple[Reason, ...]
    unmeasured: tuple[str, ...]


class ScoreAt(msgspec.Struct, frozen=True):
    """One point of a trend."""

    at: datetime
    score: float | None
