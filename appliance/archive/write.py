"""Writes one metric of one factory as files: under another name, safe on disk, then in its place.

A file that is not safe yet ends in `.tmp`. Row groups never mix devices.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from appliance.archive import columns, rollups
from appliance.archive.durable import make_folder, sync_folder
from appliance.archive.layout import GROUP_ROWS, LEAST_ROWS, TEMPORARY, Place, path_of
from appliance.archive.prove import checksum, prove
from appliance.model.ids import DeviceId
from appliance.model.sealed import FileKind, Readings, Rollup, SealedFile, SealedGroup

DELTA = "DELTA_BINARY_PACKED"
ALIKE = ("device_id", "device", "epoch", "quality")
"""In a row group hardly two differ: a dictionary is a few bytes, with nothing left to compress."""
SPLIT = ("sum", "sum_squares")
"""Hardly two are the same."""
QUICK = ("row_number", "count")
"""Whose encoding leaves so little that snappy, which is soon ready, does nearly what zstd would."""
UNASKED = ("device", "epoch", "row_number", "quality")
"""Nobody looks for rows by these: statistics of them would be work and bytes for nothing."""
BATCH_ROWS = 16_384
"""So many rows at once are encoded."""
DAY_MS = 86_400_000
SLOW = 3
"""Of a device with fewer readings a minute its minutes would take more bytes than they do."""
Reached = Callable[[str], None]
"""Is told each step of a sealing, so that a test may break it there."""


class Written(NamedTuple):
    """A file that is safe on disk and not proved yet. sums: by row group, a hash of its rows."""

    path: str
    groups: tuple[SealedGroup, ...]
    sums: tuple[int, ...]
    scale: int | None


def write_readings(
    root: Path,
    place: Place,
    devices: Iterable[tuple[DeviceId, str, Readings]],
    sealed_at: datetime,
    *,
    all_minutes: bool = False,
) -> list[SealedFile]:
    """Write, and prove, the files of a place: readings and their roll-ups.

    all_minutes: those of slow devices too, whose readings say as much in fewer bytes.

    devices: by rising device_id, each with its name and its readings in the order of Readings; a
    device's may come in parts, in order, that end with whole hours. Read again if values turn out
    to need more digits, so it must not be an iterator.
    """
    scale: int | None = 0
    while True:
        with PlaceWriter(root, place, scale, all_minutes=all_minutes) as writer:
            for device_id, name, readings in devices:
                writer.add(device_id, name, readings)
            if writer.fits:
                return writer.finish(sealed_at)
            scale = writer.scale


class PlaceWriter:
    """The files of a place while they are written, device by device.

    Values that need more digits than `scale` make it not `fit`: `scale` says how many are needed
    as far as seen, nothing more is written, and the place must be written anew.
    """

    def __init__(
        self,
        root: Path,
        place: Place,
        scale: int | None,
        reached: Reached = lambda _: None,
        *,
        all_minutes: bool = False,
    ) -> None:
        self._all_minutes = all_minutes
        self._root, self._place, self._reached = root, place, reached
        self._files: dict[FileKind, _File] = {}
        self._device: tuple[DeviceId, str] | None = None
        self._waiting: list[Readings] = []
        self._rolled: list[tuple[Rollup, Rollup]] = []
        self._written_scale = self.scale = scale

    def __enter__(self) -> "PlaceWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.abandon()

    def abandon(self) -> None:
        """Leave nothing of files that are not finished."""
        for file in self._files.values():
            file.abandon()

    @property
    def fits(self) -> bool:
        """Whether all values so far could be written."""
        return self.scale == self._written_scale

    def add(self, device_id: DeviceId, name: str, readings: Readings) -> None:
        """Add readings of a device, later than its others; see write_readings."""
        if not len(readings.times_ms):
            return
        self.scale = columns.least_scale(readings.values, self.scale)
        if not self._files and not self._waiting:
            self._written_scale = self.scale  # nothing is written yet
        if not self.fits:
            return
        if self._device != (device_id, name):
            self._end_device()
            self._device = (device_id, name)
        self._waiting.append(readings)
        self._rolled.append(rollups.of_readings(readings))
        if sum(len(part.times_ms) for part in self._waiting) >= GROUP_ROWS:
            self._write_groups()

    def finish(self, sealed_at: datetime) -> list[SealedFile]:
        """Make the files safe, prove them, put them in their place; only those that have rows."""
        self._end_device()
        sealed = []
        for kind, file in self._files.items():
            written = file.close(self._reached)
            sealed.append(_sealed(self._root, self._place, kind, written, sealed_at))
            self._reached("proved")
        return sealed

    def _end_device(self) -> None:
        self._write_groups(all_of_them=True)
        rolled, self._rolled = self._rolled, []
        if not rolled or self._device is None:
            return
        for kind, parts in zip(
            (FileKind.MINUTE, FileKind.HOUR), zip(*rolled, strict=True), strict=True
        ):
            rollup = Rollup._make(map(np.concatenate, zip(*parts, strict=True)))
            is_slow = rollup.counts.sum() < SLOW * len(rollup.counts)
            if kind is FileKind.MINUTE and is_slow and not self._all_minutes:
                continue
            for start in range(0, len(rollup.times_ms), GROUP_ROWS):
                part = Rollup._make(column[start : start + GROUP_ROWS] for column in rollup)
                file = self._file(kind)
                table = columns.rollup_table(file.schema, self._device[0], part)
                file.write(self._device[0], table, part)

    def _write_groups(self, *, all_of_them: bool = False) -> None:
        if not self._waiting or self._device is None:
            return
        readings = (
            self._waiting[0]
            if len(self._waiting) == 1
            else Readings._make(map(np.concatenate, zip(*self._waiting, strict=True)))
        )
        rows = len(readings.times_ms)
        cuts = _cuts(readings.times_ms)
        if all_of_them and (cuts or [0])[-1] < rows:
            cuts.append(rows)
        file = self._file(FileKind.READINGS)
        begin = 0
        for end in cuts:
            part = Readings._make(column[begin:end] for column in readings)
            table = columns.readings_table(file.schema, *self._device, part)
            file.write(self._device[0], table, part)
            begin = end
        rest = Readings._make(column[begin:] for column in readings)
        self._waiting = [rest] if begin < rows else []

    def _file(self, kind: FileKind) -> "_File":
        if kind not in self._files:
            scale = self._written_scale if kind is FileKind.READINGS else None
            self._files[kind] = _File(self._root, path_of(kind, self._place), kind, scale)
        return self._files[kind]


def _cuts(times_ms: NDArray[np.int64]) -> list[int]:
    """Where row groups end: with a day once they are long enough, else when they are full.

    So a day of one-second data is one row group, and asking for it reads nothing beside it.
    """
    midnights = np.flatnonzero(np.diff(times_ms // DAY_MS)) + 1
    cuts: list[int] = []
    begin = 0
    while True:
        following = midnights[np.searchsorted(midnights, begin + LEAST_ROWS) :]
        full = begin + GROUP_ROWS
        end = int(following[0]) if following.size and following[0] <= full else full
        if end > times_ms.size:
            return cuts
        cuts.append(end)
        begin = end


class _File:
    """One file while it is written."""

    def __init__(self, root: Path, path: str, kind: FileKind, scale: int | None) -> None:
        is_raw = kind is FileKind.READINGS
        self.schema = (
            columns.readings_schema(scale, written=True) if is_raw else columns.rollup_schema()
        )
        self._path, self._scale = path, scale
        self._place = root / path
        self._groups: list[SealedGroup] = []
        self._sums: list[int] = []
        self._temporary = self._place.with_name(self._place.name + TEMPORARY)
        make_folder(self._place.parent)
        self._file = cast(IO[bytes], self._temporary.open("wb"))
        options = _options(self.schema, small=kind is FileKind.HOUR)
        self._writer: Any = pq.ParquetWriter(self._file, self.schema, **options)

    def write(self, device_id: DeviceId, table: pa.Table, rows: Readings | Rollup) -> None:
        """Write one row group."""
        times = rows.times_ms
        self._writer.write_table(table, row_group_size=GROUP_ROWS)
        self._sums.append(checksum(rows))
        self._groups.append(
            SealedGroup(len(self._groups), device_id, len(times), int(times[0]), int(times[-1]))
        )

    def close(self, reached: Reached) -> Written:
        """Make it safe on disk, in its place."""
        self._writer.close()
        reached("written")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        reached("safe")
        self._temporary.rename(self._place)
        reached("renamed")
        sync_folder(self._place.parent)
        return Written(self._path, tuple(self._groups), tuple(self._sums), self._scale)

    def abandon(self) -> None:
        """Leave nothing of it, unless it is in its place."""
        if not self._file.closed:
            with suppress(OSError):
                self._writer.close()
            with suppress(OSError):
                self._file.close()
        self._temporary.unlink(missing_ok=True)


def _options(schema: pa.Schema, *, small: bool) -> dict[str, Any]:
    """How columns are written: what fits quantised, sorted numbers best, measured.

    small: groups are too short for the same double to come again and again, and a year of a device
    is many of them: to make zstd ready for each would take longer than all other reading.
    """
    encodings = {}
    dictionary = []
    for field in schema:
        is_floating = pa.types.is_floating(field.type)
        if field.name in SPLIT:
            encodings[field.name] = "BYTE_STREAM_SPLIT"
        elif field.name in ALIKE or (is_floating and not small):
            dictionary.append(field.name)
        elif not is_floating:
            encodings[field.name] = DELTA
    codecs = {field.name: _codec(field, small=small) for field in schema}
    return {
        "compression": codecs,
        "compression_level": {name: 1 for name, codec in codecs.items() if codec == "zstd"},
        "use_dictionary": dictionary,
        "column_encoding": encodings,
        "store_decimal_as_integer": True,
        "store_schema": False,  # the types of Parquet itself say all there is to say
        "write_page_checksum": True,
        "write_statistics": [field.name for field in schema if field.name not in UNASKED],
        "write_batch_size": BATCH_ROWS,
        "max_rows_per_page": GROUP_ROWS,  # groups are read whole
    }


def _codec(field: pa.Field, *, small: bool) -> str:
    if field.name in ALIKE:
        return "none"
    is_quick = small or field.name in QUICK or pa.types.is_decimal(field.type)
    return "snappy" if is_quick else "zstd"


def _sealed(
    root: Path, place: Place, kind: FileKind, written: Written, sealed_at: datetime
) -> SealedFile:
    """Prove a file."""
    proof = prove(root / written.path, kind, written.groups, written.sums)
    return SealedFile(
        factory_id=place.factory_id,
        metric_id=place.metric_id,
        kind=kind,
        first_day=place.first_day,
        last_day=place.last_day,
        generation=place.generation,
        path=written.path,
        rows=proof.rows,
        size_bytes=proof.size_bytes,
        sha256=proof.sha256,
        scale=written.scale,
        sealed_at=sealed_at,
        groups=written.groups,
    )
