"""The benchmark's scorer, against scores worked out by hand."""

import json
import math

import numpy as np
import pytest

from tests.bench import nab

STANDARD, LOW_FP, LOW_FN = nab.PROFILES.values()
EDGE = 2 / (1 + math.exp(-5)) - 1  # S(-1)


def detected(rows: int, *at: int) -> np.ndarray:
    return np.isin(np.arange(rows), at)


def scored(at: list[int], windows: list[tuple[int, int]], by: nab.Profile = STANDARD) -> float:
    return nab.points(detected(100, *at), windows, by)


def test_a_hit_on_the_first_row_of_a_window_is_worth_one() -> None:
    assert scored([40], [(40, 49)]) == pytest.approx(1.0)


def test_a_hit_on_the_last_row_is_worth_little() -> None:
    assert scored([49], [(40, 49)]) == pytest.approx((2 / (1 + math.exp(-0.5)) - 1) / EDGE)


def test_a_window_counts_its_best_row_alone() -> None:
    assert scored([40, 43, 49], [(40, 49)]) == pytest.approx(1.0)


@pytest.mark.parametrize(("by", "missed"), [(STANDARD, -1), (LOW_FP, -1), (LOW_FN, -2)])
def test_a_missed_window_costs(by: nab.Profile, missed: float) -> None:
    assert scored([], [(40, 49)], by) == missed


@pytest.mark.parametrize(("by", "weight"), [(STANDARD, 0.11), (LOW_FP, 0.22), (LOW_FN, 0.11)])
def test_each_row_before_any_window_costs_in_full(by: nab.Profile, weight: float) -> None:
    assert scored([20, 21, 40], [(40, 49)], by) == pytest.approx(1 - 2 * weight)


def test_a_row_just_after_a_window_costs_less_than_one_far_away() -> None:
    near, far = scored([40, 50], [(40, 49)]), scored([40, 90], [(40, 49)])
    assert near == pytest.approx(1 + 0.11 * (2 / (1 + math.exp(5 / 9)) - 1))
    assert far == pytest.approx(1 - 0.11)


def test_the_window_before_decides_and_not_the_one_ahead() -> None:
    windows = [(40, 49), (70, 89)]
    assert scored([40, 60, 70], windows) == pytest.approx(
        2 + 0.11 * (2 / (1 + math.exp(5 * 11 / 9)) - 1)
    )


def test_the_first_rows_are_ignored_but_at_most_750() -> None:
    assert scored([0, 14], [(40, 49)]) == -1
    assert scored([15], [(40, 49)]) == pytest.approx(-1.11)
    late = detected(10_000, 750)
    assert nab.points(late, [(9000, 9099)], STANDARD) == pytest.approx(-1.11)


def test_saying_nothing_is_0_and_saying_all_at_once_is_100() -> None:
    assert nab.normalised(-3.0, 3, STANDARD) == 0
    assert nab.normalised(3.0, 3, STANDARD) == 100
    assert nab.normalised(0.0, 3, LOW_FN) == pytest.approx(200 / 3)


def test_a_corpus_is_read_with_its_windows_as_rows(tmp_path, monkeypatch) -> None:
    rows = ["2026-01-01 00:00:00,1", "2026-01-01 00:05:00,2", "2026-01-01 00:10:00,3"]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("\n".join(["timestamp,value", *rows]))
    span = ["2026-01-01 00:05:00.000000", "2026-01-01 00:10:00.000000"]
    (tmp_path / "windows.json").write_text(json.dumps({"a.csv": [span]}))
    monkeypatch.setenv("CARBONSEED_NAB_DIR", str(tmp_path))
    (series,) = nab.read(nab.folder())
    assert series.windows == ((1, 2),)
    assert np.diff(series.times_ms).tolist() == [300_000, 300_000]
    assert series.values.tolist() == [1, 2, 3]
