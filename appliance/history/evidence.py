"""What is known of a device: its rows as runs, its starts as the ledger has them, what was around.

A run is rows of one epoch with consecutive numbers.
"""

from collections.abc import Sequence
from typing import NamedTuple

from appliance.history.plan import Plan
from appliance.history.spans import Span, without


class Run(NamedTuple):
    """Rows first .. stop - 1 of an epoch, when the first and the last of them were taken.

    part: which of the parts that the period is cut into, -1: none, they are its neighbours.
    bounded: of their times only the order is sure.
    """

    epoch: int
    first: int
    stop: int
    first_ms: int
    last_ms: int
    bounded: bool
    part: int

    @property
    def inside(self) -> bool:
        """Whether they are of the period."""
        return self.part >= 0


class Late(NamedTuple):
    """Rows that came late, and when the first and the last of them did."""

    epoch: int
    first: int
    stop: int
    first_ms: int
    last_ms: int
    first_received_ms: int
    last_received_ms: int


class Stream(NamedTuple):
    """A start of the node, as the ledger has it. quarantined: row numbers, ascending."""

    epoch: int
    received: Sequence[Span]
    first_ms: int | None
    last_ms: int | None
    dropped: int
    reset: str | None
    quarantined: Sequence[int] = ()


class Known(NamedTuple):
    """What is known of a device and what was around it; spans of time, in order."""

    streams: Sequence[Stream]
    runs: Sequence[Run] = ()
    late: Sequence[Late] = ()
    point_gaps: Sequence[Span] = ()
    """The last point before and the first after a silence, of a sender that numbers nothing."""
    downtimes: Sequence[Span] = ()
    damaged: Sequence[Span] = ()
    released: Sequence[Span] = ()


class Asked(NamedTuple):
    """The period, up to when it is looked at, and what was expected."""

    from_ms: int
    to_ms: int
    now_ms: int
    plan: Plan
    late_ms: int


def missing(stream: Stream) -> list[Span]:
    """The rows below the highest received that never came."""
    top = stream.received[-1][1] if stream.received else 0
    return list(without([(0, top)], stream.received))
