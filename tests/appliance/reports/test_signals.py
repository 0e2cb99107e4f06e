"""Signals, counted page by page: hand-made figures, and no difference by how it is cut."""

import hashlib
import struct
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.report import Limit
from appliance.model.rule import Level, RuleKind
from appliance.reports.signals import Signal, Window

MINUTE = 60_000
DAY = 86_400_000


def window(*, hold_ms: int = 3 * MINUTE, days: int = 1, shifts: tuple[int, ...] = ()) -> Window:
    edges = np.arange(days + 1, dtype=np.int64) * DAY
    return Window(-DAY, 0, days * DAY, hold_ms, edges, np.array(shifts, np.int64))


def limit(value: float, level: Level = Level.H, begin: int = 0, end: int = DAY) -> Limit:
    return Limit(
        rule_id=1,
        device_id=1,
        device="a",
        kind=RuleKind.THRESHOLD,
        level=level,
        metric="temperature",
        unit_label="°C",
        limit=value,
        deadband=0.0,
        on_delay_seconds=0.0,
        off_delay_seconds=0.0,
        priority=2,
        message="",
        enabled=True,
        set_at=None,
        set_by=None,
        in_force=at(begin),
        in_force_until=at(end),
    )


def at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def counted(signal: Signal, times: list[int], values: list[float], pages: int = 1) -> Signal:
    for part in np.array_split(np.arange(len(times)), pages):
        signal.add(np.array(times, np.int64)[part], np.array(values)[part])
    signal.finish()
    return signal


def test_time_out_of_tolerance_by_hand() -> None:
    """One reading a minute; above 100 from minute 2 to 4 and from 7 to the hold's end at 10."""
    times = [0, MINUTE, 2 * MINUTE, 3 * MINUTE, 4 * MINUTE, 5 * MINUTE, 6 * MINUTE, 7 * MINUTE]
    values = [90.0, 100.0, 101.0, 120.0, 90.0, 80.0, 79.0, 110.0]
    limits = [limit(100.0), limit(80.0, Level.L)]
    signal = counted(Signal(window(), limits), times, values)
    high, low = signal.spells()
    assert high.times.tolist() == [[2 * MINUTE, 7 * MINUTE], [4 * MINUTE, 10 * MINUTE]]
    assert low.times.tolist() == [[6 * MINUTE], [7 * MINUTE]]
    assert high.known_ms == 10 * MINUTE
    assert signal.beyond_ms.tolist() == [6 * MINUTE]
    assert signal.mean == round((90 + 100 + 101 + 120 + 90 + 80 + 79 + 3 * 110) / 10, 6)
    assert (signal.min_at, signal.max_at) == ((79.0, 6 * MINUTE), (120.0, 3 * MINUTE))
    assert signal.coverage == round(10 / 1440, 6)


def test_a_limit_counts_only_while_it_is_in_force() -> None:
    limits = [limit(100.0, end=90_000), limit(50.0, begin=90_000)]
    signal = counted(Signal(window(), limits), [0, MINUTE, 2 * MINUTE], [101.0, 101.0, 60.0])
    before, after = signal.spells()
    assert before.times.tolist() == [[0], [90_000]]
    assert after.times.tolist() == [[90_000], [5 * MINUTE]]
    assert (before.known_ms, after.known_ms) == (90_000, 5 * MINUTE - 90_000)


def test_what_was_read_before_the_period_holds_into_it_and_is_no_extreme() -> None:
    signal = counted(Signal(window(), [limit(100.0)]), [-MINUTE, MINUTE], [500.0, 50.0])
    assert signal.spells()[0].times.tolist() == [[0], [MINUTE]]
    assert signal.max_at == (50.0, MINUTE)
    assert (signal.rows, signal.readings) == (2, 1)


def test_the_hash_is_of_times_and_values_in_order() -> None:
    signal = counted(Signal(window(), []), [2000, 1000, 1000], [float("nan"), 2.0, -0.0])
    rows = [(1000, 0.0), (1000, 2.0), (2000, np.nan)]
    expected = b"".join(struct.pack("<qd", *row) for row in rows)
    assert signal.sha256 == hashlib.sha256(expected).hexdigest()


def test_a_shift_is_weighted_by_time() -> None:
    hour = 60 * MINUTE
    shifts = (0, 8 * hour)
    signal = Signal(window(hold_ms=8 * hour, shifts=shifts), [])
    counted(signal, [0, 2 * hour, 4 * hour, 8 * hour], [150.0, 75.0, 50.0, 9.0])
    assert signal.shifts.means() == [81.25]


def test_a_switch_counts_as_on_or_off() -> None:
    signal = counted(Signal(window(), [], switch=True), [0, MINUTE, 2 * MINUTE], [7.0, 0.4, 0.5])
    assert signal.days.total.tolist() == [4 * MINUTE]


def test_a_signal_without_readings_knows_nothing() -> None:
    signal = counted(Signal(window(), [limit(1.0)], short=True), [], [])
    assert (signal.mean, signal.coverage, signal.min_at, signal.short) == (None, 0.0, None, None)
    assert signal.spells()[0].times.shape == (2, 0)


@given(
    st.lists(st.tuples(st.integers(-40, 300), st.integers(0, 9)), min_size=1, max_size=60),
    st.integers(1, 8),
)
def test_it_does_not_matter_where_pages_end(rows, pages) -> None:
    rows = sorted(dict(rows).items())
    times = [time * 20_000 for time, _ in rows]
    values = [float(value) if value else np.nan for _, value in rows]

    def told(number: int) -> tuple[object, ...]:
        shifts = (-DAY // 3, DAY // 3)
        signal = Signal(window(hold_ms=MINUTE, shifts=shifts), [limit(5.0)], short=True)
        counted(signal, times, values, number)
        return (
            signal.sha256,
            signal.spells()[0].times.tolist(),
            signal.beyond_ms.tolist(),
            signal.course.means(),
            signal.shifts.means(),
            signal.mean,
            signal.coverage,
            signal.short and (pytest.approx(signal.short[0]), signal.short[1]),
            signal.min_at,
            signal.max_at,
            signal.day_range.tolist() if signal.min_at else None,
        )

    assert told(pages) == told(1)
