"""Seals days: hot rows and what is sealed of them already become files, proved, then the truth.

The order keeps every row once, whatever moment the process ends in: files are written and proved
first; one transaction then makes them the truth, their forerunners not, and takes the rows out of
the hot table. What a process that ended left behind is swept up later; it is of no sealing that
counts.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, TypeVar

from appliance.archive import manifest
from appliance.archive.layout import Place
from appliance.archive.merge import Sources, check
from appliance.archive.prove import NotAsWritten
from appliance.archive.read import Archive
from appliance.archive.write import PlaceWriter, Reached
from appliance.model.ids import DeviceId, FactoryId, MetricId
from appliance.model.sealed import FileKind, FileState, ManifestFile, Readings, SealedFile
from appliance.store import retention, sealed, sealing
from appliance.store.pool import Connection
from appliance.store.sealing import Series

COMMIT_TRIES = 60
COMMIT_WAIT_SECONDS = 1.0
"""Between tries to take hold of days that somebody reads."""
DAY_MS = 86_400_000
_FIRST_DAY = date(1970, 1, 1)

T = TypeVar("T")
Pair = tuple[FactoryId, MetricId]

log = logging.getLogger(__name__)


class Span(NamedTuple):
    """UTC days to be sealed as one: a day, or a month."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


class _Work(NamedTuple):
    """What a sealing is about. before, restored: see appliance.store.sealing."""

    span: Span
    generation: int
    before: int
    hot_days: list[date]
    restored: list[int]
    series: list[Series]
    names: dict[MetricId, str]
    sources: dict[Pair, Sources]
    replaced: list[int]
    ruled: set[Pair]
    """Of these a rule releases the readings: their minutes are written even of slow devices."""
    discarded: list[tuple[ManifestFile, int]]
    """Rows of days that a rule has released before, by a file that it released then."""

    def place(self, factory_id: FactoryId, metric_id: MetricId) -> Place:
        return Place(factory_id, metric_id, self.names[metric_id], *self.span, self.generation)


class Sealer:
    """Seals on one connection, which holds the lock of the archive."""

    def __init__(
        self,
        db: Connection,
        root: Path,
        blocking: Executor,
        clock: Callable[[], datetime],
        reached: Reached = lambda _: None,
    ) -> None:
        self._db, self._root, self._blocking, self._clock = db, root, blocking, clock
        self._reached = reached
        self._archive = Archive(root)

    async def seal(self, span: Span, before: int, pairs: Iterable[Pair] = ()) -> bool:
        """Seal what is hot in a span, together with what is sealed of the same metrics.

        pairs: more metrics, by factory, whose files are to become one. False: there was nothing to
        do, or a damaged file of the span must be restored or given up first. Damaged: a file that
        is to be replaced turns out to be.
        """
        work = await self._plan(span, before, set(pairs))
        if work is None:
            return False
        files: list[SealedFile] = []
        try:
            for factory_id in sorted({factory_id for factory_id, _ in work.sources}):
                await self._write(work, factory_id, files)
        except Exception:
            await self._run(_remove, self._root, [file.path for file in files])
            raise
        await self._commit(work, files)
        self._reached("committed")
        await self.list_files()
        self._reached("listed")
        log.info(
            "Sealed %s%s: %d readings, %.2f bytes each",
            span.first,
            f" to {span.last}" if span.last != span.first else "",
            rows := sum(file.rows for file in files if file.kind is FileKind.READINGS),
            sum(file.size_bytes for file in files) / max(rows, 1),
        )
        return True

    async def list_files(self) -> None:
        """Write manifest.json anew if it is not what the database says."""
        await self._run(manifest.save, self._root, await sealed.select_manifest(self._db))

    async def _plan(self, span: Span, before: int, more: set[Pair]) -> _Work | None:
        db = self._db
        hot_days = [
            day
            for day in await sealing.select_partition_days(db)
            if span.first <= day <= span.last and await sealing.exists_batch(db, day, before)
        ]
        restored = [await sealing.count_restored(db, day) for day in hot_days]
        series = (
            await sealing.select_hot_series(db, span.first, span.last, before) if hot_days else []
        )
        pairs = more | {_pair(one) for one in series}
        there = [
            file
            for file in await sealed.select_manifest_span(db, span.first, span.last)
            if _pair(file) in pairs
        ]
        if not pairs or (why := _hindrance(there)):
            if pairs:
                log.warning("%s is not sealed: %s", span.first, why)
            return None
        live = [file for file in there if file.state is FileState.LIVE]
        released = {
            _pair(file): file
            for file in there
            if file.state is FileState.RELEASED and file.kind is FileKind.READINGS
        }
        return _Work(
            span,
            await sealed.select_next_generation(db),
            before,
            hot_days,
            restored,
            [one for one in series if _pair(one) not in released],
            {one.metric_id: one.metric for one in series}
            | {file.metric_id: file.metric for file in live},
            {pair: await self._sources(live, pair) for pair in pairs - released.keys()},
            [file.id for file in live if _pair(file) not in released],
            await sealed.select_ruled_pairs(db),
            [(released[pair], rows) for pair, rows in _rows(series).items() if pair in released],
        )

    async def _sources(self, live: Sequence[ManifestFile], pair: Pair) -> Sources:
        """The files of raw readings of a pair, each looked at whether it is all right."""
        files = {}
        for file in live:
            if _pair(file) == pair and file.kind is FileKind.READINGS:
                await self._run(check, self._root, file)
                files[file] = await sealed.select_groups(self._db, file.id)
        return Sources(self._archive, files)

    async def _write(self, work: _Work, factory_id: FactoryId, files: list[SealedFile]) -> None:
        """Write the files of a factory, and add them to these.

        A metric whose values need more digits than were seen at first is written once more.
        """
        sources = {
            metric_id: source
            for (owner, metric_id), source in work.sources.items()
            if owner == factory_id
        }
        scales: dict[MetricId, int | None] = dict.fromkeys(sources, 0)
        while scales:
            writers = {
                metric_id: PlaceWriter(
                    self._root,
                    work.place(factory_id, metric_id),
                    scale,
                    self._reached,
                    all_minutes=(factory_id, metric_id) in work.ruled,
                )
                for metric_id, scale in scales.items()
            }
            try:
                await self._fill(work, factory_id, writers, sources)
                for writer in writers.values():
                    if writer.fits:
                        files += await self._run(writer.finish, self._clock())
            finally:
                await self._run(_abandon, list(writers.values()))
            scales = {one: writer.scale for one, writer in writers.items() if not writer.fits}
        _count(work, factory_id, files)

    async def _fill(
        self,
        work: _Work,
        factory_id: FactoryId,
        writers: Mapping[MetricId, PlaceWriter],
        sources: Mapping[MetricId, Sources],
    ) -> None:
        """Hand the writers all there is, a device and a day at a time."""
        hot = {one.device_id: one.device for one in work.series if one.factory_id == factory_id}
        there = set[DeviceId]().union(*(sources[metric_id].device_ids for metric_id in writers))
        names = await sealing.select_device_names(self._db, list(there - hot.keys())) | hot
        for device_id in sorted(names):
            for day in work.span.days:
                rows: Mapping[MetricId, Readings] = {}
                if device_id in hot and day in work.hot_days:
                    rows = await sealing.select_hot_readings(self._db, device_id, day, work.before)
                device = (device_id, names[device_id])
                await self._run(_add, writers, sources, rows, device, _milliseconds(day))

    async def _commit(self, work: _Work, files: Sequence[SealedFile]) -> None:
        """Make the files the truth, and the rows in them no longer hot; both or nothing."""
        for tries_left in reversed(range(COMMIT_TRIES)):
            try:
                async with self._db.transaction():
                    await self._make_true(work, files)
            except sealing.HELD:
                if not tries_left:
                    raise
                await asyncio.sleep(COMMIT_WAIT_SECONDS)
            else:
                return

    async def _make_true(self, work: _Work, files: Sequence[SealedFile]) -> None:
        await sealed.update_sealed_files(
            self._db, work.replaced, FileState.REPLACED, "", self._clock()
        )
        for file in files:
            await sealed.insert_sealed_file(self._db, file)
        for gone, rows in work.discarded:
            await retention.insert_late_release(self._db, gone, work.span, rows, self._clock())
        self._reached("recorded")
        await sealing.delete_sealed_batches(self._db, work.hot_days, work.before, work.restored)
        self._reached("removed")

    async def _run(self, work: Callable[..., T], *arguments: object) -> T:
        """Do in a thread what blocks."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._blocking, work, *arguments)


def _hindrance(files: Sequence[ManifestFile]) -> str | None:
    """Why files must stay as they are; None if they may become one.

    Of some days raw readings may be gone and roll-ups not: those cannot be made again.
    """
    raw = [file for file in files if file.kind is FileKind.READINGS]
    gone = {_pair(file) for file in raw if file.state is FileState.RELEASED}
    for file in files:
        if file.state is FileState.DAMAGED:
            return f"{file.path} is damaged"
        if file in raw and file.state is FileState.LIVE and _pair(file) in gone:
            return f"days beside {file.path} are released"
    return None


def _pair(one: ManifestFile | SealedFile | Series) -> Pair:
    return one.factory_id, one.metric_id


def _rows(series: Iterable[Series]) -> dict[Pair, int]:
    """How many readings there are of each metric of each factory."""
    rows: dict[Pair, int] = {}
    for one in series:
        rows[_pair(one)] = rows.get(_pair(one), 0) + one.rows
    return rows


def _count(work: _Work, factory_id: FactoryId, files: Sequence[SealedFile]) -> None:
    """Raise NotAsWritten unless the files hold as many readings as were there."""
    hot = _rows(work.series)
    for pair, source in work.sources.items():
        if pair[0] == factory_id:
            there = hot.get(pair, 0) + source.rows
            written = sum(
                file.rows
                for file in files
                if _pair(file) == pair and file.kind is FileKind.READINGS
            )
            if written != there:
                raise NotAsWritten(
                    f"Of {work.names[pair[1]]} of factory {factory_id} there were {there} readings "
                    f"and {written} were written."
                )


def _abandon(writers: Sequence[PlaceWriter]) -> None:
    for writer in writers:
        writer.abandon()


def _remove(root: Path, paths: Sequence[str]) -> None:
    for path in paths:
        (root / path).unlink(missing_ok=True)


def _add(
    writers: Mapping[MetricId, PlaceWriter],
    sources: Mapping[MetricId, Sources],
    rows: Mapping[MetricId, Readings],
    device: tuple[DeviceId, str],
    start_ms: int,
) -> None:
    """Hand the writers a day of a device: what is sealed of it, and rows that are hot."""
    for metric_id, writer in writers.items():
        parts = sources[metric_id].read(device[0], start_ms, start_ms + DAY_MS)
        parts += [rows[metric_id]] if metric_id in rows else []
        if parts:
            writer.add(*device, parts[0] if len(parts) == 1 else sealing.in_order(parts))


def _milliseconds(day: date) -> int:
    return (day - _FIRST_DAY).days * DAY_MS
