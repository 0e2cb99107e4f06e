"""How long readings are kept, and what was deleted."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from appliance.model.ids import FactoryId, GivenFactoryId
from appliance.model.sealed import FileKind

MOST_DAYS = 36_500


class RetentionChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For how many days a factory keeps a metric: raw readings, or roll-ups. None: for ever."""

    factory_id: GivenFactoryId
    metric: Annotated[str, msgspec.Meta(max_length=60)]
    kind: FileKind
    keep_days: Annotated[int, msgspec.Meta(ge=1, le=MOST_DAYS)] | None


class RetentionRule(msgspec.Struct, frozen=True):
    """A rule that stands."""

    factory_id: FactoryId
    metric: str
    kind: FileKind
    keep_days: int
    changed_at: datetime


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule has deleted. path None: rows that came after their days had been released."""

    at: datetime
    factory_id: FactoryId
    metric: str
    kind: FileKind
    first_day: date
    last_day: date
    rows: int
    bytes: int
    keep_days: int
    path: str | None
    sha256: str | None
