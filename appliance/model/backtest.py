"""What a rule would have done with the history there is."""

from datetime import datetime
from typing import Annotated

import msgspec

from appliance.model.ids import RuleId
from appliance.model.rule import NewRule


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm there would have been; cleared_at is null if it stood at the end."""

    raised_at: datetime
    cleared_at: datetime | None
    level: str
    value: float | None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A marked incident, and whether any alarm stood in it."""

    id: int
    begin: datetime = msgspec.field(name="from")
    end: datetime = msgspec.field(name="to")
    title: str
    caught: bool


class Difference(msgspec.Struct, frozen=True):
    """Alarms more and fewer than the version that is live, by their level and time."""

    more: int
    fewer: int


class Hole(msgspec.Struct, frozen=True, kw_only=True):
    """History that could not be read, and why."""

    begin: datetime = msgspec.field(name="from")
    end: datetime = msgspec.field(name="to")
    reason: str


class BackTest(msgspec.Struct, frozen=True, kw_only=True):
    """What one version of a rule would have done in from <= t < to.

    longest_seconds: the longest alarm; standing_seconds: all of them. times: the first 1,000 of
    them. by_day: alarms raised in each 24 hours since `from`. worst_10_minutes: most raised within
    ten minutes; acceptable: what one operator can handle (ISA-18.2). called: who would have been,
    by the roster of now. difference: null if no version is live, or it cannot be tried. needs: why
    nothing was tried.
    """

    rule_version: int
    begin: datetime = msgspec.field(name="from")
    end: datetime = msgspec.field(name="to")
    alarms: int
    longest_seconds: float
    standing_seconds: float
    times: list[Raised]
    truncated: bool
    by_day: list[int]
    worst_10_minutes: int
    acceptable_10_minutes: int
    called: list[str]
    incidents: list[Tried]
    difference: Difference | None
    gaps: list[Hole]
    readings: int
    seconds: float
    needs: str | None


class Over(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to look back on; all there is of the last year if nothing is said."""

    days: Annotated[float, msgspec.Meta(gt=0, le=3660)] | None = None
    begin: datetime | None = msgspec.field(name="from", default=None)
    end: datetime | None = msgspec.field(name="to", default=None)


class Trial(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule to try before there is one. replaces: the rule to compare it with."""

    rule: NewRule
    replaces: RuleId | None = None
    days: Annotated[float, msgspec.Meta(gt=0, le=3660)] | None = None
    begin: datetime | None = msgspec.field(name="from", default=None)
    end: datetime | None = msgspec.field(name="to", default=None)
