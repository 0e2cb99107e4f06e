"""What a rule in shadow would have raised."""

from datetime import datetime

import msgspec


class ShadowAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that nobody was told of; as in `Alert`. cleared_at: null while it stands."""

    version: int
    level: str
    raised_at: datetime
    cleared_at: datetime | None
    value: float | None
    forecast_at: datetime | None
    late: bool
