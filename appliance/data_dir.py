"""The data folder, made ready before the appliance's modules are loaded."""

import os
import secrets
from pathlib import Path

from appliance.settings import SYSTEM_DATA_DIR, Settings


def prepare(settings: Settings) -> None:
    """Make the folder, and let compiled kernels be kept in it: numba looks when it is loaded.

    It is for its owner's eyes alone; root's PostgreSQL, another user, must pass through it.
    """
    steps_down = os.geteuid() == 0 and not settings.database_url
    settings.data_dir.mkdir(mode=0o711 if steps_down else 0o700, parents=True, exist_ok=True)
    if steps_down and not _can_be_passed(settings.data_dir):
        _lay_cluster_elsewhere(settings)
    os.environ.setdefault("NUMBA_CACHE_DIR", str(settings.kernels_dir))


def _can_be_passed(folder: Path) -> bool:
    whole = folder.resolve()
    return all(place.stat().st_mode & 0o001 for place in (whole, *whole.parents))


def _lay_cluster_elsewhere(settings: Settings) -> None:
    """Below root's home PostgreSQL's user finds no way; a link leads to where it does."""
    if os.path.lexists(settings.cluster_dir):
        return
    SYSTEM_DATA_DIR.mkdir(mode=0o711, parents=True, exist_ok=True)
    settings.cluster_dir.symlink_to(SYSTEM_DATA_DIR / f"postgres-{secrets.token_hex(4)}")
