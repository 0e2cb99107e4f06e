"""Firmware: what nodes say they run, releases, and how a release reaches a factory's nodes."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from appliance.model.ids import DeviceId, FactoryId, Given, GivenDeviceId, GivenFactoryId
from appliance.model.text import Sentence


class DeviceFirmware(msgspec.Struct, frozen=True):
    """What a node last said of itself. slot: which of its two applications runs, None on a
    desktop; config: the version it uses, None: as flashed; boot: how often it has started."""

    version: str
    slot: str | None
    config: int | None
    boot: int
    told_at: datetime


class Release(msgspec.Struct, frozen=True):
    """A signed bundle. sha256 in hex, of the whole; key_fingerprint: which key has signed it."""

    id: int
    version: str
    mpy: int
    files: int
    bytes: int
    sha256: str
    key_fingerprint: str
    added_at: datetime
    added_by: str


class FirmwareKey(msgspec.Struct, frozen=True):
    """What boards check updates with: an RSA modulus (hex; the exponent is 65537), and its id."""

    modulus: str
    fingerprint: str


class RolloutState(StrEnum):
    """running: goes on by itself; halted: offers nothing until somebody resumes it."""

    RUNNING = "running"
    HALTED = "halted"
    DONE = "done"


class Update(StrEnum):
    """Where a device is in a roll-out. failed: refused it, or did not come back; back: the node
    has returned to what it ran before."""

    WAITING = "waiting"
    OFFERED = "offered"
    FETCHING = "fetching"
    RUNNING = "running"
    FAILED = "failed"
    BACK = "back"


class NewRollout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A release for nodes of a factory: those named, or all that ever told their firmware."""

    release_id: Annotated[int, Given]
    factory_id: GivenFactoryId
    device_ids: (
        Annotated[list[GivenDeviceId], msgspec.Meta(min_length=1, max_length=4000)] | None
    ) = None


class Halt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a roll-out is to stop."""

    reason: Sentence


class Rollout(msgspec.Struct, frozen=True):
    """A roll-out in stages: 1 one device, 2 a tenth, 3 all. devices: how many in which state."""

    id: int
    factory_id: FactoryId
    release_id: int | None
    version: str
    state: RolloutState
    stage: int
    begun_at: datetime
    begun_by: str
    changed_at: datetime
    reason: str | None
    devices: dict[Update, int]


class RolloutDevice(msgspec.Struct, frozen=True):
    """One device of a roll-out. detail: why it failed."""

    device_id: DeviceId
    device: str
    stage: int
    state: Update
    changed_at: datetime
    fetched_at: datetime | None
    told_at: datetime | None
    detail: str
