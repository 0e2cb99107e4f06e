"""Stores batches: takes whatever waits, writes it in one transaction, then answers all."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isnan
from typing import NamedTuple

import numpy as np

from appliance.errors import CarbonseedError, DatabaseUnavailable, Unavailable, Unprocessable
from appliance.model.batch import PlacedBatch, Stored
from appliance.model.ids import DeviceId, Epoch
from appliance.store import ledger
from appliance.store.batches import INVALID, insert_batches, notify_readings
from appliance.store.late import LATE_MS, upsert_late_rows
from appliance.store.latest import News, upsert_latest
from appliance.store.pool import DAMAGED, TROUBLE, Connection, Pool
from appliance.store.quarantine import insert_quarantine
from appliance.workers.cut import Believed, Cut, believed, cut
from appliance.workers.partitions import Partitions
from appliance.workers.sealed_points import SealedPoints, Undecided
from appliance.workers.sift import Sifted, sift_points

LARGEST_TRANSACTION = 1_000_000
"""Readings in one transaction, if it is more than one batch; more wait for the next."""
RETRY_SECONDS = 2
FULL_SECONDS = 60
"""A disk gets no room at once."""
OF_A_BATCH: tuple[type[Exception], ...] = (*INVALID, *DAMAGED, Undecided)
"""What comes of one batch, and should not keep the others from being stored."""

log = logging.getLogger(__name__)


class _Waiting(NamedTuple):
    batch: PlacedBatch
    answer: asyncio.Future[Stored]

    def tell(self, outcome: Stored | CarbonseedError) -> None:
        if self.answer.done():  # whoever asked has gone; the batch is stored all the same
            return
        if isinstance(outcome, Stored):
            self.answer.set_result(outcome)
        else:
            self.answer.set_exception(outcome)


class LedgerGone(DatabaseUnavailable):
    """The ledger has lost streams that it had."""


class Writer:
    """Takes batches from any number of requests; they are stored while `run` runs.

    full: why none are taken, None if they are. sealed: where points may lie that are told again;
    None: there is no archive.
    """

    def __init__(
        self,
        pool: Pool,
        queue_batches: int,
        full: Callable[[], str | None] = lambda: None,
        sealed: SealedPoints | None = None,
        late_ms: int = LATE_MS,
    ) -> None:
        self._late_ms = late_ms
        self._pool = pool
        self._sealed = sealed
        self._full = full
        self._queue_batches = queue_batches
        self._waiting: list[_Waiting] = []
        self._taken: list[_Waiting] = []
        self._some = asyncio.Event()
        self._partitions = Partitions()
        self._known: dict[DeviceId, Epoch] = {}
        """The stream of each device that was last seen to have a ledger row."""
        self._failing = False

    @property
    def trouble(self) -> str | None:
        """What keeps batches from being stored just now; None if nothing does."""
        if full := self._full():
            return full
        if len(self._waiting) >= self._queue_batches:
            return f"{len(self._waiting)} batches wait to be stored, no more are taken"
        return "PostgreSQL does not take batches" if self._failing else None

    async def store(self, batch: PlacedBatch) -> Stored:
        """Store a batch and return once it is committed, however often it was sent before.

        The batch is stored even if the caller is cancelled. Unavailable: try again later.
        """
        if full := self._full():
            raise Unavailable(full, retry_after_seconds=FULL_SECONDS)
        if len(self._waiting) >= self._queue_batches:
            raise Unavailable(
                f"{len(self._waiting)} batches wait to be stored; no more are taken for now.",
                retry_after_seconds=RETRY_SECONDS,
            )
        answer: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(batch, answer))
        self._some.set()
        return await answer

    async def run(self) -> None:
        """Write for ever; while PostgreSQL is away, whoever waits is told so."""
        try:
            while True:
                await self._some.wait()
                try:
                    async with self._pool.acquire() as db:
                        while self._some.is_set():
                            await self._write(db, self._take())
                            self._recover()
                            await asyncio.sleep(0)  # whoever was answered may have more
                except TROUBLE as error:
                    self._fail(error)
        finally:
            self._refuse_all(Unavailable("The appliance stops.", retry_after_seconds=RETRY_SECONDS))

    def _take(self) -> Sequence[_Waiting]:
        """Take what waits, one batch of a device: its next one waits for the next transaction."""
        self._taken, later = [], list[_Waiting]()
        readings, devices = 0, set[DeviceId]()
        for waiting in self._waiting:
            readings += waiting.batch.values.size
            fits = readings <= LARGEST_TRANSACTION or not self._taken
            if fits and waiting.batch.device_id not in devices:
                self._taken.append(waiting)
            else:
                later.append(waiting)
            devices.add(waiting.batch.device_id)
        self._waiting = later
        if not later:
            self._some.clear()
        # In the order in which every writer takes its locks, so that none waits for another's.
        self._taken.sort(key=lambda waiting: waiting.batch.device_id)
        return self._taken

    def _fail(self, error: Exception) -> None:
        if not self._failing:
            first = error.__context__ or error  # not how leaving the transaction failed
            log.warning("Readings cannot be stored: %s", str(first) or type(first).__name__)
        self._failing = True
        self._known.clear()
        self._partitions.forget()
        self._refuse_all(DatabaseUnavailable(retry_after_seconds=RETRY_SECONDS))

    def _recover(self) -> None:
        if self._failing:
            log.warning("Readings are stored again.")
        self._failing = False

    def _refuse_all(self, error: CarbonseedError) -> None:
        for waiting in (*self._taken, *self._waiting):
            waiting.tell(error)
        self._waiting.clear()
        self._some.clear()

    async def _write(self, db: Connection, taken: Sequence[_Waiting]) -> None:
        try:
            stored = await self._commit(db, [waiting.batch for waiting in taken])
        except OF_A_BATCH:
            self._partitions.forget()  # one may have been dropped
            for waiting in taken:
                await self._write_alone(db, waiting)
        else:
            for waiting, outcome in zip(taken, stored, strict=True):
                waiting.tell(outcome)

    async def _write_alone(self, db: Connection, waiting: _Waiting) -> None:
        try:
            (outcome,) = await self._commit(db, [waiting.batch])
        except Undecided as error:
            device_id, why = waiting.batch.device_id, error.__cause__
            log.warning("Points of device %d told again are not taken: %s", device_id, why)
            waiting.tell(error)
        except (*INVALID, *DAMAGED) as error:
            device_id = waiting.batch.device_id
            log.warning("A batch of device %d cannot be stored: %s", device_id, error)
            if isinstance(error, DAMAGED):
                waiting.tell(DatabaseUnavailable(retry_after_seconds=RETRY_SECONDS))
            else:
                waiting.tell(Unprocessable("The database refuses this batch; the log says why."))
        else:
            waiting.tell(outcome)

    async def _commit(self, db: Connection, batches: Sequence[PlacedBatch]) -> list[Stored]:
        """Write batches in one transaction; synchronous_commit is on, so what returns is kept."""
        good = [believed(batch) for batch in batches]
        await self._partitions.ensure(db, set[int]().union(*(each.days for each in good)))
        # Made before the transaction: whoever holds streams in it waits for none that is new.
        new = [batch for batch in batches if self._known.get(batch.device_id) != batch.epoch]
        if new:
            await ledger.insert_streams(db, new)
        async with db.transaction():
            sifted = await sift_points(db, batches, self._sealed)
            if sifted:
                batches = [
                    sifted[one.device_id].batch if one.device_id in sifted else one
                    for one in batches
                ]
                good = [believed(batch) for batch in batches]
            cuts = await _store(db, batches, good, sifted)
            await upsert_late_rows(
                db, [piece for each in cuts for piece in each.pieces], self._late_ms
            )
        self._known.update((batch.device_id, batch.epoch) for batch in new)
        return [
            _stored(batch, each, sifted.get(batch.device_id))
            for batch, each in zip(batches, cuts, strict=True)
        ]


async def _store(
    db: Connection,
    batches: Sequence[PlacedBatch],
    good: Sequence[Believed],
    sifted: Mapping[DeviceId, Sifted],
) -> list[Cut]:
    """Insert what is new and count everything as received."""
    received = await ledger.update_streams(db, batches, [each.span for each in good])
    if len(received) < len(batches):
        raise LedgerGone
    cuts = [
        sifted[batch.device_id].cut
        if batch.device_id in sifted
        else cut(batch, each, received[batch.device_id])
        for batch, each in zip(batches, good, strict=True)
    ]
    if pieces := [piece for each in cuts for piece in each.pieces]:
        await insert_batches(db, pieces)
    if set_aside := [row for each in cuts for row in each.set_aside]:
        await insert_quarantine(db, set_aside)
    await notify_readings(db, [batch.device_id for batch in batches])
    await upsert_latest(db, [_news(*each) for each in zip(batches, cuts, strict=True)])
    return cuts


def _stored(batch: PlacedBatch, what: Cut, sifted: Sifted | None) -> Stored:
    """The answer to a batch; what was set aside is told in the log."""
    set_aside = len(what.set_aside)
    if set_aside:
        log.warning(
            "Of a batch of device %d %d rows are set aside in quarantine: placed %s",
            batch.device_id,
            set_aside,
            " and ".join({row.reason: None for row in what.set_aside}),
        )
    if sifted:
        return sifted.stored
    return Stored(stored=what.fresh - set_aside, duplicate=len(batch.times_ms) - what.fresh)


def _news(batch: PlacedBatch, what: Cut) -> News:
    """What the device told: the newest new reading of each metric."""
    newest: dict[int, tuple[int, float]] = {}
    for piece in what.pieces:
        newest |= _newest(piece)
    metric_ids = sorted(newest)
    return News(
        batch.device_id,
        batch.received_ms,
        metric_ids,
        [newest[metric_id][0] for metric_id in metric_ids],
        [newest[metric_id][1] for metric_id in metric_ids],
        batch.health,
    )


def _newest(piece: PlacedBatch) -> Iterator[tuple[int, tuple[int, float]]]:
    """By metric the last reading there is, with its time."""
    last_ms = piece.times_ms.item(-1)
    for index, value in enumerate(piece.values[:, -1].tolist()):
        if not isnan(value):
            yield piece.metric_ids[index], (last_ms, value)
        elif len(there := np.flatnonzero(~np.isnan(piece.values[index]))):
            last = there.item(-1)
            yield (
                piece.metric_ids[index],
                (piece.times_ms.item(last), piece.values.item(index, last)),
            )
