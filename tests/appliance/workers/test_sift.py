"""Sifting points: what is new, what is known, what must be set aside."""

import numpy as np

from appliance.model.batch import POINTS, PlacedBatch, Stored
from appliance.store.points import SLOT_MS, Known
from appliance.store.quarantine import CONFLICTING
from appliance.workers.cut import OLDEST_MS, TOO_NEW, TOO_OLD
from appliance.workers.sift import Sifted, sift
from tests.appliance.plant import DAY_MS, NOON_MS
from tests.appliance.workers.batches import placed

Piece = tuple[int, tuple[int, ...], list[int], list[list[float]]]


def told(
    values: list[list[float | None]], start_ms: int = NOON_MS, step_ms: int = 1
) -> PlacedBatch:
    ids = tuple(range(1, len(values) + 1))
    return placed(
        7, 0, values, epoch=POINTS, metric_ids=ids, start_ms=start_ms, step_ms=step_ms,
        received_ms=NOON_MS,
    )  # fmt: skip


def pieces(sifted: Sifted) -> list[Piece]:
    """First row, metrics, milliseconds since noon and values of each."""
    return [
        (one.first_row, one.metric_ids, (one.times_ms - NOON_MS).tolist(), one.values.tolist())
        for one in sifted.cut.pieces
    ]


def test_new_points_are_numbered_from_the_next_row() -> None:
    sifted = sift(told([[1, 2], [3, 4]]), {}, 40)
    assert pieces(sifted) == [(40, (1, 2), [0, 1], [[1, 2], [3, 4]])]
    assert sifted.stored == Stored(4, 0, 0, 0)
    assert (sifted.batch.first_row, len(sifted.batch.times_ms)) == (40, 2)


def test_what_was_not_told_is_not_stored_as_a_sensor_that_gave_nothing() -> None:
    sifted = sift(told([[1, 2, None, None], [5, None, None, 8]]), {}, 0)
    assert pieces(sifted) == [
        (0, (1, 2), [0], [[1], [5]]),
        (1, (1,), [1], [[2]]),
        (2, (2,), [3], [[8]]),
    ]
    assert sifted.stored == Stored(4, 0)


def test_no_piece_reaches_beyond_a_slot() -> None:
    sifted = sift(told([[1, 2, 3]], NOON_MS - SLOT_MS, SLOT_MS // 2), {}, 0)
    assert [piece[2] for piece in pieces(sifted)] == [[-SLOT_MS, -SLOT_MS // 2], [0]]
    assert DAY_MS % SLOT_MS == 0


def test_known_points_are_left_out_and_others_of_their_time_set_aside() -> None:
    known: Known = {(1, NOON_MS): 1.0, (2, NOON_MS): 9.0, (2, NOON_MS + 1): 4.0, (5, NOON_MS): 1.0}
    batch = told([[1, 2], [3, None]])
    sifted = sift(batch, known, 3)
    assert pieces(sifted) == [(3, (1,), [1], [[2]])]
    assert sifted.stored == Stored(1, 1, conflicting=1)
    (aside,) = sifted.cut.set_aside
    assert aside.reason == CONFLICTING
    assert aside.reading == {"time_ms": NOON_MS, "metric_ids": [2], "readings": [3.0]}
    assert batch.values.tolist()[0] == [1, 2], "the batch may have to be written again"


def test_all_known_is_nothing_new() -> None:
    sifted = sift(told([[1]]), {(1, NOON_MS): 1.0}, 3)
    assert (pieces(sifted), sifted.stored) == ([], Stored(0, 1))
    assert len(sifted.batch.times_ms) == 0


def test_points_beyond_belief_are_set_aside_with_the_reason() -> None:
    span = OLDEST_MS + 3_600_000
    sifted = sift(told([[1, 2], [3, None]], NOON_MS - OLDEST_MS - 1, span + 2), {}, 0)
    assert (pieces(sifted), sifted.stored) == ([], Stored(0, 0, set_aside=3))
    assert [one.reason for one in sifted.cut.set_aside] == [TOO_OLD, TOO_OLD, TOO_NEW]


def test_a_point_set_aside_has_a_number_of_its_own_and_the_same_one_again() -> None:
    many = sift(told([list(range(50)), [1] * 50], NOON_MS - OLDEST_MS - 50), {}, 0)
    numbers = {one.row_number for one in many.cut.set_aside}
    assert len(numbers) == 100
    assert all(-(2**63) <= number < 2**63 for number in numbers)
    again = sift(told([list(range(50)), [1] * 50], NOON_MS - OLDEST_MS - 50), {}, 7)
    assert {one.row_number for one in again.cut.set_aside} == numbers
    assert np.isnan(again.batch.values).sum() == 0
