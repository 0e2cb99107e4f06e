"""Slow, plain twins of the kernels, to be read and believed."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import linregress

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


def buckets(times: Times, values: Floats, start: int, width: int, number: int) -> dict[str, Floats]:
    """One row per bucket that holds anything."""
    rows: dict[str, list[float]] = {
        name: [] for name in ("start", "min", "max", "first", "last", "mean", "count")
    }
    for bucket in range(number):
        low = start + bucket * width
        inside = [
            (int(time), float(value))
            for time, value in zip(times, values, strict=True)
            if low <= time < low + width and not np.isnan(value)
        ]
        if not inside:
            continue
        held = [value for _, value in inside]
        ordered = sorted(inside, key=lambda reading: reading[0])  # stable: ties stay in order
        figures = (
            low, min(held), max(held), ordered[0][1], ordered[-1][1], np.mean(held), len(held)
        )  # fmt: skip
        for name, figure in zip(rows, figures, strict=True):
            rows[name].append(float(figure))
    return {name: np.array(column) for name, column in rows.items()}


def running_share(times: Times, values: Floats, end: int, hold: int) -> float | None:
    """Looks at every millisecond: the newest reading before it that is not too old decides."""
    known = running = 0
    readings = sorted(
        (
            (int(time), float(value))
            for time, value in zip(times, values, strict=True)
            if not np.isnan(value) and time < end
        ),
        key=lambda reading: reading[0],
    )
    for now in range(readings[0][0] if readings else end, end):
        time, value = [reading for reading in readings if reading[0] <= now][-1]
        if now - time < hold:
            known += 1
            running += value >= 0.5
    return running / known if known else None


def windows(times: Times, values: Floats, window: int) -> list[Floats]:
    """What each reading sees: the finite values of the last `window` milliseconds."""
    return [
        np.array([
            value
            for time, value in zip(times[: i + 1], values[: i + 1], strict=True)
            if times[i] - time < window and np.isfinite(value)
        ])
        for i in range(times.size)
    ]  # fmt: skip


def counted_windows(values: Floats, window: int) -> list[Floats]:
    """The finite ones of the last `window` values."""
    seen = [values[max(0, i - window + 1) : i + 1] for i in range(values.size)]
    return [part[np.isfinite(part)] for part in seen]


def each(parts: list[Floats], figure: Callable[[Floats], float], least: int) -> Floats:
    """A figure of each window, NaN where there are too few values."""
    return np.array([figure(part) if part.size >= least else np.nan for part in parts])


def slope(times: Times, values: Floats, window: int) -> Floats:
    """A straight line through each window, per second."""
    slopes = np.full(times.size, np.nan)
    for i in range(times.size):
        seen = (times[: i + 1] > times[i] - window) & np.isfinite(values[: i + 1])
        t, v = (times[: i + 1][seen] - times[i]) / 1000, values[: i + 1][seen]
        if np.unique(t).size > 1:
            slopes[i] = linregress(t, v).slope
    return slopes


def held(times: Times, values: Floats, hold: int, begin: int, end: int) -> Floats:
    """The value at every millisecond from begin to end: the newest not too old, else NaN."""
    line = np.full(end - begin, np.nan)
    for at in range(begin, end):
        before = [k for k in range(times.size) if times[k] <= at and np.isfinite(values[k])]
        if before and at - times[before[-1]] < hold:
            line[at - begin] = values[before[-1]]
    return line


def ewma(times: Times, values: Floats, tau: float, gap: int) -> Floats:
    """The definition, in plain Python."""
    out, level, last = [], float("nan"), 0
    for time, value in zip(times.tolist(), values.tolist(), strict=True):
        if np.isfinite(value):
            fresh = np.isnan(level) or time - last > gap
            weight = 1 - np.exp(-(time - last) / tau)
            level, last = (value if fresh else level + weight * (value - level)), time
        out.append(level)
    return np.array(out)


def still(times: Times, values: Floats, tolerance: float, gap: int) -> list[int]:
    """How long the present standstill has lasted, at each reading."""
    out: list[int] = []
    run: list[tuple[int, float]] = []
    for time, value in zip(times.tolist(), values.tolist(), strict=True):
        if np.isfinite(value):
            known = [old for _, old in run] + [value]
            if run and (max(known) - min(known) > tolerance or time - run[-1][0] > gap):
                run = []
            run.append((time, value))
        elif run and time - run[-1][0] > gap:
            out.append(0)
            continue
        out.append(run[-1][0] - run[0][0] if run else 0)
    return out
