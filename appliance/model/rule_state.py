"""What the engine remembers of a rule between batches. Times are event times in UTC ms."""

from enum import StrEnum

import msgspec


class Phase(StrEnum):
    """Where a level stands: rising and falling wait for the on-delay and the off-delay."""

    NORMAL = "normal"
    RISING = "rising"
    RAISED = "raised"
    FALLING = "falling"


class LevelState(msgspec.Struct, frozen=True, array_like=True):
    """One level. since_ms: when the phase began, null in normal."""

    phase: Phase = Phase.NORMAL
    since_ms: int | None = None

    @property
    def standing(self) -> bool:
        """Raised, and not cleared since."""
        return self.phase in {Phase.RAISED, Phase.FALLING}


class RuleState(msgspec.Struct, frozen=True, array_like=True):
    """A rule. seen_ms: the newest reading evaluated. figure_ms: the newest figure made of them.

    memory: what its look carries on. suppressed: whether its condition held when last known.
    untold: levels that readings which came late have raised, with time, value and forecast: told
    when they clear, or when a fresh reading finds them standing.
    """

    seen_ms: int | None = None
    figure_ms: int | None = None
    levels: dict[str, LevelState] = {}
    memory: tuple[float, ...] = ()
    suppressed: bool = False
    untold: dict[str, tuple[int, float | None, int | None]] = {}


NORMAL = LevelState()
