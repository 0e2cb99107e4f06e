"""Missing rows and their causes, from the ledger and the rows found; and no row told twice."""

from itertools import pairwise

from hypothesis import given, strategies

from appliance.history.evidence import Asked, Known, Late, Run, Stream
from appliance.history.missing import by_part, classify
from appliance.history.plan import Interval, Plan
from appliance.history.spans import without
from appliance.model.completeness import Cause, Range, What

STEP_MS = 1000
HOUR_MS = 3_600_000
EPOCH, NEXT = 7, 8
PLAN = Plan([Interval(float("inf"), STEP_MS)])
Span = tuple[int, int]


def run(first: int, stop: int, epoch: int = EPOCH, base_ms: int = 0) -> Run:
    """Rows that a node took once a second from base_ms on."""
    taken = (base_ms + first * STEP_MS, base_ms + (stop - 1) * STEP_MS)
    return Run(epoch, first, stop, *taken, bounded=False, part=0)


def stream(*received: Span, epoch: int = EPOCH, base_ms: int = 0, **more: object) -> Stream:
    first_ms = base_ms + received[0][0] * STEP_MS
    last_ms = base_ms + (received[-1][1] - 1) * STEP_MS
    told = {"dropped": 0, "reset": None} | more
    return Stream(epoch, received, first_ms, last_ms, **told)


def known(streams: list[Stream], runs: list[Run], **more: object) -> Known:
    nothing = dict.fromkeys(("late", "point_gaps", "downtimes", "damaged", "released"), ())
    return Known(streams, runs, **(nothing | more))


def asked(to_ms: int) -> Asked:
    """Up to just after the last row, so that no silence is part of the answer."""
    return Asked(0, to_ms, to_ms, PLAN, 60_000)


def told(found: list[Range], what: What) -> list[tuple[Cause, int | None, int]]:
    return [(one.cause, one.first_row, one.rows) for one in found if one.what is what]


def test_rows_that_the_node_says_it_dropped_were_overrun() -> None:
    there = known([stream((0, 10), (30, 40), dropped=20)], [run(0, 10), run(30, 40)])
    found = classify(there, asked(40_000))
    assert told(found, What.MISSING) == [(Cause.OVERRUN, 10, 20)]
    [one] = found
    assert (one.from_ms, one.to_ms, one.behind) == (10_000, 30_000, Cause.NETWORK)


def test_an_overrun_while_the_appliance_was_down_is_the_appliances() -> None:
    there = known(
        [stream((0, 10), (30, 40), dropped=20)],
        [run(0, 10), run(30, 40)],
        downtimes=[(9_000, 31_000)],
    )
    [one] = classify(there, asked(40_000))
    assert (one.cause, one.behind) == (Cause.OVERRUN, Cause.BOX_DOWN)


def test_rows_that_nothing_tells_of_have_no_cause() -> None:
    there = known([stream((0, 10), (12, 40))], [run(0, 10), run(12, 40)])
    assert told(classify(there, asked(40_000)), What.MISSING) == [(Cause.UNKNOWN, 10, 2)]


def test_a_quarantined_row_is_not_missing_and_not_unreadable() -> None:
    there = known([stream((0, 40), quarantined=(10,))], [run(0, 10), run(11, 40)])
    assert classify(there, asked(40_000)) == []


def test_rows_in_a_damaged_file_were_received() -> None:
    there = known([stream((0, 40))], [run(0, 10), run(30, 40)], damaged=[(10_000, 30_000)])
    assert told(classify(there, asked(40_000)), What.UNREADABLE) == [(Cause.DAMAGED, 10, 20)]


def test_between_two_starts_the_node_was_off_unless_it_says_that_it_restarted() -> None:
    streams = [stream((0, 10)), stream((0, 10), epoch=NEXT, base_ms=HOUR_MS)]
    runs = [run(0, 10), run(0, 10, NEXT, HOUR_MS)]
    end = asked(HOUR_MS + 10_000)
    [off] = classify(known(streams, runs), end)
    assert (off.what, off.cause, off.exact) == (What.MISSING, Cause.NODE_OFF, False)
    assert (off.from_ms, off.to_ms) == (10_000, HOUR_MS)
    streams[1] = streams[1]._replace(reset="watchdog")
    [restart] = classify(known(streams, runs), end)
    assert (restart.cause, restart.reset) == (Cause.RESTART, "watchdog")


def test_late_rows_are_told_with_what_held_them() -> None:
    late = Late(EPOCH, 10, 20, 10_000, 19_000, HOUR_MS, HOUR_MS)
    there = known([stream((0, 40))], [run(0, 40)], late=[late])
    assert told(classify(there, asked(40_000)), What.LATE) == [(Cause.NETWORK, 10, 10)]
    down = there._replace(downtimes=[(5_000, HOUR_MS)])
    assert told(classify(down, asked(40_000)), What.LATE) == [(Cause.BOX_DOWN, 10, 10)]


def test_rows_that_a_node_had_not_sent_when_it_was_switched_off_are_late_for_that() -> None:
    """A minute of rows is kept, the node is off for an hour, and sends them at its next start."""
    late = Late(EPOCH, 0, 60, 0, 59_000, HOUR_MS + 61_000, HOUR_MS + 62_000)
    streams = [stream((0, 60)), stream((0, 10), epoch=NEXT, base_ms=HOUR_MS + 60_000)]
    runs = [run(0, 60), run(0, 10, NEXT, HOUR_MS + 60_000)]
    found = classify(known(streams, runs, late=[late]), asked(HOUR_MS + 70_000))
    assert told(found, What.LATE) == [(Cause.NODE_OFF, 0, 60)]


def test_nothing_since_is_silence() -> None:
    there = known([stream((0, 10))], [run(0, 10)])
    [one] = classify(there, Asked(0, HOUR_MS, HOUR_MS, PLAN, 60_000))
    assert (one.what, one.cause, one.exact) == (What.MISSING, Cause.SILENT, False)


def test_a_silence_expects_by_the_interval_of_its_time() -> None:
    """Once a second for the first ten minutes after it, then once a minute."""
    plan = Plan([Interval(609_000, STEP_MS), Interval(float("inf"), 60_000)])
    streams = [stream((0, 10)), stream((0, 10), epoch=NEXT, base_ms=HOUR_MS + 9_000)]
    runs = [run(0, 10), run(0, 10, NEXT, HOUR_MS + 9_000)]
    end = HOUR_MS + 20_000
    [off] = classify(known(streams, runs), Asked(0, end, end, plan, 60_000))
    assert off.rows == 600 + 50 - 1
    [half] = classify(known(streams, runs), Asked(309_000, 909_000, end, plan, 60_000))
    assert half.rows == 300 + 5
    assert (half.from_ms, half.to_ms) == (309_000, 909_000)


@given(strategies.lists(strategies.integers(1, 5), min_size=1, max_size=5), strategies.data())
def test_rows_expected_of_parts_are_those_of_the_whole(
    intervals: list[int], data: strategies.DataObject
) -> None:
    plan = Plan([Interval(60.0 * n + 60, 60 * each) for n, each in enumerate(intervals)])
    cuts = data.draw(strategies.lists(strategies.integers(0, 600), min_size=2, max_size=6))
    parts = [plan.rows(*part) for part in pairwise(sorted(cuts))]
    whole = plan.rows(min(cuts), max(cuts))
    assert abs(sum(parts) - whole) < 1e-4
    assert abs(plan.after(min(cuts), whole) - max(cuts)) < 0.1


@given(strategies.lists(strategies.integers(0, 1000), min_size=2, max_size=9))
def test_rows_of_a_range_are_parted_without_a_rest(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), 1000]
    one = Range(what=What.MISSING, cause=Cause.SILENT, from_ms=0, to_ms=1000, rows=777)
    parts = by_part([one], edges)
    assert sum(parts) == 777
    assert min(parts) >= 0


spans = strategies.lists(strategies.integers(1, 500), min_size=2, max_size=20, unique=True).map(
    lambda cuts: [(a, b) for a, b in pairwise(sorted(cuts))][::2]
)


@given(spans, strategies.integers(0, 300))
def test_every_row_is_received_or_in_exactly_one_missing_range(
    received: list[Span], dropped: int
) -> None:
    top = received[-1][1]
    there = known([stream(*received, dropped=dropped)], [run(*each) for each in received])
    found = classify(there, asked(top * STEP_MS))
    rows = [
        row
        for one in found
        if one.what is What.MISSING and one.first_row is not None
        for row in range(one.first_row, one.first_row + one.rows)
    ]
    rows += [row for each in received for row in range(*each)]
    assert sorted(rows) == list(range(top))


@given(spans, spans)
def test_what_is_left_of_spans_is_in_them_and_in_no_other(
    whole: list[Span], taken: list[Span]
) -> None:
    def rows(parts: object) -> set[int]:
        return {row for part in parts for row in range(*part)}

    assert rows(without(whole, taken)) == rows(whole) - rows(taken)
