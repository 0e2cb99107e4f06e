import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.analytics.standards import shipped
from appliance.history.health import Basis, Drifts, compose, distance, drift_end_ms, score
from appliance.history.readings import Source
from appliance.model.health import HealthScore
from appliance.model.ids import DeviceId, FactoryId, MachineId
from appliance.model.insight import LimitAt
from appliance.model.look import Threshold
from appliance.store.alerts import insert_alert
from appliance.store.baselines import UsualAt
from appliance.store.health_scores import (
    LookAt,
    delete_old_minutes,
    insert_health_scores,
    score_series,
    select_newest_health,
)
from appliance.store.rules import select_rules
from appliance.store.signals import KnownSignal
from appliance.workers.health import look_at_due, score_all
from appliance.workers.learner import learn_due
from tests.appliance.plant import DAY_MS, NOON, NOON_MS, Plant, at
from tests.appliance.sealing import seal

MINUTE_MS = 60_000
PRESS = MachineId(7)
LIMITS = shipped()
SIGNALS = ("vibration", "temperature", "power", "pressure")


def signal(metric: str, *, running_id: DeviceId | None = None) -> KnownSignal:
    return KnownSignal(
        device_id=DeviceId(1),
        device="node",
        factory_id=FactoryId(1),
        machine_id=PRESS,
        machine="Press",
        time_zone="UTC",
        interval_ms=1000,
        metric=metric,
        unit="1",
        unit_label="",
        digits=1,
        first_ms=0,
        running_id=running_id,
        learnt_at=None,
        trended_at=None,
    )


def basis(alarms: list[int] | None = None, *, running: bool = False) -> Basis:
    """Vibration by zones, temperature by a rule with both sides, power by its baseline alone,
    pressure by a rule without a baseline."""
    of = DeviceId(1) if running else None
    looks = [
        LookAt(1, DeviceId(1), "temperature", "live", Threshold(ll=10, l=15, h=30, hh=40)),
        LookAt(2, DeviceId(1), "pressure", "live", Threshold(h=8)),
    ]
    usual = {
        (DeviceId(1), metric): UsualAt(3, NOON, "week", mid, 2.0)
        for metric, mid in (("temperature", 20.0), ("power", 50.0))
    }
    metrics = [*SIGNALS, "running"] if running else SIGNALS
    return Basis(
        at_ms=NOON_MS,
        signals={PRESS: [signal(metric, running_id=of) for metric in metrics]},
        looks=looks,
        usual=usual,
        alarms={PRESS: alarms or []},
        limits=LIMITS,
    )


def composed(
    values: dict[str, float],
    drift: float = 0.0,
    alarms: list[int] | None = None,
    *,
    running: float | None = None,
) -> HealthScore:
    recent = {(DeviceId(1), metric): (value, 1.0) for metric, value in values.items()}
    if running is not None:
        recent[DeviceId(1), "running"] = (running, 1.0)
    drifts: Drifts = {(DeviceId(1), "power", drift_end_ms(NOON_MS)): drift}
    return compose(PRESS, basis(alarms, running=running is not None), recent, drifts)


GOOD = {"vibration": 0.0, "temperature": 20.0, "power": 50.0, "pressure": 0.0}
AWAY = {"vibration": (0, 1), "temperature": (20, 1), "power": (50, -1), "pressure": (0, 1)}


def test_a_machine_as_it_always_is_has_the_full_score() -> None:
    assert composed(GOOD).score == 100


@pytest.mark.parametrize(
    ("metric", "value", "lost"),
    [
        ("vibration", 1.4, 10), ("vibration", 2.8, 40), ("vibration", 4.5, 70),
        ("vibration", 4.5 * 1.25, 100),
        ("temperature", 28, 10), ("temperature", 30, 40), ("temperature", 40, 70),
        ("temperature", 16, 10), ("temperature", 15, 40), ("temperature", 10, 70),
        ("pressure", 6.4, 10), ("pressure", 8, 40), ("pressure", 10, 70),
        ("power", 56, 10), ("power", 62, 40), ("power", 32, 70),
    ],
)  # fmt: skip
def test_what_a_signal_loses_by_itself(metric: str, value: float, lost: float) -> None:
    reason = next(one for one in composed(GOOD | {metric: value}).reasons if one.metric == metric)
    assert reason.by_limits == pytest.approx(lost)


@given(
    st.dictionaries(st.sampled_from(SIGNALS), st.floats(0, 60), min_size=1),
    st.sampled_from(SIGNALS),
    st.floats(0, 30),
    st.floats(0, 12),
    st.floats(0, 5),
    st.lists(st.integers(1, 4), max_size=3),
    st.integers(1, 4),
)
def test_nothing_worse_ever_raises_the_score_and_the_reasons_add_up(
    away: dict[str, float], which: str, farther: float, drift: float, more: float,
    alarms: list[int], another: int,
) -> None:  # fmt: skip
    def values(by: dict[str, float]) -> dict[str, float]:
        return {name: start + sign * by.get(name, 0.0) for name, (start, sign) in AWAY.items()}

    before = composed(values(away), drift, alarms)
    worse = away | {which: away.get(which, 0.0) + farther}
    for after in (
        composed(values(worse), drift, alarms),
        composed(values(away), drift + more, alarms),
        composed(values(away), drift, [*alarms, another]),
    ):
        assert before.score is not None
        assert after.score is not None
        assert after.score <= before.score
        assert 0 <= after.score == 100 - sum(one.loss for one in after.reasons)


def test_nothing_measured_is_no_score_and_an_alarm_is_one() -> None:
    nothing = dict.fromkeys(SIGNALS, math.nan)
    found = composed(nothing)
    assert found.score is None
    assert set(found.unmeasured) == {f"node, {metric}" for metric in SIGNALS}
    assert composed(nothing, alarms=[1]).score == 0


def test_missing_data_stands_beside_the_score() -> None:
    found = composed(GOOD | {"power": math.nan})
    assert found.score == 100
    assert found.unmeasured == ("node, power",)


def test_a_machine_that_stands_still_is_not_compared_with_what_is_usual() -> None:
    cold = {"vibration": 0.0, "temperature": 5.0, "power": 0.0, "pressure": 0.0}
    assert composed(cold, running=0.0).score == 100
    running = composed(cold, running=1.0).score
    assert running is not None
    assert running < 40


@pytest.mark.parametrize(
    ("value", "mid", "expected"),
    [(20, 20, 0), (25, 20, 0.5), (30, 20, 1), (40, 20, 2), (15, 20, 1), (math.nan, 20, math.nan)],
)
def test_the_distance_to_a_limit(value: float, mid: float, expected: float) -> None:
    limits = [
        LimitAt(level=level, limit=limit, source="rule", rule_id=None)
        for level, limit in (("l", 15), ("h", 30), ("hh", 40), ("h", 35))
    ]
    assert distance(value, mid, limits) == pytest.approx(expected, nan_ok=True)


async def machine(plant: Plant) -> tuple[DeviceId, MachineId]:
    """A press with eight days of a reading a minute, and readings up to noon."""
    device_id = await plant.device("press", interval_ms=MINUTE_MS, machine="Press")
    random = np.random.default_rng(2)
    for start in range(NOON_MS - 8 * DAY_MS, NOON_MS, DAY_MS // 2):
        times = np.arange(start, start + DAY_MS // 2, MINUTE_MS)
        await plant.send(
            device_id,
            times.tolist(),
            {
                "temperature": (40 + random.normal(size=times.size)).round(1).tolist(),
                "vibration": (1.9 + 0.1 * random.normal(size=times.size)).round(2).tolist(),
            },
        )
    machine_id = await plant.pool.fetchval(
        "select machine_id from devices where id = $1", device_id
    )
    return device_id, machine_id


async def test_the_archive_gives_the_same_score_as_hot_readings(
    plant: Plant, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.workers.learner.SHARE", 1.0)
    device_id, machine_id = await machine(plant)
    learnt_at = at(NOON_MS - DAY_MS)
    await learn_due(source, lambda: learnt_at)
    moment = at(NOON_MS - 14 * 3_600_000)  # the day before, 22:00
    hot = await score(source, plant.factory_id, machine_id, moment)
    assert hot.score is not None
    assert 60 < hot.score < 95  # zone B
    assert {one.against for one in hot.reasons} == {"zone", "usual", "alarms"}
    assert any(one.drift for one in hot.reasons)
    for day in range(1, 8):
        metrics = ("temperature", "vibration")
        await seal(plant, source, [device_id], NOON_MS - day * DAY_MS, metrics=metrics)
    assert await score(source, plant.factory_id, machine_id, moment) == hot


async def test_the_worker_keeps_a_score_a_minute_with_its_why(
    plant: Plant, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.workers.learner.SHARE", 1.0)
    monkeypatch.setattr("appliance.workers.health.SHARE", 1.0)
    _, machine_id = await machine(plant)
    await learn_due(source, lambda: NOON)
    drifts: Drifts = {}
    assert await look_at_due(source, lambda: NOON, at(NOON_MS + 1), drifts) == 2
    assert await look_at_due(source, lambda: NOON, at(NOON_MS + 1), drifts) == 0
    [made] = await score_all(source, NOON, drifts)
    await score_all(source, NOON, drifts)  # a minute that is scored again stays as it was
    kept = await select_newest_health(plant.pool, [machine_id], at(0), NOON)
    assert kept == {machine_id: made}
    assert made == await score(source, plant.factory_id, machine_id, NOON)
    times, values = await score_series(plant.pool, machine_id, NOON_MS, NOON_MS + 1)
    assert (times.tolist(), values.tolist()) == ([NOON_MS], [made.score])
    assert made.quality == 1.0


async def test_only_full_hours_are_kept_for_good(plant: Plant, source: Source) -> None:
    _, machine_id = await machine(plant)
    for minute in (0, 1, 59):
        await score_all(source, at(NOON_MS + minute * MINUTE_MS), {})
    await delete_old_minutes(plant.pool, at(NOON_MS + DAY_MS))
    times, _ = await score_series(plant.pool, machine_id, 0, 2 * NOON_MS)
    assert times.tolist() == [NOON_MS]


async def test_an_alarm_that_stands_counts_while_it_stands(plant: Plant, source: Source) -> None:
    device_id, machine_id = await machine(plant)
    calm = await score(source, plant.factory_id, machine_id, NOON)
    await plant.pool.execute(
        """
        insert into rules (factory_id, device_id, kind, metric_id, look, priority, message, mode)
        values ($1, $2, 'rate', 1, $3, 2, 'Fast', 'live')""",
        plant.factory_id,
        device_id,
        {"kind": "rate", "per_minute": 1, "window_seconds": 60},
    )
    [rule] = await select_rules(plant.pool, plant.scope)
    await insert_alert(plant.pool, rule, "on", at(NOON_MS - 1000), 5.0, 1.0)
    alarmed = await score(source, plant.factory_id, machine_id, NOON)
    assert calm.score is not None
    assert alarmed.score is not None
    assert alarmed.score < calm.score - 10
    reason = next(one for one in alarmed.reasons if one.against == "alarms")
    assert (reason.by_limits, reason.value) == (70, 2)
    await plant.pool.execute("update alerts set cleared_at = $1", at(NOON_MS - 1))
    assert (await score(source, plant.factory_id, machine_id, NOON)).score == calm.score


async def test_scores_of_a_machine_that_is_gone_are_left_out(plant: Plant, source: Source) -> None:
    _, machine_id = await machine(plant)
    made = await score(source, plant.factory_id, machine_id, NOON)
    await plant.pool.execute("delete from machines")
    await insert_health_scores(plant.pool, [made])
    assert await plant.pool.fetchval("select count(*) from health_scores") == 0
