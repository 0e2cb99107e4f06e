"""The ways in which a rule looks at its signal, each with its own few numbers."""

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

import msgspec

from appliance.model.text import Name

Positive = Annotated[float, msgspec.Meta(gt=0)]
Span = Annotated[float, msgspec.Meta(ge=1, le=86_400 * 7)]
Address = Annotated[str, msgspec.Meta(max_length=500, pattern=r"\Ahttps?://[!-~]+\Z")]


class RuleKind(StrEnum):
    """What a look is called."""

    THRESHOLD = "threshold"
    RATE = "rate"
    NO_DATA = "no_data"
    STUCK = "stuck"
    BASELINE = "baseline"
    DRIFT = "drift"
    EXPOSURE = "exposure"
    VIBRATION = "vibration"
    HEALTH = "health"
    MODEL = "model"


class Level(StrEnum):
    """Which side of which limit; a look without levels of its own is on or off."""

    LL = "ll"
    L = "l"
    H = "h"
    HH = "hh"
    ON = "on"


THRESHOLD_LEVELS = (Level.LL, Level.L, Level.H, Level.HH)
UPPER = frozenset({Level.H, Level.HH})
"""The levels that are raised above their limit."""


class _Look(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True
):
    pass


class Threshold(_Look, frozen=True, kw_only=True, tag="threshold"):
    """The value is below ll or l, or above h or hh: at least one, ascending, in its unit."""

    ll: float | None = None
    l: float | None = None  # noqa: E741 - the field's own names of the limits
    h: float | None = None
    hh: float | None = None


class Rate(_Look, frozen=True, kw_only=True, tag="rate"):
    """The value rises (falls, if negative) faster than so many of its units a minute.

    The slope of a line through the means of the twelfths of the last window_seconds.
    """

    per_minute: float
    window_seconds: Annotated[float, msgspec.Meta(ge=12, le=86_400)]


class NoData(_Look, frozen=True, kw_only=True, tag="no_data"):
    """Nothing has come from the device for the rule's on-delay."""


class Stuck(_Look, frozen=True, kw_only=True, tag="stuck"):
    """The value has not moved by more than one step of its last digit for longer than this."""

    seconds: Span


class Baseline(_Look, frozen=True, kw_only=True, tag="baseline"):
    """So many robust standard deviations off what is usual in this hour of the week."""

    deviations: Positive


class Drift(_Look, frozen=True, kw_only=True, tag="drift"):
    """Means of a minute stray from the baseline for long.

    ewma: their exponentially weighted mean over `hours` is `deviations` off. cusum: Page's sum of
    what exceeds half a deviation, as a mean over `hours`, has reached `deviations`.
    """

    method: Literal["ewma", "cusum"]
    deviations: Positive
    hours: Annotated[float, msgspec.Meta(gt=0, le=24 * 31)]


class Exposure(_Look, frozen=True, kw_only=True, tag="exposure"):
    """A gas passes a limit of standards.toml, named as "CO, NIOSH REL": subject, source.

    twa: the mean of eight hours does, or will within the time to respond. stel: the mean of 15
    minutes. ceiling: any reading.
    """

    limit: Name
    measure: Literal["twa", "stel", "ceiling"]


class Vibration(_Look, frozen=True, kw_only=True, tag="vibration"):
    """A velocity in mm/s passes a zone boundary of ISO 20816-3.

    change: instead, it is off its baseline by more than a quarter of the boundary B/C.
    """

    group: Literal["group 1", "group 2"]
    foundation: Literal["rigid", "flexible"]
    zone: Literal["B/C", "C/D"]
    change: bool = False


class Health(_Look, frozen=True, kw_only=True, tag="health"):
    """The health score of the device's machine is below this."""

    below: Annotated[float, msgspec.Meta(gt=0, le=100)]


class Model(_Look, frozen=True, kw_only=True, tag="model"):
    """A model behind `url` is asked every so often about the last window; its score is above."""

    url: Address
    above: float
    window_seconds: Span
    every_seconds: Annotated[float, msgspec.Meta(ge=1, le=86_400)]


Look: TypeAlias = (
    Threshold | Rate | NoData | Stuck | Baseline | Drift | Exposure | Vibration | Health | Model
)


def kind_of(look: Look) -> RuleKind:
    """What a look is called."""
    return RuleKind(str(look.__struct_config__.tag))
