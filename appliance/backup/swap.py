"""Puts restored folders in the place of those that are there, which are set aside, not deleted.

A run that is killed leaves the folder `restore`; the appliance does not start beside it, and the
next run goes on:

restore/new         being restored
restore/ready       whole; its entries move into the data folder, one by one
restore/old         what they have moved away
restore/SHA256SUMS  of the backup that is ready
restore/SCHEMA      where the tables of a plant's own server lie that were there before
"""

import os
import shutil
from datetime import datetime
from itertools import chain, count
from pathlib import Path

import msgspec

from appliance.data_dir import note_link
from appliance.errors import Conflict
from appliance.settings import Settings
from appliance.store.postgres import server
from appliance.store.postgres.layout import Layout, sync_folder

FOLDER = "restore"
SUMS = "SHA256SUMS"
SCHEMA = "SCHEMA"


def refuse_unfinished(data_dir: Path) -> None:
    """Conflict: a restore was interrupted, and what is in the folder is not to be started on."""
    if (data_dir / FOLDER).exists():
        raise Conflict(
            f"A restore into {data_dir} has not finished. Run `carbonseed restore FILE` again: it "
            "goes on from there."
        )


def staging(settings: Settings) -> Settings:
    """A data folder to restore into, inside of the one it shall replace."""
    root = settings.data_dir / FOLDER
    root.mkdir(mode=settings.data_dir.stat().st_mode & 0o777, exist_ok=True)
    return replaced(settings, root / "new")


def replaced(settings: Settings, data_dir: Path) -> Settings:
    """The same settings on another data folder."""
    return msgspec.structs.replace(settings, data_dir=data_dir)


def discard(settings: Settings) -> None:
    """Remove what was being restored and is not ready."""
    root = settings.data_dir / FOLDER
    cluster = root / "new" / "postgres"
    if cluster.exists():
        server.end_left_behind(Layout(cluster.resolve()))
        if cluster.is_symlink():
            shutil.rmtree(cluster.resolve())
    shutil.rmtree(root / "new", ignore_errors=True)
    if not is_pending(settings.data_dir) and (root / SUMS).is_file():
        (root / SUMS).unlink()
    if root.exists() and not any(root.iterdir()):
        root.rmdir()


def note_schema(data_dir: Path, schema: str) -> None:
    """What is in the database is about to be set aside under a name: until this restore is ready,
    or has taken it back, nobody may start on what is there."""
    note = data_dir / FOLDER / SCHEMA
    with note.open("w") as file:
        file.write(schema)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(note.parent)


def noted_schema(data_dir: Path) -> str | None:
    """The schema that a restore that has not finished has set aside, or was about to."""
    try:
        return (data_dir / FOLDER / SCHEMA).read_text()
    except FileNotFoundError:
        return None


def forget_schema(data_dir: Path) -> None:
    """What was set aside is back in its place, or stays where it is for good."""
    (data_dir / FOLDER / SCHEMA).unlink(missing_ok=True)
    sync_folder(data_dir / FOLDER)


def make_ready(data_dir: Path, sums: str) -> None:
    """What is in `new` is whole: from here on it takes the place of what is there."""
    root = data_dir / FOLDER
    (root / SUMS).write_text(sums)
    (root / "new").rename(root / "ready")
    sync_folder(root)


def is_ready(data_dir: Path, sums: str) -> bool:
    """Whether an earlier run has come so far with this very backup."""
    root = data_dir / FOLDER
    return is_pending(data_dir) and (root / SUMS).read_text() == sums


def is_pending(data_dir: Path) -> bool:
    """Whether an earlier run has begun to move folders, or was about to."""
    root = data_dir / FOLDER
    return (root / "ready").exists() or (root / "old").exists()


def finish(data_dir: Path, now: datetime) -> Path | None:
    """Move everything that is ready into its place; where what was there lies now, if any was."""
    root = data_dir / FOLDER
    ready, old = root / "ready", root / "old"
    forget_schema(data_dir)  # there is no way back any more
    old.mkdir(mode=data_dir.stat().st_mode & 0o777, exist_ok=True)
    for entry in sorted(ready.iterdir()) if ready.exists() else ():
        there = data_dir / entry.name
        if there.is_symlink() or there.exists():
            _move(there, old / entry.name)
        _move(entry, there)
    sync_folder(data_dir)
    if ready.exists():
        ready.rmdir()
    aside = _free(data_dir / f"before-restore-{now:%Y%m%dT%H%M%SZ}")
    kept = any(old.iterdir())
    if kept:
        for entry in old.iterdir():
            _note(entry, aside / entry.name)
        old.rename(aside)
    else:
        old.rmdir()
    (root / SUMS).unlink()
    root.rmdir()
    sync_folder(data_dir)
    return aside if kept else None


def _move(entry: Path, to: Path) -> None:
    _note(entry, to)
    entry.rename(to)


def _note(entry: Path, to: Path) -> None:
    """A cluster that lies elsewhere knows its links, so that nobody takes it for left behind."""
    if entry.is_symlink() and entry.exists():
        note_link(entry.readlink(), to)


def _free(path: Path) -> Path:
    """The path, or the next one that nothing has."""
    names = chain([path], (path.with_name(f"{path.name}-{n}") for n in count(2)))
    return next(name for name in names if not name.exists())
