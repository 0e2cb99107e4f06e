"""A past stretch of time as a plant's devices and alerts were in it, to be played again."""

from datetime import datetime

import msgspec

from appliance.model.alert import Alert, AlertState
from appliance.model.device import Device, DeviceState
from appliance.model.ids import DeviceId


class Unread(msgspec.Struct, frozen=True, rename={"from_ms": "from", "to_ms": "to"}):
    """Readings of from_ms <= time < to_ms that are there and cannot be read, with the reason."""

    from_ms: int
    to_ms: int
    reason: str


class PastSignal(msgspec.Struct, frozen=True):
    """What a metric showed: each value holds from its own time (UTC milliseconds) to the next."""

    metric: str
    times: list[int]
    values: list[float]


class PastState(msgspec.Struct, frozen=True):
    """A state from `at` on. heard: of live, since when without a silence; else the time of the
    last reading before it; all UTC milliseconds."""

    at: int
    state: DeviceState
    heard: int | None


class PastDevice(msgspec.Struct, frozen=True):
    """A device over the stretch; the first state and the first values hold at its beginning.

    gaps: what lies in the archive and cannot be read.
    """

    device: Device
    states: list[PastState]
    signals: list[PastSignal]
    gaps: list[Unread]


class Corner(msgspec.Struct, frozen=True):
    """The state of an alert from `at` on; hidden: shelved, or suppressed by its rule's design."""

    at: datetime
    state: AlertState
    hidden: bool


class PastAlert(msgspec.Struct, frozen=True):
    """An alert as it is now, and the states it went through since it was raised."""

    alert: Alert
    corners: list[Corner]


class PastAlerts(msgspec.Struct, frozen=True):
    """The alerts that stood in a stretch, the newest first, and the raisings next to it.

    more: whether there are some beyond these. before, after: when the nearest alert outside the
    stretch was raised.
    """

    alerts: list[PastAlert]
    more: bool
    before: datetime | None
    after: datetime | None


class Replay(msgspec.Struct, frozen=True, kw_only=True, rename={"from_ms": "from", "to_ms": "to"}):
    """Some devices of a factory from_ms <= time < to_ms, by id, and its alerts.

    next: the device to ask on after, None after the last. step_ms: of each signal the last
    reading in each step is told. alerts: only with the first devices.
    """

    from_ms: int
    to_ms: int
    step_ms: int
    devices: list[PastDevice]
    next: DeviceId | None
    alerts: PastAlerts | None
