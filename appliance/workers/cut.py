"""Cuts a batch into what is new and has its place in time, and what must be set aside: pure."""

from collections.abc import Iterator, Sequence
from math import isnan
from typing import NamedTuple

import msgspec
import numpy as np

from appliance.model.batch import PlacedBatch
from appliance.store.ledger import Rows, Span
from appliance.store.quarantine import NEWEST_MS, SetAside

DAY_MS = 86_400_000
OLDEST_MS = 400 * DAY_MS
"""So far before its receipt a reading is still believed."""
TOO_OLD = "more than 400 days before it was received"
TOO_NEW = "more than an hour after it was received"


class Believed(NamedTuple):
    """The rows of a batch, by their place in it, whose times can be believed.

    span: the first and the last of those times. days: their UTC days, counted from 1970.
    """

    start: int
    stop: int
    span: Span
    days: set[int]


class Cut(NamedTuple):
    """A batch's new rows: pieces, each within one UTC day, and rows set aside."""

    pieces: list[PlacedBatch]
    set_aside: list[SetAside]
    fresh: int


def believed(batch: PlacedBatch) -> Believed:
    """Which rows have times that can be believed; as times ascend, those are together."""
    times, stop = batch.times_ms, len(batch.times_ms)
    oldest, newest = batch.received_ms - OLDEST_MS, batch.received_ms + NEWEST_MS
    start = 0
    if stop and not (oldest <= times.item(0) and times.item(-1) <= newest):
        start = int(times.searchsorted(oldest, "left"))
        stop = int(times.searchsorted(newest, "right"))
    if start >= stop:
        return Believed(start, stop, (None, None), set())
    first_ms, last_ms = times.item(start), times.item(stop - 1)
    days = {first_ms // DAY_MS}
    if last_ms // DAY_MS not in days:
        days = set(np.unique(times[start:stop] // DAY_MS).tolist())
    return Believed(start, stop, (first_ms, last_ms), days)


def cut(batch: PlacedBatch, good: Believed, received: Sequence[Rows]) -> Cut:
    """Leave out the rows that are received, set aside those with a time beyond belief."""
    rows = len(batch.times_ms)
    if not received and good.stop - good.start == rows and len(good.days) == 1:
        return Cut([batch], [], rows)
    pieces: list[PlacedBatch] = []
    set_aside: list[SetAside] = []
    fresh = 0
    for start, stop in _not_in(received, batch.first_row, batch.first_row + rows):
        run = range(start - batch.first_row, stop - batch.first_row)
        fresh += len(run)
        set_aside += [_set_aside(batch, row, TOO_OLD) for row in run if row < good.start]
        set_aside += [_set_aside(batch, row, TOO_NEW) for row in run if row >= good.stop]
        first, last = max(run.start, good.start), min(run.stop, good.stop)
        pieces += [_piece(batch, *part) for part in _days(batch, first, last)]
    return Cut(pieces, set_aside, fresh)


def _not_in(received: Sequence[Rows], start: int, stop: int) -> Iterator[Rows]:
    """The rows from `start` up to `stop` that are not received, in runs."""
    for taken_from, taken_to in sorted(received):
        if taken_from >= stop:
            break
        if taken_from > start:
            yield start, taken_from
        start = max(start, taken_to)
    if start < stop:
        yield start, stop


def _days(batch: PlacedBatch, start: int, stop: int) -> Iterator[Rows]:
    """The rows from `start` up to `stop`, parted at every midnight."""
    while start < stop:
        midnight = (batch.times_ms.item(start) // DAY_MS + 1) * DAY_MS
        end = start + int(np.searchsorted(batch.times_ms[start:stop], midnight))
        yield start, end
        start = end


def _piece(batch: PlacedBatch, start: int, stop: int) -> PlacedBatch:
    return msgspec.structs.replace(
        batch,
        first_row=batch.first_row + start,
        times_ms=batch.times_ms[start:stop],
        values=batch.values[:, start:stop],
    )


def _set_aside(batch: PlacedBatch, row: int, reason: str) -> SetAside:
    return SetAside(
        batch.device_id,
        batch.epoch,
        batch.first_row + row,
        batch.received_ms,
        reason,
        {
            "time_ms": batch.times_ms.item(row),
            "metric_ids": batch.metric_ids,
            "readings": [
                None if isnan(value) else value for value in batch.values[:, row].tolist()
            ],
        },
    )
