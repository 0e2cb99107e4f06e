"""What the disk holds and how many days are left."""

import shutil
from datetime import datetime
from pathlib import Path

from appliance.model.storage import Storage
from appliance.store.pool import Db
from appliance.store.storage import Held, select_held


def free_bytes(*folders: Path) -> int:
    """What is free where it is least; a folder that is not there yet is counted by its parent."""
    return min(shutil.disk_usage(_there(folder)).free for folder in folders)


async def storage(db: Db, free: int, reserve: int, now: datetime) -> Storage:
    """How it stands with the disk; free, reserve: in bytes."""
    held = await select_held(db, now)
    return Storage(
        hot_bytes=held.hot_bytes,
        sealed_bytes=held.sealed_bytes,
        sealed_readings=held.sealed_readings,
        damaged_files=held.damaged_files,
        free_bytes=free,
        reserve_bytes=reserve,
        growth_per_day_bytes=held.growth_per_day_bytes,
        days_left=_days_left(held, free - reserve),
    )


def _days_left(held: Held, usable: int) -> float | None:
    if not held.growth_per_day_bytes:
        return None
    return max(0.0, round(usable / held.growth_per_day_bytes, 1))


def _there(folder: Path) -> Path:
    return next(one for one in (folder, *folder.parents) if one.exists())
