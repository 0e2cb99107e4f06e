"""NAB: the default detector on the public corpus, streaming, one threshold for all series."""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from appliance.analytics.anomaly import ALARM, ALARM_EVIDENCE, Detector
from tests.bench import nab
from tests.bench.result import Result

TARGETS = {"standard": 55.0, "low-FP": 40.0, "low-FN": 60.0}
THRESHOLDS = np.arange(0.42, 0.581, 0.02)
SPLITS = 20

Floats = NDArray[np.float64]


async def measure(folder: Path, *, quick: bool) -> list[Result]:
    """With the threshold that ships, and tuned on a half of the series and seen on the other."""
    corpus = nab.folder()
    if not (corpus / "windows.json").exists():
        said = f"NAB is NOT measured: no windows.json in {corpus}; set CARBONSEED_NAB_DIR"
        print(said, file=sys.stderr)
        return []
    series = nab.read(corpus)
    scores = [Detector().score(each.times_ms, each.values) for each in series]
    results = [_quality(name, series, scores) for name in nab.PROFILES]
    return [*results, _repeats(series, scores)]


def _quality(profile: str, series: list[nab.Series], scores: list[Floats]) -> Result:
    by = nab.PROFILES[profile]
    windows = np.array([len(each.windows) for each in series])
    shipped = sum(
        nab.points(score >= ALARM, each.windows, by)
        for each, score in zip(series, scores, strict=True)
    )
    curve = _curve(series, by)
    held_out = []
    for split in range(SPLITS):
        order = np.random.default_rng(split).permutation(len(series))
        for half, other in ((order[::2], order[1::2]), (order[1::2], order[::2])):
            best = curve[half].sum(axis=0).argmax()
            held_out.append(nab.normalised(curve[other, best].sum(), int(windows[other].sum()), by))
    return Result(
        "NAB",
        f"anomalies found, {profile}",
        nab.normalised(shipped, int(windows.sum()), by),
        "",
        TARGETS[profile],
        detail=f"threshold tuned on one half, seen on the other, {2 * SPLITS} times: "
        f"{np.mean(held_out):.0f} ± {np.std(held_out):.0f}",
    )


def _curve(series: list[nab.Series], by: nab.Profile) -> Floats:
    """Raw points of each series at each threshold, with the detector's own alarm moved there."""
    curve = np.empty((len(series), THRESHOLDS.size))
    for column, threshold in enumerate(THRESHOLDS):
        evidence = ALARM_EVIDENCE * threshold / (1 - threshold)
        for row, each in enumerate(series):
            score = Detector(alarm_evidence=evidence).score(each.times_ms, each.values)
            curve[row, column] = nab.points(score >= ALARM, each.windows, by)
    return curve


def _repeats(series: list[nab.Series], scores: list[Floats]) -> Result:
    """How many alarms came again inside a window that had one."""
    again = found = outside = 0
    for each, score in zip(series, scores, strict=True):
        alarms = score >= ALARM
        outside += int(alarms.sum())
        for first, last in each.windows:
            inside = int(alarms[first : last + 1].sum())
            found += inside > 0
            again += max(0, inside - 1)
            outside -= inside
    detail = f"{found} windows found, {outside} alarms outside any, {len(series)} series"
    return Result("NAB", "alarms repeated", again, "", 0, at_most=True, detail=detail)
