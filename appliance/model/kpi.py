"""The key figures on a manager's dashboard."""

from datetime import datetime

import msgspec

from appliance.model.device import DeviceState
from appliance.model.ids import DeviceId


class Kpi(msgspec.Struct, frozen=True):
    """One card: the device nearest to (or furthest beyond) its limit, and how it came there.

    `value` is the newest reading; for uptime the running share of the last 24 h, 0 to 1.
    `previous` is the mean (for uptime the share) over the same time one week ago, null if none.
    `spark_mean` has one entry per half hour of the last 24 h, null where there was nothing.
    """

    metric: str
    label: str
    unit_label: str
    digits: int
    device_id: DeviceId | None
    device: str | None
    machine: str | None
    state: DeviceState
    value: float | None
    time: datetime | None
    limit: float | None
    previous: float | None
    spark_mean: list[float | None]


class Overview(msgspec.Struct, frozen=True):
    """The dashboard's first line and its cards: temperature, gas, vibration, uptime."""

    now: datetime
    devices: dict[str, int]
    open_alerts: dict[str, int]
    completeness_today: float | None
    kpis: list[Kpi]
