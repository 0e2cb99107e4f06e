"""Compares sealed files with their hashes, slowly, and mends damaged ones where it can."""

import asyncio
import logging
from datetime import timedelta

from appliance.archive.merge import Damaged, check
from appliance.store import sealed, sealing
from appliance.store.outage import Outage
from appliance.store.pool import TROUBLE, Connection, Pool
from appliance.workers.archiving import Archiving
from appliance.workers.damage import restore, set_aside, take_back

EVERY = timedelta(days=7)
"""So often each file is read."""
REST_SECONDS = 60.0
"""Between looks for something to do."""
BYTES_A_SECOND = 20_000_000
"""The disk is left to others for the rest of the time."""

log = logging.getLogger(__name__)


async def run_scrubber(pool: Pool, archiving: Archiving) -> None:
    """Compare and mend for ever; holds a connection only while it does."""
    outage = Outage("The scrubber of the archive")
    while True:
        pause = REST_SECONDS
        try:
            async with pool.acquire() as db:
                if await sealing.try_lock_archive(db):
                    try:
                        read = await scrub(db, archiving)
                        pause = read / BYTES_A_SECOND if read else REST_SECONDS
                    finally:
                        await sealing.unlock_archive(db)
        except TROUBLE as error:
            await outage.wait(error)
            continue
        except OSError as error:
            log.warning("A damaged file of the archive cannot be dealt with: %s", error)
        outage.over()
        await asyncio.sleep(pause)


async def scrub(db: Connection, archiving: Archiving) -> int:
    """Compare the file whose turn it is, after mending what can be mended; the bytes read, 0: none.

    Needs the lock of the archive.
    """
    loop, now = asyncio.get_running_loop(), archiving.clock()
    for file in await sealed.select_damaged_files(db):
        if await loop.run_in_executor(archiving.blocking, restore, archiving, file):
            await take_back(db, archiving, file)
    file_in_turn = await sealed.select_unchecked_file(db, now - EVERY)
    if file_in_turn is None:
        return 0
    try:
        await loop.run_in_executor(archiving.blocking, check, archiving.root, file_in_turn)
    except Damaged as damage:
        await set_aside(db, archiving, damage)
    else:
        await sealed.update_file_checked(db, file_in_turn.id, now)
    return file_in_turn.size_bytes
