"""What the disk holds, and how long it will do."""

import msgspec


class Storage(msgspec.Struct, frozen=True):
    """Bytes, but for days_left and the readings.

    hot: batches of days that are not sealed, with their indexes. sealed: live files of the archive.
    free: on the disk, or the fuller one of the database's and the archive's. reserve: with less
    than that free, readings are no longer taken. growth_per_day: what a sealed day took, of the
    last two weeks. days_left: until only the reserve is free; null: nothing is sealed yet.
    """

    hot_bytes: int
    sealed_bytes: int
    sealed_readings: int
    damaged_files: int
    free_bytes: int
    reserve_bytes: int
    growth_per_day_bytes: int | None
    days_left: float | None
