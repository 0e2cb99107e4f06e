"""Cutting a batch: nothing is lost, nothing is twice, everything is in its day."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.batch import PlacedBatch
from appliance.store.quarantine import NEWEST_MS
from appliance.workers.cut import DAY_MS, OLDEST_MS, TOO_NEW, TOO_OLD, Cut, believed
from appliance.workers.cut import cut as cut_good
from tests.appliance.plant import NOON_MS
from tests.appliance.workers.batches import placed

MIDNIGHT_MS = NOON_MS + DAY_MS // 2


def cut(batch: PlacedBatch, received: list[tuple[int, int]]) -> Cut:
    return cut_good(batch, believed(batch), received)


def days(batch: PlacedBatch) -> set[int]:
    return believed(batch).days


def test_a_batch_that_is_all_new_and_in_one_day_is_one_piece() -> None:
    batch = placed(1, 5, [1, 2, 3])
    pieces, set_aside, fresh = cut(batch, [])
    assert (pieces, set_aside, fresh) == ([batch], [], 3)


def test_rows_that_are_received_are_left_out() -> None:
    pieces, _, fresh = cut(placed(1, 10, [0, 1, 2, 3, 4, 5]), [(15, 99), (12, 13), (0, 10)])
    assert fresh == 4
    assert [(piece.first_row, piece.values.tolist()) for piece in pieces] == [
        (10, [[0, 1]]),
        (13, [[3, 4]]),
    ]


def test_a_batch_that_is_all_received_is_nothing() -> None:
    assert cut(placed(1, 10, [0, 1]), [(0, 11), (11, 20)]) == ([], [], 0)


def test_a_batch_across_midnight_is_two_pieces() -> None:
    pieces, _, _ = cut(placed(1, 0, [1, 2, 3], start_ms=MIDNIGHT_MS - 2000), [])
    assert [piece.times_ms.tolist() for piece in pieces] == [
        [MIDNIGHT_MS - 2000, MIDNIGHT_MS - 1000],
        [MIDNIGHT_MS],
    ]


def test_a_batch_of_many_days_has_a_piece_for_each() -> None:
    batch = placed(1, 0, range(10), step_ms=DAY_MS)
    assert [piece.first_row for piece in cut(batch, []).pieces] == list(range(10))
    assert len(days(batch)) == 10


def test_rows_too_old_and_too_new_are_set_aside_with_the_reason() -> None:
    batch = placed(
        1,
        7,
        [[1, 2, 3], [None, None, None]],
        metric_ids=(2, 1),
        start_ms=NOON_MS - OLDEST_MS - 1,
        step_ms=OLDEST_MS + NEWEST_MS // 2 + 1,
        received_ms=NOON_MS,
    )
    batch.times_ms[1:] = [NOON_MS - OLDEST_MS, NOON_MS + NEWEST_MS + 1]
    pieces, set_aside, fresh = cut(batch, [])
    assert fresh == 3
    assert [piece.first_row for piece in pieces] == [8]
    assert [(row.row_number, row.reason) for row in set_aside] == [(7, TOO_OLD), (9, TOO_NEW)]
    assert days(batch) == {(NOON_MS - OLDEST_MS) // DAY_MS}
    # JSON has no NaN: what the sensor did not give is null
    assert set_aside[0].reading == {
        "time_ms": NOON_MS - OLDEST_MS - 1,
        "metric_ids": (2, 1),
        "readings": [1.0, None],
    }


def test_days_between_that_have_no_rows_are_not_its_days() -> None:
    batch = placed(1, 0, [1, 2], step_ms=300 * DAY_MS)
    assert days(batch) == {NOON_MS // DAY_MS, NOON_MS // DAY_MS + 300}


def test_a_batch_whose_times_are_all_beyond_belief_has_no_pieces() -> None:
    batch = placed(1, 0, [1, 2], received_ms=NOON_MS - DAY_MS)
    pieces, set_aside, fresh = cut(batch, [(1, 2)])
    assert (pieces, fresh) == ([], 1)
    assert [row.row_number for row in set_aside] == [0]
    assert believed(batch).span == (None, None)


def test_a_batch_without_rows_is_cut_into_nothing() -> None:
    assert cut(placed(1, 9, []), [(0, 9)]) == ([], [], 0)
    assert days(placed(1, 9, [])) == set()


@given(
    first=st.integers(0, 40),
    gaps=st.lists(st.integers(0, DAY_MS), min_size=1, max_size=30),
    received=st.lists(st.tuples(st.integers(0, 70), st.integers(0, 20))),
)
def test_the_pieces_are_exactly_the_new_rows(
    first: int, gaps: list[int], received: list[tuple[int, int]]
) -> None:
    batch = placed(1, first, range(len(gaps)), received_ms=NOON_MS + 30 * DAY_MS)
    batch.times_ms[:] = NOON_MS + np.cumsum(gaps)
    taken = [(start, start + length) for start, length in received]
    pieces, set_aside, fresh = cut(batch, taken)
    assert not set_aside
    new = [first + i for i in range(len(gaps)) if not any(lo <= first + i < hi for lo, hi in taken)]
    rows = [
        (piece.first_row + i, int(time_ms), float(value))
        for piece in pieces
        for i, (time_ms, value) in enumerate(zip(piece.times_ms, piece.values[0], strict=True))
    ]
    assert rows == [(row, int(batch.times_ms[row - first]), row - first) for row in new]
    assert fresh == len(new)
    for piece in pieces:
        assert len({int(time_ms) // DAY_MS for time_ms in piece.times_ms}) == 1
        assert int(piece.times_ms[0]) // DAY_MS in days(batch)
