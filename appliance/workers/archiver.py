"""Keeps history in order: seals days that are over, joins months, releases, sweeps up."""

import asyncio
import logging
from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from appliance.archive import leap
from appliance.archive.merge import Damaged
from appliance.archive.sweep import LEFT, sweep
from appliance.archive.write import Reached
from appliance.errors import CarbonseedError
from appliance.model.ids import FactoryId, MetricId
from appliance.model.sealed import FileState
from appliance.store import retention, sealed, sealing, snapshots
from appliance.store.outage import Outage
from appliance.store.pool import TROUBLE, Connection, Pool
from appliance.workers.archiving import Archiving
from appliance.workers.damage import set_aside
from appliance.workers.partitions import AHEAD
from appliance.workers.sealer import Sealer, Span

PASS_SECONDS = 300.0
JOIN_AFTER = timedelta(days=3)
"""A month is joined so long after it is over: until then late rows are cheap to take in."""
REJOIN_AFTER = timedelta(days=1)
"""Late rows of a joined month, all of which must be written anew, wait so long for others."""

log = logging.getLogger(__name__)


async def run_archiver(pool: Pool, archiving: Archiving) -> None:
    """Look after the archive for ever; of several processes one at a time."""
    outage = Outage("The archiver")
    while True:
        try:
            async with pool.acquire() as db:
                if await sealing.try_lock_archive(db):
                    try:
                        await keep_in_order(db, archiving)
                    except Damaged as damage:
                        await set_aside(db, archiving, damage)
                    finally:
                        await sealing.unlock_archive(db)
        except TROUBLE as error:
            await outage.wait(error)
            continue
        except (CarbonseedError, OSError) as error:
            log.warning("The archive is not in order: %s", error)
        outage.over()
        await asyncio.sleep(PASS_SECONDS)


async def keep_in_order(
    db: Connection, archiving: Archiving, reached: Reached = lambda _: None
) -> None:
    """One pass over all there is to do; needs the lock of the archive.

    Damaged: a file that was to be sealed again is; it must be set aside.
    """
    now = archiving.clock()
    sealer = Sealer(db, archiving.root, archiving.blocking, archiving.clock, reached)
    await _sweep(db, sealer, archiving, now)
    grace = timedelta() if archiving.short() else archiving.grace
    await _seal_days(db, sealer, await sealing.select_first_open_day(db, now - grace), now)
    await _join_months(db, sealer, (now - JOIN_AFTER).astimezone(UTC).date())
    await _drop_partitions(db, now)
    await _roll_up(sealer, await sealed.select_due_unrolled(db, now.astimezone(UTC).date()))
    await _release(db, sealer, archiving, now)


async def _sweep(db: Connection, sealer: Sealer, archiving: Archiving, now: datetime) -> None:
    """Forget what was replaced long ago, and remove what no row of the manifest knows.

    Not while a backup copies: it takes the files that were the truth when it began.
    """
    if not await snapshots.try_lock_files(db):
        return
    try:
        await _remove(db, sealer, archiving, now)
    finally:
        await snapshots.unlock_files(db)


async def _remove(db: Connection, sealer: Sealer, archiving: Archiving, now: datetime) -> None:
    await sealed.delete_replaced_files(db, now - LEFT)
    await sealer.list_files()
    known = {file.path for file in await sealed.select_manifest(db)}
    removed = await asyncio.get_running_loop().run_in_executor(
        archiving.blocking,
        sweep,
        archiving.root,
        known,
        await sealed.select_last_generation(db),
        now,
    )
    if removed:
        log.info("Removed %d files of the archive that were replaced or left behind", removed)


async def _seal_days(db: Connection, sealer: Sealer, before_day: date, now: datetime) -> None:
    """Seal what is hot of days before one; of a joined month, all of its days at once."""
    before = await sealing.select_sealable_before(db)
    if before is None:
        return
    for day in await sealing.select_partition_days(db):
        if day < before_day and await sealing.exists_batch(db, day, before):
            month = [
                file
                for file in await sealed.select_manifest_span(db, day, day)
                if file.first_day != file.last_day and file.state is FileState.LIVE
            ]
            if not month:
                await sealer.seal(Span(day, day), before)
            elif max(file.sealed_at for file in month) < now - REJOIN_AFTER:
                await sealer.seal(Span(month[0].first_day, month[0].last_day), before)


async def _join_months(db: Connection, sealer: Sealer, before_day: date) -> None:
    """Make one file of each metric's days of a month."""
    for first in await sealed.select_unfinished_months(db, before_day):
        month = Span(first, first.replace(day=monthrange(first.year, first.month)[1]))
        for pair in await sealed.select_joinable_pairs(db, *month):
            await sealer.seal(month, 0, [pair])


async def _roll_up(sealer: Sealer, due: Sequence[tuple[date, date, FactoryId, MetricId]]) -> None:
    """Seal readings that are to go once more, so that the minutes of slow devices stay."""
    for first, last, factory_id, metric_id in due:
        await sealer.seal(Span(first, last), 0, [(factory_id, metric_id)])


async def _release(db: Connection, sealer: Sealer, archiving: Archiving, now: datetime) -> None:
    """Let go what rules release, unless the clock has leapt: what is deleted never comes back."""
    loop = asyncio.get_running_loop()
    looked = await loop.run_in_executor(archiving.blocking, leap.look, archiving.root, now)
    if looked.held_until:
        if looked.held_until == now + leap.HOLD:
            log.warning(
                "The clock was set ahead, or the box was off for days: no rule of retention "
                "releases anything before %s. If it is not %s now, set the clock right",
                *(f"{moment:%Y-%m-%d %H:%M} UTC" for moment in (looked.held_until, now)),
            )
        return
    if released := await retention.update_files_released(db, now):
        log.info("Rules of retention released %d files; they are deleted soon", released)
        await sealer.list_files()


async def _drop_partitions(db: Connection, now: datetime) -> None:
    """Drop the empty partitions of days that are sealed."""
    first_kept = now.astimezone(UTC).date() + timedelta(days=AHEAD.start)
    for day in await sealing.select_partition_days(db):
        if day < first_kept:
            try:
                await sealing.drop_empty_partition(db, day)
            except sealing.HELD:
                return  # somebody asks a long question
