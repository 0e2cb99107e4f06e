"""What those who look after the archive work with."""

from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime, timedelta
from pathlib import Path

import msgspec


class Archiving(msgspec.Struct, frozen=True):
    """Where the archive is, and how long after its end a day is sealed; at once if short().

    backups: where backups are looked for, should a file be damaged.
    """

    root: Path
    grace: timedelta
    blocking: Executor
    clock: Callable[[], datetime]
    backups: Path
    short: Callable[[], bool] = lambda: False
