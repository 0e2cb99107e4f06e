"""One device over a period: all its signals, and how many of its rows have come."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

import numpy as np

from appliance.analytics.pieces import Times
from appliance.history.readings import Source, pages
from appliance.model.device import Device
from appliance.model.report import Completeness, DayRows, Gap, Limit, Period
from appliance.model.scope import Scope
from appliance.model.series import Gap as Unread
from appliance.reports.signals import Signal, Window, to_ms
from appliance.store.readings import Rows
from appliance.store.reports import Receipt

HOLD_INTERVALS = 3
"""For so many expected intervals a reading holds; what is silent for longer has a gap."""
PAGE_ROWS = 100_000
"""Rows of a device that are looked at together, if that is more than a day of it."""
GAS, RUNNING = "gas", "running"
_DAY_MS = 86_400_000


class Node(NamedTuple):
    """What was read of a device."""

    device: Device
    signals: dict[str, Signal]
    rows: "RowCount"
    unreadable: dict[str, list[Unread]]
    """By metric, what is there and cannot be read."""


class Edges(NamedTuple):
    """A period, its days, and where they and its shifts begin and end."""

    period: Period
    dates: Sequence[date]
    days: Sequence[datetime]
    shifts: Sequence[datetime]


class RowCount:
    """Counts a device's rows by day and finds its gaps; a row is one time, whatever it measured.

    first_ms: the device's earliest reading ever; before it nothing is missing.
    """

    def __init__(self, window: Window, first_ms: int | None) -> None:
        self._window = window
        self._last_ms = None if first_ms is None else max(first_ms, window.begin_ms)
        self.days = np.zeros(window.days.size - 1, np.int64)
        self.gaps = 0
        self.longest: tuple[int, int] | None = None
        """When the longest gap begins, and its milliseconds."""

    def add(self, times_ms: Times) -> None:
        """Count one page of distinct, ascending times."""
        inside = times_ms[times_ms >= self._window.begin_ms]
        self.days += np.diff(np.searchsorted(inside, self._window.days))
        self._note_gaps(inside)

    def finish(self) -> None:
        """There are no more rows."""
        self._note_gaps(np.array([self._window.until_ms], np.int64))

    def _note_gaps(self, times_ms: Times) -> None:
        if self._last_ms is None or not times_ms.size:
            return
        bounds = np.concatenate([[self._last_ms], times_ms])
        silent = np.diff(bounds)
        longest = int(np.argmax(silent))
        self.gaps += int(np.count_nonzero(silent > self._window.hold_ms))
        if silent[longest] > max(self._window.hold_ms, self.longest[1] if self.longest else 0):
            self.longest = int(bounds[longest]), int(silent[longest])
        self._last_ms = int(times_ms[-1])


async def read(
    source: Source,
    scope: Scope,
    device: Device,
    edges: Edges,
    limits: Mapping[str, Sequence[Limit]],
    receipt: Receipt,
) -> Node:
    """Read the device's metrics, which are the keys of `limits`, and count what there is."""
    window = _window(device, edges, gas=GAS in limits)
    signals = {
        metric: Signal(window, limits[metric], short=metric == GAS, switch=metric == RUNNING)
        for metric in sorted(limits)
    }
    rows = RowCount(window, receipt.first_ms)
    node = Node(device, signals, rows, {metric: [] for metric in signals})
    if receipt.first_ms is not None:
        for begin_ms, end_ms in _stretches(window, device.expected_interval_ms):
            found = {
                metric: [
                    rows async for rows in pages(source, scope, device.id, metric, begin_ms, end_ms)
                ]
                for metric in signals
            }
            await source.run(_count, node, found)
    await source.run(_finish, node)
    return node


def completeness(node: Node, edges: Edges, receipt: Receipt) -> Completeness:
    """What was expected of the device and what has come."""
    device, period = node.device, edges.period
    received = int(node.rows.days.sum())
    by_interval = _expected(device, receipt, period.begin, period.until, over=period.over)
    expected = max(by_interval, received)
    longest = node.rows.longest
    return Completeness(
        device_id=device.id,
        device=device.name,
        machine=device.machine,
        expected_interval_seconds=device.expected_interval_ms / 1000,
        expected=expected,
        received=received,
        missing=expected - received,
        late=receipt.late,
        duplicate=receipt.duplicates,
        quarantined=receipt.quarantined,
        share=round(received / expected, 6) if expected else None,
        gaps=node.rows.gaps,
        longest_gap=Gap(to_time(longest[0]), longest[1] / 1000) if longest else None,
        days=_days(node, edges, receipt),
    )


def to_time(ms: int) -> datetime:
    """The moment of UTC milliseconds."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def _days(node: Node, edges: Edges, receipt: Receipt) -> list[DayRows]:
    counted = []
    received_rows = node.rows.days.tolist()
    for day, begin, end, received in zip(
        edges.dates, edges.days[:-1], edges.days[1:], received_rows, strict=True
    ):
        until = min(end, edges.period.until)
        over = edges.period.over or end < edges.period.until
        expected = max(_expected(node.device, receipt, begin, until, over=over), received)
        share = round(received / expected, 6) if expected else None
        counted.append(DayRows(day, received, expected, share))
    return counted


def _expected(
    device: Device, receipt: Receipt, begin: datetime, until: datetime, *, over: bool
) -> int:
    """Rows by the expected interval; the last three may be on their way if it is not over."""
    if receipt.first_ms is None:
        return 0
    known_ms = to_ms(until) - max(to_ms(begin), receipt.first_ms)
    return max(0, known_ms // device.expected_interval_ms - (0 if over else HOLD_INTERVALS))


def _window(device: Device, edges: Edges, *, gas: bool) -> Window:
    begin_ms = to_ms(edges.period.begin)
    hold_ms = HOLD_INTERVALS * device.expected_interval_ms
    shifts = [to_ms(edge) for edge in edges.shifts] if gas else []
    return Window(
        lead_ms=min([begin_ms, *shifts]) - hold_ms,
        begin_ms=begin_ms,
        until_ms=to_ms(edges.period.until),
        hold_ms=hold_ms,
        days=np.array([to_ms(edge) for edge in edges.days], np.int64),
        shifts=np.array(shifts, np.int64),
    )


def _stretches(window: Window, interval_ms: int) -> Iterator[tuple[int, int]]:
    width_ms = max(1, PAGE_ROWS * interval_ms // _DAY_MS) * _DAY_MS
    for begin_ms in range(window.lead_ms, window.until_ms, width_ms):
        yield begin_ms, min(begin_ms + width_ms, window.until_ms)


def _count(node: Node, found: Mapping[str, Sequence[Rows]]) -> None:
    taken = np.empty(0, np.int64)
    for metric, rows in found.items():
        if rows:
            times_ms = np.concatenate([page.times_ms for page in rows])
            node.signals[metric].add(times_ms, np.concatenate([page.values for page in rows]))
            if not np.array_equal(times_ms, taken):
                taken = np.union1d(times_ms, taken)
    node.rows.add(taken)


def _finish(node: Node) -> None:
    for signal in node.signals.values():
        signal.finish()
    node.rows.finish()
