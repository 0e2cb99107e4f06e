"""A long run is taken in parts of which most are skipped; no step comes otherwise by it."""

import numpy as np
import pytest

from appliance.alarms.evaluation import PART_ROWS, Evaluation, run_of
from appliance.alarms.look import view
from tests.appliance.alarms.test_look import FACTS, rule

ROWS = 6 * PART_ROWS + 77
LEVELS = ({"h": 58.0}, {"l": 42.0}, {"ll": 35.0, "l": 42.0, "h": 58.0, "hh": 65.0})


def readings(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Calm but for some spells, with gaps, and missing values, also at the borders of parts."""
    chance = np.random.default_rng(seed)
    steps = np.full(ROWS, 1000)
    steps[chance.integers(0, ROWS, 20)] = 3_600_000
    steps[PART_ROWS * chance.integers(1, 6, 2)] = 3_600_000
    values = 50 + chance.normal(0, 1, ROWS)
    for begin in [*chance.integers(0, ROWS, 12), PART_ROWS - 5, 3 * PART_ROWS]:
        values[begin : begin + chance.integers(1, 400)] += chance.choice([-18, -9, 9, 18])
    values[chance.integers(0, ROWS, 50)] = np.nan
    return np.cumsum(steps), values


@pytest.mark.parametrize("look", LEVELS)
@pytest.mark.parametrize("seed", range(6))
def test_a_long_run_is_taken_as_its_pieces_are(look: dict[str, float], seed: int) -> None:
    times, values = readings(seed)
    asked = rule(
        {"kind": "threshold"} | look, deadband=2.0, on_delay_seconds=float(seed % 3 * 4),
        off_delay_seconds=float(seed % 2 * 7),
    )  # fmt: skip
    looked = view(asked, FACTS)
    whole, cut = Evaluation(looked), Evaluation(looked)
    steps = whole.take(run_of(times, values))
    pieces = []
    for begin in range(0, ROWS, 501):
        pieces += cut.take(run_of(times[begin : begin + 501], values[begin : begin + 501]))
    assert steps == pieces
    assert whole.state == cut.state
    assert len(steps) > 4, "a test of nothing"
