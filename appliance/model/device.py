"""Devices (nodes), their keys and their true state."""

from datetime import datetime
from enum import StrEnum

import msgspec

from appliance.model.completeness import Cause
from appliance.model.firmware import DeviceFirmware
from appliance.model.ids import DeviceId, FactoryId, KeyId, MachineId


class DeviceState(StrEnum):
    """What is known of a device now.

    live: heard of within three expected intervals; stale: not since then;
    offline: not for twenty expected intervals (at least a minute); never: not yet.
    """

    LIVE = "live"
    STALE = "stale"
    OFFLINE = "offline"
    NEVER = "never"


class Value(msgspec.Struct, frozen=True):
    """The newest reading of one metric of a device. `value` in the metric's canonical unit."""

    metric: str
    time: datetime
    value: float


class Device(msgspec.Struct, frozen=True):
    """A node as stored."""

    id: DeviceId
    factory_id: FactoryId
    name: str
    machine_id: MachineId | None
    machine: str | None
    area: str | None
    expected_interval_ms: int
    created_at: datetime


class ConditionKind(StrEnum):
    """What is odd about a device, the worst first.

    silent: nothing comes. clock_wrong: what came last has times beyond belief. catching_up: what
    the node kept is being sent. flat: a rule finds a sensor stuck. out_of_range: a value is beyond
    a limit. returned: it was away lately, and the cause is known.
    """

    SILENT = "silent"
    CLOCK_WRONG = "clock_wrong"
    CATCHING_UP = "catching_up"
    FLAT = "flat"
    OUT_OF_RANGE = "out_of_range"
    RETURNED = "returned"


class DeviceCondition(msgspec.Struct, frozen=True):
    """What is odd about a device, since when and why.

    cause: as in the certificate of completeness, null of what the sensors say; a silence has the
    cause silent, its power or its network, as nobody can tell which until the node is back, or
    box_down. until: when it was back, or the appliance was. rows: how many wait in the node.
    metric: of which signal.
    """

    kind: ConditionKind
    since: datetime
    cause: Cause | None = None
    until: datetime | None = None
    rows: int | None = None
    metric: str | None = None


class DeviceStatus(msgspec.Struct, frozen=True):
    """A device with its state and newest values, as lists and live events carry it.

    condition: what is odd about it, None if nothing is.
    """

    device: Device
    state: DeviceState
    received_at: datetime | None
    latest: list[Value]
    condition: DeviceCondition | None = None


class DeviceDetail(DeviceStatus, frozen=True, kw_only=True):
    """A device by itself. quarantined: rows set aside, as their times were beyond belief.
    firmware: what it last said of itself, None if it never did."""

    quarantined: int
    firmware: DeviceFirmware | None


class DeviceKey(msgspec.Struct, frozen=True):
    """A device's key as stored: the secret itself is shown once and never kept."""

    id: KeyId
    device_id: DeviceId
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class KeyHolder(msgspec.Struct, frozen=True):
    """The device a key speaks for, as posts of readings need it, and what waits for it.

    replaces: the older key that goes once this one is used. config: the version that holds, None:
    as flashed. firmware: the version it is offered. commands: how many wait.
    """

    key_id: KeyId
    device_id: DeviceId
    factory_id: FactoryId
    sha256: bytes
    created_at: datetime
    replaces: KeyId | None
    config: int | None
    firmware: str | None
    commands: int
