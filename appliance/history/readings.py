"""The one door to readings wherever they lie: hot or sealed, each once, in order of time.

What is sealed meanwhile is neither missed nor counted twice: the manifest and the hot rows are read
in one transaction that no sealed day can leave, and files stay for an hour after they are replaced.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from functools import partial
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from appliance.archive.read import Archive, Unreadable
from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.model.sealed import FileKind, Located, Readings
from appliance.model.series import Gap
from appliance.store import readings
from appliance.store.pool import Connection, Pool
from appliance.store.readings import Rows, in_order, part
from appliance.store.sealed import select_sealed, select_unrolled

HOT_ROWS = 500_000
"""So many hot readings are held at once, or those of an hour if these are more."""
HOUR_MS = 3_600_000

AHEAD = 2
"""Row groups that are read at once."""

T = TypeVar("T")
Merging: TypeAlias = "asyncio.Future[tuple[Readings, str]]"


class Source(NamedTuple):
    """Where readings lie, and the threads that read them."""

    db: Pool
    blocking: Executor
    archive: Archive

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """Have a thread do it."""
        return await asyncio.get_running_loop().run_in_executor(self.blocking, work, *arguments)


class Asked(NamedTuple):
    """One metric of one device, for those who may see it."""

    scope: Scope
    device_id: DeviceId
    metric: str


class Stretch(NamedTuple):
    """What lies in from_ms <= time < to_ms at one moment: hot readings and sealed row groups.

    With roll-ups, readings are sealed ones of the hours around the hot ones alone.
    """

    from_ms: int
    to_ms: int
    hot: Readings
    sealed: list[Located]
    rolled: list[Located]
    """Row groups of roll-ups, if they were asked for."""
    unrolled: list[Located]
    """Row groups of readings of which the minutes were asked for and are not sealed."""


async def pages(
    source: Source,
    scope: Scope,
    device_id: DeviceId,
    metric: str,
    from_ms: int,
    to_ms: int,
    gaps: list[Gap] | None = None,
) -> AsyncIterator[Rows]:
    """The readings with from_ms <= time < to_ms, page by page, in order of time.

    gaps: is told what cannot be read.
    """
    asked = Asked(scope, device_id, metric)
    async for stretch in stretches(source, asked, from_ms, to_ms):
        async for page in raw(source, stretch, gaps):
            yield Rows(page.times_ms, page.values)


async def identified_pages(
    source: Source, asked: Asked, from_ms: int, to_ms: int, gaps: list[Gap]
) -> AsyncIterator[Readings]:
    """As `pages`, each reading with its identity and quality."""
    async for stretch in stretches(source, asked, from_ms, to_ms):
        async for page in raw(source, stretch, gaps, identified=True):
            yield page


async def stretches(
    source: Source, asked: Asked, from_ms: int, to_ms: int, rolled: FileKind | None = None
) -> AsyncIterator[Stretch]:
    """Cut a range so that the hot readings of each part fit in memory; cuts are whole hours."""
    while from_ms < to_ms:
        stretch = await _stretch(source, asked, from_ms, to_ms, rolled)
        yield stretch
        from_ms = stretch.to_ms


async def raw(
    source: Source, stretch: Stretch, gaps: list[Gap] | None = None, *, identified: bool = False
) -> AsyncIterator[Readings]:
    """The readings of a stretch in their order, without identity unless that is asked for."""
    hot = stretch.hot
    following: deque[Merging] = deque()

    def begin(located: Located) -> None:
        nonlocal hot
        until = int(np.searchsorted(hot.times_ms, located.group.last_ms, "right"))
        late, hot = part(hot, 0, until), part(hot, until, hot.times_ms.size)
        merge = partial(_merged, source.archive, located, stretch, late, identified=identified)
        following.append(asyncio.ensure_future(source.run(merge)))

    try:
        for number, located in enumerate(stretch.sealed):
            for next_one in stretch.sealed[number + len(following) : number + AHEAD]:
                begin(next_one)
            page, reason = await following.popleft()
            if reason:
                _note(gaps, stretch, located, reason)
            if page.times_ms.size:
                yield page
    finally:
        for merging in following:
            merging.cancel()
    if hot.times_ms.size:
        yield hot


def _merged(
    archive: Archive, located: Located, stretch: Stretch, late: Readings, *, identified: bool
) -> tuple[Readings, str]:
    """A row group with the hot readings among its own; if it cannot be read, these and why."""
    try:
        if identified or late.times_ms.size:
            rows = archive.readings(located)
        else:
            nothing = np.empty(0, np.int64)
            rows = Readings(*archive.values(located), nothing, nothing, nothing.astype(np.int16))
    except Unreadable as error:
        return late, str(error)
    begin, end = np.searchsorted(rows.times_ms, (stretch.from_ms, stretch.to_ms)).tolist()
    inside = part(rows, begin, end)
    return in_order([inside, late]) if late.times_ms.size else inside, ""


def _note(gaps: list[Gap] | None, stretch: Stretch, located: Located, reason: str) -> None:
    if gaps is None:
        return
    begin = max(stretch.from_ms, located.group.first_ms)
    if gaps and gaps[-1].reason == reason:
        begin = gaps.pop().from_ms
    gaps.append(Gap(begin, min(stretch.to_ms, located.group.last_ms + 1), reason))


async def _stretch(
    source: Source, asked: Asked, from_ms: int, to_ms: int, rolled: FileKind | None
) -> Stretch:
    async with readings.at_one_moment(source.db) as db:
        hot: list[Readings] = []
        held = 0
        async for page in readings.select_readings(db, *asked, from_ms, to_ms):
            hot.append(page)
            held += page.times_ms.size
            hour = int(page.times_ms[-1]) // HOUR_MS * HOUR_MS
            if held >= HOT_ROWS and hour > from_ms:
                to_ms = hour
                break
        whole = in_order(hot)
        end = int(np.searchsorted(whole.times_ms, to_ms))
        whole = part(whole, 0, end)
        bounds = (from_ms, to_ms)
        rolls: list[Located] = []
        unrolled: list[Located] = []
        if rolled:
            rolls = await _sealed(db, asked, rolled, *bounds)
            if rolled is FileKind.MINUTE:
                unrolled = await select_unrolled(db, *asked, *bounds)
            bounds = _hours_of(whole.times_ms)
        sealed = await _sealed(db, asked, FileKind.READINGS, *bounds)
    return Stretch(from_ms, to_ms, whole, sealed, rolls, unrolled)


def _hours_of(times_ms: NDArray[np.int64]) -> tuple[int, int]:
    """The whole hours around ascending times."""
    if not times_ms.size:
        return 0, 0
    first, last = (int(one) // HOUR_MS for one in (times_ms[0], times_ms[-1]))
    return first * HOUR_MS, (last + 1) * HOUR_MS


async def _sealed(
    db: Connection, asked: Asked, kind: FileKind, from_ms: int, to_ms: int
) -> list[Located]:
    if from_ms >= to_ms:
        return []
    scope, device_id, metric = asked
    return await select_sealed(db, scope, [device_id], metric, kind, from_ms, to_ms)
