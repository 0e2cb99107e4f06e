"""M11: a back-test of a year of 1,000 series at one minute, and the same rule in pandas."""

import time
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from appliance.alarms.evaluation import Evaluation, run_of
from appliance.alarms.look import Facts, view
from appliance.alarms.transition import Step
from appliance.model.ids import DeviceId, FactoryId, RuleId
from appliance.model.look import Threshold
from appliance.model.rule import AlarmClass, Rule, RuleKind, RuleMode
from tests.bench.interleaved import best_ms
from tests.bench.result import Result

SERIES, VALUES, MINUTE = 1000, 525_600, 60_000
RULE = Rule(
    id=RuleId(1), factory_id=FactoryId(1), device_id=DeviceId(1), kind=RuleKind.THRESHOLD,
    metric="temperature", look=Threshold(h=70.0), deadband=2.0, on_delay_seconds=300.0,
    off_delay_seconds=300.0, priority=2, message="Hot", cause="", consequence="", what_to_do="",
    respond_seconds=None, suppress_while=None, latching=False, note_required=False,
    realarm_seconds=None, alarm_class=AlarmClass.ALARM, mode=RuleMode.LIVE, version=1,
)  # fmt: skip

Floats = NDArray[np.float64]


async def measure(folder: Path, *, quick: bool) -> list[Result]:
    number = 100 if quick else SERIES
    times = np.arange(VALUES, dtype=np.int64) * MINUTE
    looked = view(RULE, Facts(MINUTE))
    made, ours, alarms = 0.0, 0.0, 0
    for seed in range(number):
        begun = time.perf_counter()
        values = _year(seed)
        made += time.perf_counter() - begun
        begun = time.perf_counter()
        steps = Evaluation(looked).take(run_of(times, values))
        ours += time.perf_counter() - begun
        alarms += sum(step.step is Step.RAISED for step in steps)
    values = _year(0)
    told = [one.at_ms for one in Evaluation(looked).take(run_of(times, values))
            if one.step is Step.RAISED]  # fmt: skip
    assert told == _in_pandas(times, values), "another answer"
    took = best_ms(
        {
            "pandas": lambda: _in_pandas(times, values),
            "product": lambda: Evaluation(looked).take(run_of(times, values)),
        },
        3 if quick else 7,
    )
    seconds = ours * SERIES / number
    detail = f"{number} series, {alarms} alarms; made in {made:.0f} s, not counted"
    return [
        Result("M11", "back-test, a year × 1,000 series at 1 min", seconds, "s", 60, at_most=True,
               detail=detail),
        Result("M11", "the same rule: pandas / product", took["pandas"] / took["product"], "×", 50,
               detail=f"{took['pandas']:.0f} ms / {took['product']:.1f} ms a series, best of each"),
    ]  # fmt: skip


def _year(seed: int) -> Floats:
    """A day's rhythm with noise, and a dozen faults."""
    chance = np.random.default_rng(seed)
    values = 50 + 8 * np.sin(np.arange(VALUES) * (2 * np.pi / 1440))
    values += chance.standard_normal(VALUES, np.float32)
    for begin in chance.integers(0, VALUES - 600, 12).tolist():
        values[begin : begin + int(chance.integers(10, 600))] += 25
    return values


def _in_pandas(times: NDArray[np.int64], values: Floats) -> list[int]:
    """When the rule raises, as one would write it with pandas: over time, with hysteresis."""
    frame = pd.DataFrame({"value": values}, index=pd.to_datetime(times, unit="ms"))
    limit, inside = RULE.limits["h"], RULE.limits["h"] - RULE.deadband  # type: ignore[index]
    frame["beyond"] = (frame["value"] > limit).astype(float)
    frame["inside"] = (frame["value"] <= inside).astype(float)
    window = f"{int(RULE.on_delay_seconds) + 1}s"
    whole = int(RULE.on_delay_seconds // 60) + 1
    enough = frame.rolling(window)["beyond"].agg(["min", "count"])
    calm = frame.rolling(window)["inside"].agg(["min", "count"])
    raises = (enough["min"] == 1) & (enough["count"] >= whole)
    clears = (calm["min"] == 1) & (calm["count"] >= whole)
    state = pd.Series(np.nan, index=frame.index)
    state[raises], state[clears] = 1.0, 0.0
    standing = state.ffill().fillna(0.0)
    begins = standing[(standing == 1) & (standing.shift(fill_value=0.0) == 0)].index
    return [int(stamp.value // 1_000_000) for stamp in begins.as_unit("ns")]


def changed(**given: object) -> Rule:
    """The rule of this measure with something else about it."""
    return msgspec.structs.replace(RULE, **given)
