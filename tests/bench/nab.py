"""The score of the Numenta Anomaly Benchmark, written from its description; and its series.

The series are looked for in CARBONSEED_NAB_DIR, else beside the checkout. Every function takes
rows: a window is the first and the last row of a labelled anomaly, both inside.
"""

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PROBATION_SHARE, PROBATION_MOST = 0.15, 750


class Profile(NamedTuple):
    """What a hit, a miss and a false alarm weigh."""

    hit: float
    miss: float
    false: float


PROFILES = {
    "standard": Profile(1.0, 1.0, 0.11),
    "low-FP": Profile(1.0, 1.0, 0.22),
    "low-FN": Profile(1.0, 2.0, 0.11),
}


@dataclass(frozen=True)
class Series:
    """A labelled series; times in UTC milliseconds, as they stand in the file."""

    name: str
    times_ms: NDArray[np.int64]
    values: Floats
    windows: tuple[tuple[int, int], ...]


def folder() -> Path:
    """Where the corpus should be: data/ and windows.json."""
    beside = Path(__file__).parents[3] / "shared" / "data" / "nab"
    return Path(os.environ.get("CARBONSEED_NAB_DIR", beside))


def read(corpus: Path) -> list[Series]:
    """Every series that windows.json names."""
    labels = json.loads((corpus / "windows.json").read_text())
    return [_series(corpus, name, spans) for name, spans in sorted(labels.items())]


def sigmoid(place: Floats) -> Floats:
    """2 / (1 + e^5y) − 1; −1 beyond 3."""
    return np.where(place > 3, -1.0, 2 / (1 + np.exp(5 * np.minimum(place, 3))) - 1)


def worth(rows: int, windows: Sequence[tuple[int, int]]) -> Floats:
    """What a detection at each row is worth: 1 at a window's start, −1 far from any.

    Inside it is to be weighed as a hit, outside as a false alarm.
    """
    row = np.arange(rows)
    worths = np.full(rows, -1.0)
    for first, last in windows:
        after = row > last
        worths[after] = sigmoid((row[after] - last) / max(last - first, 1))
    for first, last in windows:
        inside = row[first : last + 1]
        width = last - first + 1
        worths[inside] = sigmoid(-(last - inside + 1) / width) / sigmoid(np.array(-1.0))
    return worths


def points(detected: NDArray[np.bool_], windows: Sequence[tuple[int, int]], by: Profile) -> float:
    """The raw score of one series: hits by their best row, misses, and every false row."""
    detected = detected.copy()
    detected[: min(int(PROBATION_SHARE * detected.size), PROBATION_MOST)] = False
    worths = worth(detected.size, windows)
    total = 0.0
    for first, last in windows:
        hits = worths[first : last + 1][detected[first : last + 1]]
        total += by.hit * hits.max() if hits.size else -by.miss
        detected[first : last + 1] = False
    return total + by.false * float(worths[detected].sum())


def normalised(total: float, windows: int, by: Profile) -> float:
    """0 for saying nothing, 100 for saying everything at once and no more."""
    null, perfect = -by.miss * windows, by.hit * windows
    return 100 * (total - null) / (perfect - null)


def _series(corpus: Path, name: str, spans: list[list[str]]) -> Series:
    with (corpus / "data" / name).open(newline="") as file:
        rows = list(csv.DictReader(file))
    times = np.array([_time_ms(row["timestamp"]) for row in rows], np.int64)
    values = np.array([float(row["value"]) for row in rows])
    windows = []
    for begin, end in spans:
        inside = np.flatnonzero((times >= _time_ms(begin)) & (times <= _time_ms(end)))
        windows.append((int(inside[0]), int(inside[-1])))
    return Series(name, times, values, tuple(windows))


def _time_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
