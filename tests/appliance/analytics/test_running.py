import subprocess
import sys

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.analytics import running
from tests.appliance.analytics import naive

WARM = {"buckets", "running", "indicators"}
VALUES = st.sampled_from([0.0, 1.0, 0.4, 0.5, float("nan")])
READINGS = st.lists(st.tuples(st.integers(0, 120), VALUES), max_size=20)


@given(READINGS, st.integers(0, 130), st.integers(1, 40))
def test_the_running_share_is_what_plain_code_says(
    readings: list[tuple[int, float]], end: int, hold: int
) -> None:
    times = np.array([time for time, _ in readings], np.int64)
    values = np.array([value for _, value in readings], np.float64)
    assert running.share(times, values, end, hold) == pytest.approx(
        naive.running_share(times, values, end, hold)
    )


def test_what_nobody_measured_counts_neither_way() -> None:
    times, values = np.array([0, 1000, 100_000]), np.array([1.0, 0.0, 1.0])
    assert running.share(times, values, end_ms=101_000, hold_ms=1000) == pytest.approx(2 / 3)
    assert running.share(times[:0], values[:0], end_ms=1, hold_ms=1) is None


def test_arrays_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="do not match"):
        running.share(np.arange(2), np.arange(3.0), 5, 1)


COMPILED = """
import importlib, pkgutil
import numpy as np
from appliance import analytics
from appliance.analytics import kernels
from appliance.model.sealed import Rollup

analytics.warm_up()
analytics.warm_up_bulk()
fixed = np.array([0, 1]), np.array([0.0, 1.0])
for array in fixed:
    array.flags.writeable = False
buckets = analytics.Buckets(0, 1, 2)
buckets.add(*fixed)
buckets.add_rolled(Rollup(fixed[0], fixed[0], *[fixed[1]] * 6))
for module in pkgutil.iter_modules(kernels.__path__):
    kernel = importlib.import_module(f"{kernels.__name__}.{module.name}")
    for name, function in vars(kernel).items():
        if hasattr(function, "signatures") and name[0] != "_":
            print(module.name, name, len(set(function.signatures)))
"""


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled then")
def test_what_runs_was_compiled_before_and_once_sealed_readings_or_not() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COMPILED], capture_output=True, text=True, check=True
    )
    kinds = [line.split() for line in done.stdout.splitlines()]
    assert {module for module, _, number in kinds if number == "1"} >= WARM
    assert [one for one in kinds if one[2] not in ("0", "1")] == []
    assert [one for one in kinds if one[0] in WARM and one[2] != "1"] == []
