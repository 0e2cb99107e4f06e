"""Sealed history: the files of the archive and what lies where in them."""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from appliance.model.ids import DeviceId, FactoryId, MetricId


class FileKind(StrEnum):
    """Raw readings, or roll-ups by the minute or the hour."""

    READINGS = "readings"
    MINUTE = "minute"
    HOUR = "hour"


class FileState(StrEnum):
    """Live: the truth. Replaced: by a later generation. Damaged: answered as a gap.

    Released: deleted by a rule of retention.
    """

    LIVE = "live"
    REPLACED = "replaced"
    DAMAGED = "damaged"
    RELEASED = "released"


class SealedGroup(msgspec.Struct, frozen=True):
    """A row group of a file: one device, first_ms .. last_ms (inclusive) in UTC milliseconds."""

    row_group: int
    device_id: DeviceId
    rows: int
    first_ms: int
    last_ms: int


class SealedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of one factory for whole UTC days, first_day .. last_day (inclusive).

    path: below the archive's folder. scale: digits after the point of its decimals; None: doubles.
    """

    factory_id: FactoryId
    metric_id: MetricId
    kind: FileKind
    first_day: date
    last_day: date
    generation: int
    path: str
    rows: int
    bytes: int
    sha256: bytes
    scale: int | None
    sealed_at: datetime
    groups: tuple[SealedGroup, ...]
