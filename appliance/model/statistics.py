"""A metric of many devices in a few numbers."""

from typing import Literal

import msgspec

from appliance.model.ids import DeviceId
from appliance.model.series import Gap

Group = Literal["device", "day", "hour"]


class Figures(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of one group: a device, or a UTC day or hour by the UTC milliseconds of its beginning."""

    count: int
    min: float
    max: float
    mean: float
    device_id: DeviceId | None = None
    device: str | None = None
    time: int | None = None


class DeviceGap(Gap, frozen=True):
    """What of a device cannot be read."""

    device_id: DeviceId


class Statistics(msgspec.Struct, frozen=True):
    """from_ms and to_ms are whole hours; groups without a reading are not there."""

    metric: str
    unit: str
    unit_label: str
    digits: int
    from_ms: int
    to_ms: int
    group: Group
    groups: list[Figures]
    gaps: list[DeviceGap]
