"""Which rows of a device are there, hot or sealed, as runs of consecutive numbers.

As much memory for a year as for some days: of each window only its runs are kept.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.archive.read import Archive, Unreadable
from appliance.history.evidence import Run
from appliance.history.plan import Plan
from appliance.history.readings import Source
from appliance.history.spans import Span
from appliance.model.batch import POINTS
from appliance.model.completeness import Unread
from appliance.model.ids import DeviceId
from appliance.model.sealed import Located
from appliance.store import certificate
from appliance.store.readings import at_one_moment

DAY_MS = 86_400_000
WINDOW_ROWS = 500_000

Column = NDArray[np.int64]


class Rows(NamedTuple):
    """The identities of rows, int64: epoch, row number, time; bounded: 0 or 1."""

    epochs: Column
    numbers: Column
    times_ms: Column
    bounded: Column


class Found(NamedTuple):
    """What is there. times_ms: of points, ascending, each once; empty for a node."""

    runs: list[Run]
    point_times_ms: Column
    damaged: list[Unread]


async def identities(
    source: Source, device_id: DeviceId, stretch: Span, edges: Sequence[int], plan: Plan
) -> Found:
    """The rows of a device in a stretch of time, cut at the edges of the parts of a period."""
    width = max(1, WINDOW_ROWS * min(plan.within(*stretch)) // DAY_MS) * DAY_MS
    runs: list[Run] = []
    points: list[Column] = []
    damaged: list[Unread] = []
    for first_ms in range(stretch[0] // DAY_MS * DAY_MS, stretch[1], width):
        window = first_ms, first_ms + width
        async with at_one_moment(source.db) as db:
            hot = await certificate.select_hot_runs(db, device_id, *window, edges)
            sealed = await certificate.select_sealed_rows(db, device_id, *window)
        some, times_ms, spoiled = await source.run(
            _window, source.archive, hot, sealed, window, edges
        )
        runs = joined(runs + some)
        points.append(times_ms)
        damaged += spoiled
    times = np.unique(np.concatenate(points)) if points else np.empty(0, np.int64)
    unread = {(one.metric, one.from_ms): one for one in damaged}
    return Found(runs, times, list(unread.values()))


def joined(runs: Sequence[Run]) -> list[Run]:
    """Runs in order, those that go on as one."""
    found: list[Run] = []
    for run in sorted(runs):
        last = found[-1] if found else None
        if last and (last.epoch, last.stop, last.bounded, last.part) == (
            run.epoch,
            run.first,
            run.bounded,
            run.part,
        ):
            found[-1] = last._replace(stop=run.stop, last_ms=run.last_ms)
        else:
            found.append(run)
    return found


def runs_of(rows: Rows, edges: Sequence[int]) -> list[Run]:
    """Rows, each once, as runs; edges of the parts of a period, in order."""
    if not rows.epochs.size:
        return []
    order = np.lexsort((rows.numbers, rows.epochs))
    epochs, numbers, times_ms, bounded = (column[order] for column in rows)
    parts = np.searchsorted(edges, times_ms, "right") - 1
    parts[parts == len(edges) - 1] = -1
    breaks = (np.diff(epochs) != 0) | (np.diff(numbers) != 1)
    breaks |= (np.diff(bounded) != 0) | (parts[1:] != parts[:-1])
    ends = np.flatnonzero(breaks)
    first, last = np.append(0, ends + 1), np.append(ends, epochs.size - 1)
    columns = (
        epochs[first],
        numbers[first],
        numbers[last] + 1,
        times_ms[first],
        times_ms[last],
        bounded[first] != 0,
        parts[first],
    )
    return [Run(*values) for values in zip(*(one.tolist() for one in columns), strict=True)]


def _window(
    archive: Archive,
    hot: Sequence[Any],
    sealed: Sequence[tuple[str, Located]],
    window: Span,
    edges: Sequence[int],
) -> tuple[list[Run], Column, list[Unread]]:
    rows, damaged = _sealed(archive, sealed, window)
    points = [rows.times_ms[rows.epochs == POINTS]]
    runs = runs_of(rows, edges)
    for batch in hot:
        epoch, first, count, start_ms, last_ms, bounded, offsets = batch
        if offsets is None:
            part = bisect_right(edges, start_ms) - 1 if start_ms < edges[-1] else -1
            runs.append(Run(epoch, first, first + count, start_ms, last_ms, bounded, part))
        else:
            times_ms = start_ms + np.array(offsets, np.int64)
            numbers = first + np.arange(count)
            same = np.full(count, epoch), np.full(count, int(bounded))
            runs += runs_of(Rows(same[0], numbers, times_ms, same[1]), edges)
            if epoch == POINTS:
                points.append(times_ms)
    return joined(runs), np.unique(np.concatenate(points)), damaged


def _sealed(
    archive: Archive, sealed: Sequence[tuple[str, Located]], window: Span
) -> tuple[Rows, list[Unread]]:
    """The rows in files, each once whatever metrics it has."""
    damaged: list[Unread] = []
    there: dict[str, list[Rows]] = {}
    for metric, located in sealed:
        group = located.group
        try:
            read = archive.readings(located)
        except Unreadable as error:
            damaged.append(
                Unread(metric, group.first_ms, group.last_ms + 1, group.rows, str(error))
            )
            continue
        begin, end = np.searchsorted(read.times_ms, window).tolist()
        columns = (read.epochs, read.row_numbers, read.times_ms, read.quality.astype(np.int64))
        part = Rows(*(column[begin:end] for column in columns))
        there.setdefault(metric, []).append(part)
    none = np.empty(0, np.int64)
    whole = Rows(none, none, none, none)
    for parts in there.values():
        rows = Rows(*map(np.concatenate, zip(*parts, strict=True)))
        if not whole.epochs.size:
            whole = rows
        elif not _same(whole, rows):
            whole = _once(Rows(*map(np.concatenate, zip(whole, rows, strict=True))))
    return whole, damaged


def _same(one: Rows, other: Rows) -> bool:
    return np.array_equal(one.numbers, other.numbers) and np.array_equal(one.epochs, other.epochs)


def _once(rows: Rows) -> Rows:
    order = np.lexsort((rows.numbers, rows.epochs))
    rows = Rows(*(column[order] for column in rows))
    new = np.append(True, (np.diff(rows.numbers) != 0) | (np.diff(rows.epochs) != 0))
    return Rows(*(column[new] for column in rows))
