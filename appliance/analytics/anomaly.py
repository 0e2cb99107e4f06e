"""The default anomaly detector: readings in, scores from 0 to 1 out, one alarm for one event."""

import math

import numpy as np
from numpy.typing import ArrayLike

from appliance.analytics.checked import Floats, floats
from appliance.analytics.kernels import anomaly as kernel

ALARM = 0.5
"""A score from here on is an alarm."""
ALARM_EVIDENCE = 1.5
"""The evidence (mean −log10 of rarity over four kinds of surprise) that scores 0.5. Set once for
all series on 26 series of the Numenta Anomaly Benchmark v1.1; docs/analytics.md tells how, and
that anything from 1.3 to 1.8 does nearly as well."""
HOLD_ROWS = 200
"""For so many readings after an alarm the score stays below 0.5: one event is one alarm."""
MOST_PATTERNS = 1024


class Detector:
    """Watches one series. Its memory is bounded, and a score depends only on what came before.

    Scores are 0 until a few hundred readings are seen; what is usual at a time of day takes three
    days more. Feed it readings that are minutes apart (means, where they come faster).
    """

    def __init__(self, hold_rows: int = HOLD_ROWS, alarm_evidence: float = ALARM_EVIDENCE) -> None:
        if hold_rows < 0 or not 0 < alarm_evidence < math.inf:
            raise ValueError(f"no hold of {hold_rows} rows, no alarm at {alarm_evidence}")
        self._hold_rows = hold_rows
        self._alarm_evidence = float(alarm_evidence)
        self._memory = _nothing()

    def score(self, times_ms: ArrayLike, values: ArrayLike) -> Floats:
        """Score the next readings, in the order they came; times may repeat or step back.

        How a series is cut into calls makes no difference. A missing value (not finite) scores 0.
        """
        times, row = np.ascontiguousarray(times_ms, np.int64), floats(values)
        if times.shape != row.shape:
            raise ValueError(f"times {times.shape} and values {row.shape} do not match")
        evidence = np.empty(row.size)
        kernel.advance(self._memory, times, row, self._alarm_evidence, self._hold_rows, evidence)
        return evidence / (evidence + self._alarm_evidence)


def _nothing() -> kernel.Memory:
    return kernel.Memory(
        counts=np.zeros((kernel.KINDS, kernel.BINS)),
        sums=np.zeros((kernel.KINDS, kernel.BINS)),
        tails=np.zeros((kernel.KINDS, 3)),
        slots=np.zeros((kernel.SLOTS, 5)),
        recent=np.zeros(kernel.RECENT),
        known=np.zeros((2, MOST_PATTERNS, kernel.POINTS)),
        used=np.zeros((2, MOST_PATTERNS), np.int64),
        waiting=np.zeros((2, kernel.RECENT, kernel.POINTS)),
        spread=np.zeros(2),
        rows=np.array([0, 0, 0, -(2**40)]),
    )
