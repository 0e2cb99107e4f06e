"""Slow, plain twins of the kernels, to be read and believed."""

import numpy as np
from numpy.typing import NDArray

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
