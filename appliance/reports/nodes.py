"""One device over a period: all its signals, and how many of its rows have come."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from appliance.analytics.pieces import Times
from appliance.history.certificate import certify
from appliance.history.plan import HOLD_INTERVALS, Plan, read_plan
from appliance.history.readings import Source, pages
from appliance.model.completeness import Certificate, DayCounts
from appliance.model.device import Device
from appliance.model.report import Completeness, DayRows, Gap, Limit, Period
from appliance.model.scope import Scope
from appliance.model.series import Gap as Unread
from appliance.reports.signals import Signal, Window, to_ms
from appliance.store.readings import Rows
from appliance.store.reports import LATE, Receipt

PAGE_ROWS = 100_000
"""Rows of a device that are looked at together, if that is more than a day of it."""
GAS, RUNNING = "gas", "running"
_DAY_MS = 86_400_000


class Node(NamedTuple):
    """What was read of a device."""

    device: Device
    signals: dict[str, Signal]
    rows: "Gaps"
    unreadable: dict[str, list[Unread]]
    """By metric, what is there and cannot be read."""
    certificate: Certificate


class Edges(NamedTuple):
    """A period, its days, and where they and its shifts begin and end."""

    period: Period
    dates: Sequence[date]
    days: Sequence[datetime]
    shifts: Sequence[datetime]


class Gaps:
    """Finds a device's gaps in pages of its times.

    first_ms: the device's earliest reading ever; before it nothing is missing.
    """

    def __init__(self, window: Window, first_ms: int | None) -> None:
        self._window = window
        self._last_ms = None if first_ms is None else max(first_ms, window.begin_ms)
        self.gaps = 0
        self.longest: tuple[int, int] | None = None
        """When the longest gap begins, and its milliseconds."""

    def add(self, times_ms: Times) -> None:
        """Look at one page of distinct, ascending times."""
        self._note_gaps(times_ms[times_ms >= self._window.begin_ms])

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
    """Read the device's metrics, which are the keys of `limits`, and certify what has come."""
    plan = await read_plan(source.db, device.id)
    window = _window(plan, edges, gas=GAS in limits)
    signals = {
        metric: Signal(window, limits[metric], short=metric == GAS, switch=metric == RUNNING)
        for metric in sorted(limits)
    }
    node = Node(
        device,
        signals,
        Gaps(window, receipt.first_ms),
        {metric: [] for metric in signals},
        await _certify(source, scope, device, edges, window),
    )
    if receipt.first_ms is not None:
        for begin_ms, end_ms in _stretches(
            window, min(plan.within(window.lead_ms, window.until_ms))
        ):
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
    """What was expected of the device and what has come, as its certificate says."""
    device, counts, longest = node.device, node.certificate.counts, node.rows.longest
    expected, received = counts.expected, counts.received
    return Completeness(
        device_id=device.id,
        device=device.name,
        machine=device.machine,
        expected_interval_seconds=device.expected_interval_ms / 1000,
        expected=expected,
        received=received,
        missing=counts.missing + counts.unreadable,
        late=counts.late,
        duplicate=receipt.duplicates,
        quarantined=counts.quarantined,
        share=round(received / expected, 6) if expected else None,
        gaps=node.rows.gaps,
        longest_gap=Gap(to_time(longest[0]), longest[1] / 1000) if longest else None,
        days=[_day(*each) for each in zip_longest(edges.dates, node.certificate.days)],
    )


def to_time(ms: int) -> datetime:
    """The moment of UTC milliseconds."""
    return datetime.fromtimestamp(ms / 1000, UTC)


async def _certify(
    source: Source, scope: Scope, device: Device, edges: Edges, window: Window
) -> Certificate:
    """Of a period that is over, as if it had been asked for when nothing was on its way."""
    until_ms = window.until_ms + (window.hold_ms if edges.period.over else 0)
    period = window.begin_ms, window.until_ms
    between = [day for day in window.days.tolist() if period[0] < day < period[1]]
    late_ms = round(LATE.total_seconds() * 1000)
    return await certify(source, scope, device.id, period, to_time(until_ms), late_ms, between)


def _day(day: date, counts: DayCounts | None) -> DayRows:
    if counts is None:  # it is to come
        return DayRows(day, 0, 0, None)
    share = round(counts.received / counts.expected, 6) if counts.expected else None
    return DayRows(day, counts.received, counts.expected, share)


def _window(plan: Plan, edges: Edges, *, gas: bool) -> Window:
    begin_ms = to_ms(edges.period.begin)
    until_ms = to_ms(edges.period.until)
    hold_ms = HOLD_INTERVALS * max(plan.within(begin_ms, until_ms))
    shifts = [to_ms(edge) for edge in edges.shifts] if gas else []
    return Window(
        lead_ms=min([begin_ms, *shifts]) - hold_ms,
        begin_ms=begin_ms,
        until_ms=until_ms,
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
