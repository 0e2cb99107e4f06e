"""Copies sealed files to the bucket, one after the other, and takes out what is no longer kept."""

import asyncio
import logging

from appliance.archive.manifest import ManifestUnreadable
from appliance.archive.mirror import Mirror, MirrorAway, NotMirrored
from appliance.store import sealed
from appliance.store.outage import Outage
from appliance.store.pool import TROUBLE, Pool
from appliance.workers.archiving import Archiving

REST_SECONDS = 60.0
"""Between looks for something to do."""

log = logging.getLogger(__name__)


async def run_mirroring(pool: Pool, archiving: Archiving, mirror: Mirror) -> None:
    """Keep the bucket as the archive is, for ever."""
    outage, away = Outage("The mirror of the archive"), ""
    while True:
        try:
            await copy_all(pool, archiving, mirror)
        except TROUBLE as error:
            await outage.wait(error)
            continue
        except (MirrorAway, NotMirrored, ManifestUnreadable, OSError) as error:
            if str(error) != away:
                log.warning("%s", away := str(error))
        else:
            if away:
                log.warning("The archive's bucket holds all that is sealed again")
            away = ""
        outage.over()
        await asyncio.sleep(REST_SECONDS)


async def copy_all(pool: Pool, archiving: Archiving, mirror: Mirror) -> int:
    """Copy what is sealed and not in the bucket yet, remove what is not kept; how many copied."""
    loop, copied = asyncio.get_running_loop(), 0
    while (file := await sealed.select_unmirrored_file(pool)) is not None:
        try:
            await loop.run_in_executor(archiving.blocking, mirror.put, archiving.root, file)
        except FileNotFoundError:
            log.warning("%s is missing and cannot be copied to the bucket", file.path)
            break  # the scrubber sets it aside
        await sealed.update_file_mirrored(pool, file.id, archiving.clock())
        copied += 1
    known = {file.path for file in await sealed.select_manifest(pool)}
    last = await sealed.select_last_generation(pool)
    removed = await loop.run_in_executor(
        archiving.blocking, mirror.sweep, known, last, archiving.clock()
    )
    if copied or removed:
        await loop.run_in_executor(archiving.blocking, mirror.put_manifest, archiving.root)
        log.info("Copied %d files to the archive's bucket, removed %d", copied, removed)
    return copied
