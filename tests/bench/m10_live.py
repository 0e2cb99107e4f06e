"""M10: the CPU that live evaluation takes: 1,000 series with five rules each, at 1 Hz."""

import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from appliance.alarms.look import Facts, view
from appliance.model.baseline import Baseline
from appliance.model.ids import DeviceId, MetricId, RuleId
from appliance.model.look import Baseline as Deviation
from appliance.model.look import Drift, Look, Rate, Stuck, Threshold, kind_of
from appliance.model.rule_state import RuleState
from appliance.store.readings import Committed, Rows
from appliance.store.rule_states import Watch
from appliance.workers.follower import Follower, Watched
from tests.bench.m11_backtest import changed
from tests.bench.result import Result

DEVICES, METRICS = 250, 4
BEGIN_MS = 1_795_392_000_000
LOOKS: tuple[Look, ...] = (
    Threshold(ll=10.0, l=20.0, h=80.0, hh=90.0),
    Rate(per_minute=30.0, window_seconds=120),
    Stuck(seconds=600),
    Deviation(deviations=6.0),
    Drift(method="ewma", deviations=4.0, hours=4),
)


async def measure(folder: Path, *, quick: bool) -> list[Result]:
    follower = Follower(None, lambda: datetime.now(UTC), ())  # type: ignore[arg-type]
    follower.watch(_watched())
    chance, seconds = np.random.default_rng(1), 20 if quick else 120
    came = [_second(number, chance) for number in range(seconds)]
    follower.take(came[0])  # compiles the kernels
    begun, steps = time.process_time(), 0
    for batches in came[1:]:
        steps += len(follower.take(batches))
    share = 100 * (time.process_time() - begun) / (seconds - 1)
    rules = DEVICES * METRICS * len(LOOKS)
    detail = f"{rules} rules, a batch a second of each of {DEVICES} devices, {steps} with steps"
    return [
        Result("M10", "live evaluation, 1,000 series × 5 rules at 1 Hz: of one core", share, "%",
               10, at_most=True, detail=detail)
    ]  # fmt: skip


def _watched() -> list[Watched]:
    found = []
    for device in range(DEVICES):
        for metric in range(METRICS):
            usual = Baseline(
                device_id=DeviceId(device), metric="m", version=1, learnt_at=datetime.now(UTC),
                from_ms=0, to_ms=1, mid=(50.0,) * 168, scale=(2.0,) * 168, resolution=0.1,
            )  # fmt: skip
            for look in LOOKS:
                rule = changed(
                    id=RuleId(len(found) + 1), device_id=DeviceId(device), kind=kind_of(look),
                    look=look,
                )  # fmt: skip
                watch = Watch(rule, RuleState(), MetricId(metric), None, 1000, 1, "UTC", 0, None)
                found.append(Watched(watch, view(rule, Facts(1000, 1, baseline=usual))))
    return found


def _second(number: int, chance: np.random.Generator) -> list[Committed]:
    """What a second brings: a row of every device."""
    at_ms = BEGIN_MS + 1000 * number
    times = np.array([at_ms])
    values = 50 + 2 * chance.standard_normal((DEVICES, METRICS, 1))
    metrics = [MetricId(metric) for metric in range(METRICS)]
    return [
        Committed(number, DeviceId(device), at_ms, metrics, Rows(times, values[device]))
        for device in range(DEVICES)
    ]
