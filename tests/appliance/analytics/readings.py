"""Readings nobody would think of: irregular, repeated times, gaps, odd numbers."""

import numpy as np
from hypothesis import strategies as st

MISSING = st.sampled_from([float("nan"), float("inf"), float("-inf")])
SMOOTH = st.floats(-1e6, 1e6, width=32)
QUANTISED = st.integers(-500, 500).map(lambda code: code / 100)
VALUES = st.one_of(QUANTISED, SMOOTH, MISSING)


@st.composite
def readings(draw, values=VALUES, most=50):
    """(times_ms, values), times ascending, some equal."""
    steps = draw(st.lists(st.integers(0, 30), max_size=most))
    row = draw(st.lists(values, min_size=len(steps), max_size=len(steps)))
    return np.cumsum(np.array(steps, np.int64)), np.array(row, np.float64)
