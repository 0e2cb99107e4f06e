"""The data folder, made ready before the appliance's modules are loaded."""

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from appliance.settings import SYSTEM_DATA_DIR, Settings

LINKS = "links"
"""In a cluster that lies elsewhere: every path that has ever been a link to it, one a line."""


def prepare(settings: Settings) -> list[Path]:
    """Make the folder and a way to the cluster, and let compiled kernels be kept in the folder.

    Numba looks for that when it is loaded. Returns what make_folder() does.
    """
    made = make_folder(settings)
    if _steps_down(settings) and not _can_be_passed(settings.data_dir):
        _lay_cluster_elsewhere(settings)
    os.environ.setdefault("NUMBA_CACHE_DIR", str(settings.kernels_dir))
    return made


def make_folder(settings: Settings) -> list[Path]:
    """Make the folder; which folders were not there before, the innermost first.

    It is for its owner's eyes alone; root's PostgreSQL, another user, must pass through it.
    """
    folder = settings.data_dir
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(mode=0o711 if _steps_down(settings) else 0o700, parents=True, exist_ok=True)
    return made


def take_back(settings: Settings, made: list[Path]) -> None:
    """Remove the folders that make_folder() has made, if nothing has come to be kept in them."""
    link = settings.cluster_dir
    unused = link.is_symlink() and link.exists() and [*link.iterdir()] == [link / LINKS]
    nothing = {settings.kernels_dir, *([link] if unused else [])}
    if not made or set(settings.data_dir.iterdir()) - nothing:
        return
    if unused:
        shutil.rmtree(link.readlink())
        link.unlink()
    shutil.rmtree(settings.kernels_dir, ignore_errors=True)
    with suppress(OSError):  # a parent that others have put something into by now
        for place in made:
            place.rmdir()


def _steps_down(settings: Settings) -> bool:
    return os.geteuid() == 0 and not settings.database_url


def _can_be_passed(folder: Path) -> bool:
    whole = folder.resolve()
    return all(place.stat().st_mode & 0o001 for place in (whole, *whole.parents))


def _lay_cluster_elsewhere(settings: Settings) -> None:
    """Below root's home PostgreSQL's user finds no way; a link leads to where it does."""
    if os.path.lexists(settings.cluster_dir):
        return
    target = SYSTEM_DATA_DIR / f"postgres-{secrets.token_hex(4)}"
    SYSTEM_DATA_DIR.mkdir(mode=0o711, parents=True, exist_ok=True)
    target.mkdir(mode=0o711)
    note_link(target, settings.cluster_dir)
    settings.cluster_dir.symlink_to(target)


def note_link(target: Path, link: Path) -> None:
    """Note that a link leads, or is about to lead, to a cluster that lies elsewhere."""
    with (target / LINKS).open("a") as notes:
        notes.write(f"{link.absolute()}\n")


def orphans() -> list[Path]:
    """The clusters that lie elsewhere and that none of their links leads to any more."""
    return [
        notes.parent
        for notes in sorted(SYSTEM_DATA_DIR.glob(f"postgres-*/{LINKS}"))
        if not any(_leads(Path(link), notes.parent) for link in notes.read_text().splitlines())
    ]


def _leads(link: Path, target: Path) -> bool:
    return link.is_symlink() and link.readlink() == target
