"""Notices that the clock has leapt: what a rule of retention releases by it never comes back.

A file beside the manifest holds when the clock was last looked at. A restored archive has none.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from appliance.archive.durable import make_folder, sync_folder
from appliance.archive.layout import TEMPORARY

NOTE = "clock.json"
LEAP = timedelta(days=3)
"""A clock so far ahead of when it was last looked at may be wrong, or the box was off."""
HOLD = timedelta(days=7)
"""So long nothing is released then: time to set a wrong clock right."""


class Looked(msgspec.Struct, frozen=True):
    """When the clock was last looked at, and until when nothing may be released, if it leapt."""

    seen_at: datetime
    held_until: datetime | None = None


def look(root: Path, now: datetime) -> Looked:
    """Look at the clock, and note it. A clock that goes back has been set right."""
    before = _read(root / NOTE)
    held = before.held_until if before else None
    if before and now > before.seen_at + LEAP:
        held = now + HOLD
    if (before and now < before.seen_at) or (held and held <= now):
        held = None
    looked = Looked(now, held)
    make_folder(root)
    temporary = root / f"{NOTE}{TEMPORARY}"
    with temporary.open("wb") as file:
        file.write(msgspec.json.encode(looked))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(root / NOTE)
    sync_folder(root)
    return looked


def _read(note: Path) -> Looked | None:
    try:
        return msgspec.json.decode(note.read_bytes(), type=Looked)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
