"""What the console knows of the plant: the last state of every device and every open alert."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from appliance.model.alert import Alert, AlertState
from appliance.model.device import DeviceState, DeviceStatus
from appliance.model.factory import Factory
from appliance.model.ids import AlertId, DeviceId
from appliance.model.live import AlertChanged, Beat, DeviceChanged, Event, Snapshot
from tui.condition import BRIEF

WAITING = (AlertState.UNACKNOWLEDGED, AlertState.RETURNED)
"""The states in which an alert waits for somebody."""
_ORDER = (DeviceState.OFFLINE, DeviceState.STALE, DeviceState.NEVER, DeviceState.LIVE)


class Plant:
    """Built from live events; ages are counted on the server's clock, not on this machine's."""

    def __init__(self) -> None:
        self.devices: dict[DeviceId, DeviceStatus] = {}
        self.alerts: dict[AlertId, Alert] = {}
        self.heard_at: datetime | None = None
        """When the server was last heard of, on this machine's clock."""
        self.connected = False
        self._ahead = timedelta()

    def apply(self, event: Event, local_now: datetime) -> None:
        """Take in what the server tells."""
        self.heard_at, self.connected = local_now, True
        match event:
            case Snapshot(now=now, devices=devices, alerts=alerts):
                self._ahead = now - local_now
                self.devices = {one.device.id: one for one in devices}
                self.alerts = {one.id: one for one in alerts}
            case DeviceChanged(device=status):
                self.devices[status.device.id] = status
            case AlertChanged(alert=alert):
                self.take(alert)
            case Beat(now=now):
                self._ahead = now - local_now

    def take(self, alert: Alert) -> None:
        """An alert as it stands now; closed ones are forgotten."""
        if alert.state is AlertState.CLOSED:
            self.alerts.pop(alert.id, None)
        else:
            self.alerts[alert.id] = alert

    def lose(self) -> None:
        """The line to the server is down: all that is known is the past."""
        self.connected = False

    def clock(self, local_now: datetime) -> datetime:
        """The server's time."""
        return local_now + self._ahead

    def state(self, status: DeviceStatus) -> DeviceState:
        """A device's state; without the server nobody can say that it is live."""
        lost = not self.connected and status.state is DeviceState.LIVE
        return DeviceState.STALE if lost else status.state

    def states(self) -> Counter[DeviceState]:
        """How many devices are in each state."""
        return Counter(self.state(status) for status in self.devices.values())

    def priorities(self) -> Counter[int]:
        """How many alerts are open of each priority."""
        return Counter(alert.priority for alert in self.alerts.values())

    def ordered_alerts(self) -> list[Alert]:
        """Open alerts: those that wait for somebody, then by priority, then the newest."""
        return sorted(self.alerts.values(), key=_urgency)

    def alerts_of(self, device_id: DeviceId) -> list[Alert]:
        """The open alerts of one device, in the same order."""
        return [alert for alert in self.ordered_alerts() if alert.device_id == device_id]

    def ordered_devices(self, wanted: str = "") -> list[DeviceStatus]:
        """Devices whose name, machine or area holds `wanted`, abnormal ones first."""
        rank: dict[DeviceId, int] = {}
        for position, alert in enumerate(self.ordered_alerts()):
            rank.setdefault(alert.device_id, position)
        last = len(self.alerts)
        return sorted(
            (status for status in self.devices.values() if _holds(status, wanted.casefold())),
            key=lambda status: (
                rank.get(status.device.id, last),
                _ORDER.index(status.state),
                status.device.name.casefold(),
            ),
        )

    def abnormal(self, status: DeviceStatus) -> bool:
        """Whether a device needs a look: an open alert, no live data, or something odd about it."""
        alarmed = any(alert.device_id == status.device.id for alert in self.alerts.values())
        odd = status.condition is not None and status.condition.kind in BRIEF
        return alarmed or odd or self.state(status) is not DeviceState.LIVE


def zone_of(factories: Iterable[Factory]) -> tzinfo:
    """The time zone to tell times in: the factories' own if they share one, else UTC."""
    names = {factory.time_zone for factory in factories}
    try:
        return ZoneInfo(names.pop()) if len(names) == 1 else UTC
    except (ZoneInfoNotFoundError, ValueError):  # this machine has no such zone
        return UTC


def value_of(status: DeviceStatus, metric: str) -> float | None:
    """The newest value of a metric, None if the device has never sent it."""
    return next((value.value for value in status.latest if value.metric == metric), None)


def _urgency(alert: Alert) -> tuple[bool, int, float]:
    return alert.state not in WAITING, alert.priority, -alert.raised_at.timestamp()


def _holds(status: DeviceStatus, wanted: str) -> bool:
    device = status.device
    return any(
        wanted in (text or "").casefold() for text in (device.name, device.machine, device.area)
    )
