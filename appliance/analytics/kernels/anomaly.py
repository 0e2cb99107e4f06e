"""The default anomaly detector, one reading at a time: four kinds of surprise, each judged by how
rare it has been in this very series, then one alarm for one event.

step: how far the value jumped. season: how far the mean of six is from earlier days at this time
of day. patterns: how far the shape of the last 12 and 24 readings is from the nearest known one.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

KINDS = 4
PATTERNS = (2, 4)  # readings averaged into one point of a pattern
POINTS = 6
RECENT = 24  # readings kept: the longest pattern
SHORT = 6  # readings averaged before the season is asked
SLOT_MS = 900_000
SLOTS = 96
DAY_MS = 86_400_000
DAYS_TO_LEARN = 3
OLD_DAYS_WEIGH = 0.1  # the newest day's weight in what is usual at this time of day
LEARN = 200  # surprises seen before one is judged
RARE = 0.02  # the share of surprises beyond which rarity is extrapolated
BINS, OCTAVE = 768, 8.0  # the histogram of surprises: so many bins to each doubling
FORGET = 8192.0  # surprises after which the older half weighs half
FLOOR = 0.05  # of the series' own spread: surprises are never told apart more finely
NEW_PATTERN = 0.5  # of a rare distance: a pattern this far from the known ones is kept
SPREAD_MEMORY = 5000
RUNG = 0.5  # what is left of the evidence while an alarm is held


class Memory(NamedTuple):
    """All that is remembered of one series; it never grows."""

    counts: Floats  # [KINDS, BINS] surprises by size
    sums: Floats  # [KINDS, BINS] and their sum
    tails: Floats  # [KINDS, 3] seen, size of a rare one, mean excess over that
    slots: Floats  # [SLOTS, 5] usual, days, today's sum, its count, today
    recent: Floats  # [RECENT] the last readings, a ring
    known: Floats  # [2, most, POINTS] patterns
    used: Integers  # [2, most] the row that last came near
    waiting: Floats  # [2, RECENT, POINTS] patterns still too young to be known, a ring
    spread: Floats  # [2] mean, mean deviation
    rows: Integers  # [4] readings, short and long patterns known, the row of the last alarm


@njit(nogil=True, cache=True)
def advance(
    memory: Memory, times_ms: Integers, values: Floats, alarm: float, hold_rows: int, out: Floats
) -> None:
    """out: evidence of each reading (mean −log10 of rarity), seen from those up to it.

    Evidence of `alarm` and more is an alarm; for hold_rows after it, less than that is told.
    Missing (not finite): 0, and nothing is learnt.
    """
    for i in range(values.size):
        out[i] = 0.0
        if not np.isfinite(values[i]):
            continue
        evidence = _evidence(memory, times_ms[i], values[i])
        row = memory.rows[0]
        memory.rows[0] = row + 1
        if row - memory.rows[3] <= hold_rows:
            evidence = RUNG * min(evidence, alarm)
        elif evidence >= alarm:
            memory.rows[3] = row
        out[i] = evidence


@njit(nogil=True, cache=True)
def _evidence(memory: Memory, time_ms: int, value: float) -> float:
    row = memory.rows[0]
    before = memory.recent[(row - 1) % RECENT] if row else value
    memory.recent[row % RECENT] = value
    memory.spread[0] += (value - memory.spread[0]) / min(row + 1, SPREAD_MEMORY)
    off = abs(value - memory.spread[0])
    memory.spread[1] += (off - memory.spread[1]) / min(row + 1, SPREAD_MEMORY)
    total = 0.0
    for kind in range(KINDS):
        if kind == 0:
            surprise = abs(value - before) if row else -1.0
        elif kind == 1:
            surprise = _off_season(memory, time_ms)
        else:
            surprise = _off_patterns(memory, kind - 2)
        if surprise >= 0:
            total += _rarity(memory, kind, surprise)
    return total / KINDS


@njit(nogil=True, cache=True)
def _rarity(memory: Memory, kind: int, surprise: float) -> float:
    """−log10 of how often a surprise is as large as this one; 0 if that is not rare, or unknown.

    Beyond what is rare the tail is taken to be exponential. Then the surprise is remembered.
    """
    counts, sums, tail = memory.counts[kind], memory.sums[kind], memory.tails[kind]
    rarity = 0.0
    if tail[0] >= LEARN and surprise > tail[1]:
        scale = tail[2] + FLOOR * memory.spread[1]
        beyond = (surprise - tail[1]) / scale if scale > 0 else 0.0
        rarity = (beyond - np.log(RARE)) / np.log(10.0)
    place = int(np.floor(np.log2(surprise) * OCTAVE)) + BINS // 2 if surprise > 0 else 0
    place = min(max(place, 0), BINS - 1)
    counts[place] += 1
    sums[place] += surprise
    tail[0] += 1
    if tail[0] > FORGET:
        counts *= 0.5
        sums *= 0.5
        tail[0] *= 0.5
    if int(tail[0]) % 16 == 0:
        _fit(counts, sums, tail)
    return rarity


@njit(nogil=True, cache=True)
def _fit(counts: Floats, sums: Floats, tail: Floats) -> None:
    """How large a surprise is rare, and by how much the rare ones exceed that on average."""
    wanted, count, total = RARE * tail[0], 0.0, 0.0
    place = BINS - 1
    while place > 0 and count + counts[place] < wanted:
        count += counts[place]
        total += sums[place]
        place -= 1
    if counts[place] > 0:
        tail[1] = sums[place] / counts[place]
        tail[2] = (total + (wanted - count) * tail[1]) / wanted - tail[1]


@njit(nogil=True, cache=True)
def _mean_of_last(memory: Memory, skip: int, number: int) -> float:
    """The mean of `number` readings, `skip` before the newest."""
    total = 0.0
    for back in range(skip, skip + number):
        total += memory.recent[(memory.rows[0] - back) % RECENT]
    return total / number


@njit(nogil=True, cache=True)
def _off_season(memory: Memory, time_ms: int) -> float:
    """How far from what is usual at this time of day; -1 if that is not known yet."""
    slot, day = memory.slots[(time_ms % DAY_MS) // SLOT_MS], float(time_ms // DAY_MS)
    value = _mean_of_last(memory, 0, min(SHORT, memory.rows[0] + 1))
    if slot[3] and slot[4] != day:  # a day is over: it becomes part of what is usual
        slot[1] += 1
        slot[0] += max(OLD_DAYS_WEIGH, 1 / slot[1]) * (slot[2] / slot[3] - slot[0])
        slot[2], slot[3] = 0.0, 0.0
    slot[2] += value
    slot[3] += 1
    slot[4] = day
    return abs(value - slot[0]) if slot[1] >= DAYS_TO_LEARN else -1.0


@njit(nogil=True, cache=True)
def _off_patterns(memory: Memory, scale: int) -> float:
    """How far the last readings are from the nearest known pattern; -1 if too little is known.

    A pattern may be known once it is past: it must not be compared with its own beginning.
    """
    row, step = memory.rows[0], PATTERNS[scale]
    if row < RECENT - 1:
        return -1.0
    pattern = np.empty(POINTS)
    for k in range(POINTS):
        pattern[k] = _mean_of_last(memory, k * step, step)
    off = _nearest(memory, scale, pattern) if row >= LEARN else -1.0
    waiting = memory.waiting[scale, row % RECENT]
    if row >= 2 * RECENT - 1:
        _keep(memory, scale, waiting)
    waiting[:] = pattern
    return off


@njit(nogil=True, cache=True)
def _nearest(memory: Memory, scale: int, pattern: Floats) -> float:
    """The root mean square distance to the nearest known pattern, which is thereby used."""
    known = memory.known[scale]
    best, at = np.inf, -1
    for k in range(memory.rows[1 + scale]):
        off = 0.0
        for point in range(POINTS):
            off += (pattern[point] - known[k, point]) ** 2
            if off >= best:
                break
        if off < best:
            best, at = off, k
    if at >= 0:
        memory.used[scale, at] = memory.rows[0]
    return float(np.sqrt(best / POINTS))


@njit(nogil=True, cache=True)
def _keep(memory: Memory, scale: int, pattern: Floats) -> None:
    """Know a pattern if it is new; where there is no room, in place of the longest unused."""
    number = memory.rows[1 + scale]
    if number and _nearest(memory, scale, pattern) <= NEW_PATTERN * memory.tails[2 + scale, 1]:
        return
    if number < memory.known.shape[1]:
        place = number
        memory.rows[1 + scale] += 1
    else:
        place = memory.used[scale].argmin()
    memory.known[scale, place] = pattern
    memory.used[scale, place] = memory.rows[0]
