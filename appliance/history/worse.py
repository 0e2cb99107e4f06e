"""Which machine gets worse: by its newest score against its usual one, with the reason: pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median_high

from appliance.model.health import HealthScore, Reason, ScoreAt
from appliance.model.insight import Worse

RECENT = timedelta(days=7)
"""The usual score is that of the weeks before these days; of a younger machine, its first."""
LEAST_POINTS = 3.0
"""A smaller loss is none."""
LEAST_LOSS = 0.5
"""What takes less from the score is no reason."""


def worse(health: HealthScore | None, days: Sequence[ScoreAt], now: datetime) -> Worse | None:
    """What a machine lost of its health, None: it keeps it, or nobody knows.

    days: the means of its days, the oldest first.
    """
    if health is None or health.score is None:
        return None
    known = [(one.at, one.score) for one in days if one.score is not None]
    before = [score for at, score in known if now - at >= RECENT]
    if not known:
        return None
    usual = median_high(before) if before else known[0][1]
    lost = usual - health.score
    if lost < LEAST_POINTS:
        return None
    since = health.at
    for at, score in reversed(known):
        if usual - score < LEAST_POINTS:
            break
        since = at
    return Worse(usual=usual, lost=lost, since=since, why=_why(health.reasons))


def _why(reasons: Sequence[Reason]) -> Reason | None:
    """What takes the most."""
    first = max(reasons, key=lambda one: one.loss, default=None)
    return first if first is not None and first.loss >= LEAST_LOSS else None
