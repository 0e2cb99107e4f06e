"""Limits are data: each carries where it comes from and whether anybody has checked it."""

from datetime import date
from enum import StrEnum

import msgspec


class Trust(StrEnum):
    """Where the value was read."""

    PRIMARY = "primary"
    """In the source itself."""
    SECONDARY = "secondary"
    """In a text about the source."""
    MEMORY = "memory"
    """Nowhere that could be checked."""


class Limit(msgspec.Struct, frozen=True):
    """One limit. `subject` is what it holds for, `name` which of the limits there it is.

    unit: UCUM. window_seconds: what a time-weighted mean is taken over; null for every instant.
    confirmed: the plant may rely on it; reports print what is not as "unconfirmed".
    approved_by: who at the plant has checked it; null as shipped.
    """

    quantity: str
    subject: str
    name: str
    value: float
    unit: str
    source: str
    edition: str
    clause: str
    trust: Trust
    effective: date | None = None
    window_seconds: int | None = None
    note: str = ""
    approved_by: str | None = None

    @property
    def confirmed(self) -> bool:
        """Read in the source itself, or approved by the plant."""
        return self.trust is Trust.PRIMARY or self.approved_by is not None
