"""A device's configuration as the appliance keeps it: how often, and with which sensors."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from appliance.model.text import Label

Milliseconds = Annotated[int, msgspec.Meta(ge=100, le=24 * 3600 * 1000)]
Sensor = dict[Label, Any]
"""`metric`, `digits`, `driver`, and the driver's options by name."""


class Rhythm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often something is done."""

    interval_ms: Milliseconds


class NewDeviceConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a device is to do. Without sensors it keeps those that it was flashed with."""

    sampling: Rhythm
    sending: Rhythm
    sensors: Annotated[list[Sensor], msgspec.Meta(min_length=1, max_length=16)] | None = None


class DeviceConfig(msgspec.Struct, frozen=True):
    """What holds for a device. version 0, and null: as it was flashed."""

    version: int = 0
    sampling: Rhythm | None = None
    sending: Rhythm | None = None
    sensors: list[Sensor] | None = None
    changed_at: datetime | None = None
    changed_by: str | None = None


class NodeConfig(msgspec.Struct, frozen=True, omit_defaults=True):
    """A configuration as a node fetches it."""

    v: int
    version: int
    sampling: Rhythm
    sending: Rhythm
    sensors: list[Sensor] | None = None
