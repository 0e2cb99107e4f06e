"""Where each file of the archive lies below its folder."""

import re
from datetime import date
from pathlib import PurePosixPath

import msgspec

from appliance.model.ids import FactoryId, MetricId
from appliance.model.sealed import FileKind

MANIFEST = "manifest.json"
QUARANTINE = "quarantine"
"""Damaged files are moved here, below the archive's folder, under their own path."""
TEMPORARY = ".tmp"
"""What is being written ends so."""
SUFFIX = ".parquet"
GROUP_ROWS = 131_072
"""The most rows of a row group."""
LEAST_ROWS = 80_000
"""From so many rows on a row group of readings ends with its day: one of seconds is one day."""
ROOMS = {
    FileKind.READINGS: "readings",
    FileKind.MINUTE: "rollups/minute",
    FileKind.HOUR: "rollups/hour",
}
_PATH = re.compile(
    rf"(?:{'|'.join(ROOMS.values())})/factory=\d+/metric=\w+/month=\d{{4}}-\d\d/"
    rf"\d{{4}}-\d\d(?:-\d\d)?-(\d+){re.escape(SUFFIX)}(?:{re.escape(TEMPORARY)})?"
)


class Place(msgspec.Struct, frozen=True):
    """One metric of one factory for whole UTC days: a day, or a month (first_day .. last_day)."""

    factory_id: FactoryId
    metric_id: MetricId
    metric: str
    first_day: date
    last_day: date
    generation: int


def path_of(kind: FileKind, place: Place) -> str:
    """The path below the archive's folder, with slashes."""
    month = f"{place.first_day:%Y-%m}"
    named = month if place.last_day != place.first_day else f"{place.first_day:%Y-%m-%d}"
    return str(
        PurePosixPath(
            ROOMS[kind],
            f"factory={place.factory_id}",
            f"metric={place.metric}",
            f"month={month}",
            f"{named}-{place.generation}{SUFFIX}",
        )
    )


def generation_of(path: str) -> int | None:
    """The number of the sealing that wrote a file, or began to; None: it is none of ours."""
    named = _PATH.fullmatch(path)
    return int(named[1]) if named else None
