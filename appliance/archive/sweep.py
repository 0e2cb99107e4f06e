"""Removes files that a sealing left behind, or that were replaced long ago."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

from appliance.archive.layout import ROOMS, generation_of

LEFT = timedelta(hours=1)
"""A file that is younger may be one of a sealing that still works."""

log = logging.getLogger(__name__)


def sweep(root: Path, known: Collection[str], last_generation: int, now: datetime) -> int:
    """Remove our files that no manifest row knows and that are older than LEFT; how many.

    Files of a sealing that the database has never heard of stay: it is older than they are, and
    they may be all there is of those days.
    """
    removed = 0
    later: list[str] = []
    for path in files_below(root):
        generation = generation_of(path)
        if path in known or generation is None:
            continue
        if generation > last_generation:
            later.append(path)
        elif (root / path).stat().st_mtime < (now - LEFT).timestamp():
            (root / path).unlink(missing_ok=True)
            removed += 1
    if later:
        log.warning(
            "%d files of the archive are younger than the database, the first is %s: was an old "
            "backup restored? They are left alone and not used",
            len(later),
            later[0],
        )
    return removed


def files_below(root: Path) -> list[str]:
    """All files where sealed history lies, whoever put them there, as paths below the archive."""
    rooms = {room.partition("/")[0] for room in ROOMS.values()}
    return sorted(
        path.relative_to(root).as_posix()
        for room in rooms
        for path in (root / room).rglob("*")
        if not path.is_dir()
    )
