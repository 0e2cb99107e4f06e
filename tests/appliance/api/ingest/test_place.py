import numpy as np
import pytest

from appliance.api.ingest.place import between, identify, signed
from appliance.errors import BadRequest, Unprocessable
from appliance.model.ids import MetricId
from appliance.store.ledger import Bounds

METRICS = {"temperature": MetricId(1), "gas": MetricId(2)}
UPTIMES = np.array([0, 1000, 5000])


def test_an_unknown_start_is_the_earliest_possible_one() -> None:
    placed = between(Bounds(None, 10_000, 90_000), UPTIMES, created_ms=1, received_ms=100_000)
    assert placed.tolist() == [10_000, 11_000, 15_000]


def test_the_rows_of_an_epoch_keep_their_spacing_from_one_post_to_the_next() -> None:
    bounds = Bounds(None, 10_000, None)
    first = between(bounds, UPTIMES, created_ms=1, received_ms=100_000)
    second = between(bounds, UPTIMES + 6000, created_ms=1, received_ms=200_000)
    assert np.concatenate([first, second]).tolist() == [
        10_000,
        11_000,
        15_000,
        16_000,
        17_000,
        21_000,
    ]


def test_a_device_never_heard_of_started_after_it_was_made_here() -> None:
    placed = between(Bounds(None, None, None), UPTIMES, created_ms=20_000, received_ms=100_000)
    assert placed.tolist() == [20_000, 21_000, 25_000]


def test_a_device_that_ran_before_it_was_made_here_ends_when_it_is_heard() -> None:
    placed = between(Bounds(None, None, None), UPTIMES, created_ms=99_000, received_ms=100_000)
    assert placed.tolist() == [99_000, 100_000, 100_000]


@pytest.mark.parametrize("created_ms", [1, 60_000, 95_000, 99_000, 10**9])
@pytest.mark.parametrize("before_ms", [None, 2, 99_999, 10**9])
def test_the_rows_of_two_posts_keep_their_order(created_ms: int, before_ms: int | None) -> None:
    bounds = Bounds(None, before_ms, None)
    first = between(bounds, UPTIMES, created_ms, received_ms=100_000)
    second = between(bounds, UPTIMES + 20_000, created_ms, received_ms=101_000)
    assert first[-1] <= second[0]
    assert first[-1] <= 100_000
    assert second[-1] <= 101_000


@pytest.mark.parametrize("after_ms", [12_000, None])
def test_no_row_is_placed_after_what_is_known_to_be_later(after_ms: int | None) -> None:
    placed = between(Bounds(None, 10_000, after_ms), UPTIMES, created_ms=1, received_ms=12_000)
    assert placed.tolist() == [10_000, 11_000, 12_000]


def test_bounds_that_contradict_each_other_keep_the_order() -> None:
    placed = between(Bounds(None, 50_000, 40_000), UPTIMES, created_ms=1, received_ms=60_000)
    assert placed.tolist() == [50_000, 50_000, 50_000]


def test_metrics_are_known_by_name() -> None:
    assert identify(METRICS, ["gas", "temperature"]) == (2, 1)
    with pytest.raises(Unprocessable, match="'colour'"):
        identify(METRICS, ["gas", "colour"])
    with pytest.raises(BadRequest, match=r"metrics\[1\]"):
        identify(METRICS, ["gas", "gas"])


def test_an_epoch_is_its_64_bits() -> None:
    assert signed("0000000000000001") == 1
    assert signed("ffffffffffffffff") == -1
    assert signed("8000000000000000") == -(2**63)
