"""What is usual of a signal in each hour of the week, as learnt from its history."""

from datetime import datetime

import msgspec

from appliance.model.ids import DeviceId


class Learnt(msgspec.Struct, frozen=True, kw_only=True):
    """Robust centre and standard deviation of 168 hours, Monday's first hour first.

    In the signal's unit; NaN where an hour was not seen often enough. The hours are the plant's
    own. from_ms, to_ms: what it was learnt from. by: hours of the week, or, of fewer than three
    weeks, hours of the day with the weekend apart. resolution: the least step of the values.
    """

    from_ms: int
    to_ms: int
    mid: tuple[float, ...]
    scale: tuple[float, ...]
    resolution: float
    by: str = "week"


class Baseline(Learnt, frozen=True, kw_only=True):
    """A version of it. It holds from learnt_at until the next version is learnt."""

    device_id: DeviceId
    metric: str
    version: int
    learnt_at: datetime
