"""The lines of the two lists, as text and looks: pure functions of what is known of the plant."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple

from appliance.model.alert import Alert, AlertState
from appliance.model.device import DeviceState, DeviceStatus
from appliance.model.metric import Metric
from tui import format as told
from tui.condition import BRIEF
from tui.plant import WAITING, Plant, value_of

PREFERRED = 3
"""So many metrics have a column: the first of the catalogue that any device measures."""


class Cell(NamedTuple):
    """Text, how it looks ("" as normal, "muted", "p1" to "p4", "unack1" to "unack4"), its side."""

    text: str
    look: str = ""
    right: bool = False


class Head(NamedTuple):
    """A column: heading, width in characters (0 takes what the others leave), side."""

    text: str
    width: int
    right: bool = False


class Row(NamedTuple):
    """A line of a list; the key says whose."""

    key: str
    cells: tuple[Cell, ...]


def shown_metrics(plant: Plant, catalogue: Sequence[Metric]) -> list[Metric]:
    """The metrics that have a column of their own."""
    measured = {value.metric for status in plant.devices.values() for value in status.latest}
    return [metric for metric in catalogue if metric.name in measured][:PREFERRED]


def device_heads(metrics: Sequence[Metric]) -> list[Head]:
    """The columns of `device_row`."""
    values = [Head(metric.label, 11, right=True) for metric in metrics]
    return [Head("", 2), Head("Device", 0), Head("State", 9), *values, Head("Age", 6, right=True)]


def device_row(plant: Plant, status: DeviceStatus, metrics: Sequence[Metric], now: datetime) -> Row:
    """Mark, name, state, metrics, age. A normal device has no colour at all."""
    alerts = plant.alerts_of(status.device.id)
    state = plant.state(status)
    quiet = "" if state is DeviceState.LIVE else "muted"
    heard, odd = status.received_at, status.condition
    words = told.STATES[state]
    if state is DeviceState.LIVE and odd is not None:
        words = BRIEF.get(odd.kind, words)
    return Row(
        str(status.device.id),
        (
            _mark(alerts[0]) if alerts else Cell(""),
            Cell(status.device.name),
            Cell(words, quiet),
            *(_value(status, metric, alerts, state) for metric in metrics),
            Cell(told.NOTHING if heard is None else told.age(now - heard), quiet, right=True),
        ),
    )


ALERT_HEADS = (
    Head("", 2),
    Head("Since", 5),
    Head("Device", 14),
    Head("What", 0),
    Head("State", 14),
)
"""The columns of `alert_row`."""


def alert_row(alert: Alert, digits: int, now: datetime, zone: tzinfo) -> Row:
    """Mark, time, device, what is wrong, state."""
    breach = told.breach(alert, digits)
    cleared = alert.state is AlertState.RETURNED
    return Row(
        str(alert.id),
        (
            _mark(alert),
            Cell(told.minute(alert.raised_at, now, zone)),
            Cell(alert.device),
            Cell(f"{alert.message}  {breach}".rstrip(), "muted" if cleared else ""),
            Cell(told.standing(alert), _look(alert) if alert.state in WAITING else ""),
        ),
    )


def _value(
    status: DeviceStatus, metric: Metric, alerts: Sequence[Alert], state: DeviceState
) -> Cell:
    value = value_of(status, metric.name)
    if state is DeviceState.OFFLINE or value is None:
        return Cell(told.NOTHING, "muted", right=True)
    text = told.quantity(value, metric.digits, metric.unit_label)
    if state is not DeviceState.LIVE:
        return Cell(text, "muted", right=True)
    for alert in alerts:
        if alert.metric == metric.name and alert.state is not AlertState.RETURNED:
            return Cell(f"{text} {told.SHAPES[alert.priority]}", f"p{alert.priority}", right=True)
    return Cell(text, right=True)


def _mark(alert: Alert) -> Cell:
    return Cell(told.mark(alert.priority), f"p{alert.priority}")


def _look(alert: Alert) -> str:
    """Reversed as long as nobody has looked at it."""
    waits = alert.state is AlertState.UNACKNOWLEDGED
    return f"{'unack' if waits else 'p'}{alert.priority}"
