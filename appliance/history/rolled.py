"""Roll-ups over a range: those of the archive where they hold, made of readings where they do not.

They do not hold for hours of which there are hot readings too, nor where their file is damaged, and
of a slow device the minutes are not written: its readings are fewer bytes.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from appliance.archive.read import Unreadable
from appliance.archive.rollups import HOUR_MS, hours, minutes
from appliance.history.readings import Asked, Source, Stretch, raw, stretches
from appliance.model.sealed import FileKind, Located, Readings, Rollup
from appliance.model.series import Gap
from appliance.store.readings import Rows

Kind = Literal[FileKind.MINUTE, FileKind.HOUR]


async def rollups(
    source: Source, asked: Asked, from_ms: int, to_ms: int, kind: Kind, gaps: list[Gap]
) -> AsyncIterator[Rollup]:
    """Minutes (or hours) with from_ms <= time < to_ms, in order; both bounds are whole ones."""
    async for stretch in stretches(source, asked, from_ms, to_ms, kind):
        held, missing = await source.run(_read, source, stretch)
        if not (missing.size or stretch.hot.times_ms.size):
            yield held
            continue
        afresh = np.unique(np.concatenate([stretch.hot.times_ms // HOUR_MS, missing]))
        again = _again(source, asked, stretch, afresh) if missing.size else _once(stretch)
        made = [
            minute if kind is FileKind.MINUTE else hours(minute)
            async for minute in _made(source, again, afresh, gaps)
        ]
        yield await source.run(_joined, held, made, afresh)


async def _once(stretch: Stretch) -> AsyncIterator[Stretch]:
    yield stretch


async def _again(
    source: Source, asked: Asked, stretch: Stretch, afresh: NDArray[np.int64]
) -> AsyncIterator[Stretch]:
    """Look for the readings too: only those of hours with hot ones are known yet."""
    begin_ms, end_ms = int(afresh[0]) * HOUR_MS, (int(afresh[-1]) + 1) * HOUR_MS
    bounds = max(stretch.from_ms, begin_ms), min(stretch.to_ms, end_ms)
    async for found in stretches(source, asked, *bounds):
        yield found


def _read(source: Source, stretch: Stretch) -> tuple[Rollup, NDArray[np.int64]]:
    """The roll-ups that can be read, and the hours of those that cannot or were never written."""
    begin_ms, end_ms = stretch.from_ms, stretch.to_ms
    found = []
    missing = [_hours(one, begin_ms, end_ms) for one in stretch.unrolled]
    for located in stretch.rolled:
        try:
            rollup = source.archive.rollup(located)
        except Unreadable:
            missing.append(_hours(located, begin_ms, end_ms))
            continue
        begin, end = np.searchsorted(rollup.times_ms, (begin_ms, end_ms)).tolist()
        found.append(Rollup._make(column[begin:end] for column in rollup))
    return _in_order(found), np.concatenate([np.empty(0, np.int64), *missing])


def _hours(located: Located, from_ms: int, to_ms: int) -> NDArray[np.int64]:
    """The hours that a row group reaches over, in this range."""
    first_ms = max(located.group.first_ms, from_ms)
    last_ms = min(located.group.last_ms, to_ms - 1)
    return np.arange(first_ms // HOUR_MS, last_ms // HOUR_MS + 1)


async def _made(
    source: Source,
    found: AsyncIterator[Stretch],
    afresh: NDArray[np.int64],
    gaps: list[Gap],
) -> AsyncIterator[Rollup]:
    """The minutes of these hours, made of the readings."""
    rest = Rows(np.empty(0, np.int64), np.empty(0))
    async for stretch in found:
        touched = [
            located
            for located in stretch.sealed
            if np.searchsorted(afresh, located.group.first_ms // HOUR_MS)
            < np.searchsorted(afresh, located.group.last_ms // HOUR_MS, "right")
        ]
        async for page in raw(source, stretch._replace(sealed=touched), gaps):
            minute, rest = await source.run(_whole_hours, rest, page, afresh)
            yield minute
    yield minutes(*rest)


def _whole_hours(rest: Rows, page: Readings, afresh: NDArray[np.int64]) -> tuple[Rollup, Rows]:
    """The minutes of the hours that are over, and the readings of the one that may not be."""
    asked = np.isin(page.times_ms // HOUR_MS, afresh)
    times_ms = np.concatenate([rest.times_ms, page.times_ms[asked]])
    values = np.concatenate([rest.values, page.values[asked]])
    end = 0
    if times_ms.size:
        end = int(np.searchsorted(times_ms, times_ms[-1] // HOUR_MS * HOUR_MS))
    return minutes(times_ms[:end], values[:end]), Rows(times_ms[end:], values[end:])


def _joined(held: Rollup, made: Sequence[Rollup], afresh: NDArray[np.int64]) -> Rollup:
    good = ~np.isin(held.times_ms // HOUR_MS, afresh)
    return _in_order([*made, Rollup._make(column[good] for column in held)])


def _in_order(parts: Sequence[Rollup]) -> Rollup:
    """All of them as one, by time."""
    parts = [part for part in parts if part.times_ms.size]
    if len(parts) < 2:
        return parts[0] if parts else minutes(np.empty(0, np.int64), np.empty(0))
    whole = Rollup._make(map(np.concatenate, zip(*parts, strict=True)))
    if (np.diff(whole.times_ms) > 0).all():
        return whole
    order = np.argsort(whole.times_ms, kind="stable")
    return Rollup._make(column[order] for column in whole)
