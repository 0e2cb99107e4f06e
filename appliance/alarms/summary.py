"""What a list of steps comes to: how many alarms, how long, how many at once, what was caught."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
import numpy as np

from appliance.alarms.transition import Step, Transition
from appliance.model.backtest import Difference, Raised, Tried
from appliance.model.incident import Incident

MOST_TIMES = 1000
TEN_MINUTES_MS = 600_000
ACCEPTABLE = 1
"""Alarms that one operator can handle in ten minutes: ISA-18.2, EEMUA 191."""
DAY_MS = 86_400_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Spell(NamedTuple):
    """An alarm from its raise to its clear; None: it stood at the end."""

    level: str
    begin_ms: int
    end_ms: int | None
    value: float | None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """As in BackTest."""

    alarms: int
    longest_seconds: float
    standing_seconds: float
    times: list[Raised]
    truncated: bool
    by_day: list[int]
    worst_10_minutes: int
    acceptable_10_minutes: int
    incidents: list[Tried]
    difference: Difference | None


def summary(
    steps: Sequence[Transition],
    live: Sequence[Transition] | None,
    from_ms: int,
    to_ms: int,
    incidents: Sequence[Incident],
) -> Summary:
    """What happened in from_ms <= t < to_ms; live: what the live version did in it, if any."""
    found = spells(steps)
    lasted = [
        ((to_ms if one.end_ms is None else one.end_ms) - one.begin_ms) / 1000 for one in found
    ]
    begins = np.array([one.begin_ms for one in found], np.int64)
    days = -(-(to_ms - from_ms) // DAY_MS)
    return Summary(
        alarms=len(found),
        longest_seconds=max(lasted, default=0.0),
        standing_seconds=sum(lasted),
        times=[_raised(one) for one in found[:MOST_TIMES]],
        truncated=len(found) > MOST_TIMES,
        by_day=np.bincount((begins - from_ms) // DAY_MS, minlength=days)[:days].tolist(),
        worst_10_minutes=_worst(begins),
        acceptable_10_minutes=ACCEPTABLE,
        incidents=[_tried(one, found, to_ms) for one in incidents],
        difference=None if live is None else _difference(found, spells(live)),
    )


def spells(steps: Sequence[Transition]) -> list[Spell]:
    """The alarms that steps make, by the time they were raised."""
    open_at: dict[str, int] = {}
    found: list[Spell] = []
    for step in steps:
        if step.step is Step.RAISED:
            open_at[step.level] = len(found)
            found.append(Spell(step.level, step.at_ms, None, step.value))
        elif step.step is Step.CLEARED and step.level in open_at:
            at = open_at.pop(step.level)
            found[at] = found[at]._replace(end_ms=step.at_ms)
    return found


def _worst(begins: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> int:
    if not begins.size:
        return 0
    firsts = np.searchsorted(begins, begins - TEN_MINUTES_MS, side="right")
    return int((np.arange(begins.size) - firsts).max()) + 1


def _tried(incident: Incident, found: Sequence[Spell], to_ms: int) -> Tried:
    begin_ms, end_ms = _ms(incident.begin), _ms(incident.end)
    caught = any(
        one.begin_ms < end_ms and (to_ms if one.end_ms is None else one.end_ms) > begin_ms
        for one in found
    )
    return Tried(
        id=incident.id, begin=incident.begin, end=incident.end, title=incident.title, caught=caught
    )


def _difference(found: Sequence[Spell], live: Sequence[Spell]) -> Difference:
    here, there = ({(one.level, one.begin_ms) for one in many} for many in (found, live))
    return Difference(len(here - there), len(there - here))


def _raised(spell: Spell) -> Raised:
    return Raised(
        raised_at=_time(spell.begin_ms),
        cleared_at=None if spell.end_ms is None else _time(spell.end_ms),
        level=spell.level,
        value=spell.value,
    )


def _time(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)


def _ms(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(milliseconds=1)
