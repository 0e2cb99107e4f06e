"""The events that browsers and consoles receive: a snapshot, then whole rows as they change."""

from datetime import datetime

import msgspec

from appliance.model.alert import Alert
from appliance.model.device import DeviceStatus


class Snapshot(msgspec.Struct, frozen=True, tag="snapshot", tag_field="type"):
    """Everything a live view starts from: all devices in scope and all open alerts."""

    now: datetime
    devices: list[DeviceStatus]
    alerts: list[Alert]


class DeviceChanged(msgspec.Struct, frozen=True, tag="device", tag_field="type"):
    """A device delivered readings or changed its state."""

    device: DeviceStatus


class AlertChanged(msgspec.Struct, frozen=True, tag="alert", tag_field="type"):
    """An alert was raised, cleared or acknowledged."""

    alert: Alert


class Beat(msgspec.Struct, frozen=True, tag="beat", tag_field="type"):
    """Sent when nothing else is, so that a silent line is known to be alive."""

    now: datetime


Event = Snapshot | DeviceChanged | AlertChanged | Beat
