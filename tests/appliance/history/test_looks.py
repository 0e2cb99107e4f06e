from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from appliance.analytics.baseline import hours_of_week
from appliance.history.baselines import Minutes
from appliance.history.forecast import trend_of
from appliance.history.looks import look_at, week, week_start_ms, weighted_quantile
from appliance.history.readings import Source
from appliance.model.insight import LimitAt
from appliance.store.signals import select_signals
from appliance.workers.learner import learn_one
from tests.appliance.plant import DAY_MS, NOON, NOON_MS, Plant, at

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
NOTHING = Minutes(np.empty(0, np.int64), *[np.empty(0)] * 4)


def minutes(times_ms: np.ndarray, means: np.ndarray) -> Minutes:
    return Minutes(times_ms, means, np.zeros(means.size), means, means)


def limit(level: str, value: float) -> LimitAt:
    return LimitAt(level=level, limit=value, source="rule", rule_id=None)


def test_a_week_begins_on_the_plants_monday() -> None:
    monday = week_start_ms(NOON_MS, "Europe/Istanbul")
    assert at(monday).astimezone(ZoneInfo("Europe/Istanbul")).strftime("%a %H:%M") == "Mon 00:00"
    assert week_start_ms(monday, "Europe/Istanbul") == monday
    assert week_start_ms(monday - 1, "Europe/Istanbul") == monday - 7 * DAY_MS


def test_a_week_in_numbers() -> None:
    times = np.arange(NOON_MS, NOON_MS + 100 * MINUTE_MS, MINUTE_MS)
    ran = minutes(times, np.where(np.arange(100) < 25, 0.0, 1.0))
    found = week(
        minutes(times, np.arange(100.0)), ran, (NOON_MS, NOON_MS + 200 * MINUTE_MS), 79.0, MINUTE_MS
    )
    assert (found.mean, found.p95, found.max) == (49.5, 94, 99)
    assert (found.above_seconds, found.running, found.coverage) == (20 * 60, 0.75, 0.5)


def test_an_empty_week_says_nothing() -> None:
    found = week(NOTHING, NOTHING, (0, DAY_MS), 5.0, MINUTE_MS)
    assert (found.mean, found.p95, found.max, found.above_seconds, found.running) == (None,) * 5
    assert found.coverage == 0


def test_a_quantile_by_weight() -> None:
    assert weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([1, 98, 1]), 0.5) == 1
    assert weighted_quantile(np.array([3.0, 1.0]), np.array([1, 1]), 1.0) == 3


def slots(times_ms: np.ndarray) -> np.ndarray:
    return hours_of_week(times_ms, ZoneInfo("UTC"))


def rising(per_day: float, *, noise: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    times = np.arange(NOON_MS - 7 * DAY_MS, NOON_MS, HOUR_MS)
    values = 20 + per_day * (times - times[0]) / DAY_MS
    return times, values + np.random.default_rng(4).normal(scale=noise, size=times.size)


def test_a_rise_is_forecast_to_cross_the_limits_ahead_of_it() -> None:
    times, values = rising(1.0)
    limits = [limit("l", 10), limit("h", 30), limit("hh", 40), limit("h", 22)]
    found = trend_of(times, values, slots(times), limits, "°C")
    assert found.significant
    assert found.per_day == pytest.approx(1.0, abs=0.05)
    assert [one.limit for one in found.crossings] == [30, 40]
    first = found.crossings[0]
    assert abs(first.at - (NOON + timedelta(days=3))) < timedelta(hours=6)
    assert first.latest is not None
    assert first.earliest < first.at < first.latest
    assert found.text.startswith("Rises by 1")


def test_a_fall_crosses_lower_limits_alone() -> None:
    times, values = rising(-1.0)
    found = trend_of(times, values, slots(times), [limit("l", 10), limit("h", 30)], "")
    assert [one.level for one in found.crossings] == ["l"]
    assert found.text.startswith("Falls by ")


def test_no_trend_is_said_to_be_none() -> None:
    times, values = rising(0.0)
    found = trend_of(times, values, slots(times), [limit("h", 21)], "°C")
    assert not found.significant
    assert found.crossings == ()
    assert found.text.startswith("No trend")
    short = trend_of(times[:20], values[:20], slots(times[:20]), [limit("h", 21)], "°C")
    assert (short.per_day, short.crossings) == (None, ())
    assert short.text.startswith("No trend")


def test_the_hours_of_a_day_are_no_trend() -> None:
    times = np.arange(NOON_MS - int(3.5 * DAY_MS), NOON_MS, HOUR_MS)
    usual = 20 + 8 * np.sin(2 * np.pi * (times % DAY_MS) / DAY_MS)
    values = usual + np.random.default_rng(1).normal(scale=0.3, size=times.size)
    assert not trend_of(times, values, slots(times), [], "").significant
    rises = values + 1.5 * (times - times[0]) / DAY_MS
    found = trend_of(times, rises, slots(times), [], "")
    assert found.per_day == pytest.approx(1.5, abs=0.1)


async def test_a_look_finds_drift_and_since_when_a_signal_is_off(
    plant: Plant, source: Source
) -> None:
    device_id = await plant.device("a", interval_ms=MINUTE_MS)
    random = np.random.default_rng(2)
    for start in range(NOON_MS - 6 * DAY_MS, NOON_MS, DAY_MS // 2):
        times = np.arange(start, start + DAY_MS // 2, MINUTE_MS)
        values = 40 + random.normal(size=times.size)
        values[times >= NOON_MS - 5 * HOUR_MS] += 12
        await plant.send(device_id, times.tolist(), {"temperature": values.round(1).tolist()})
    [signal] = await select_signals(plant.pool)
    before = await look_at(source, signal, [], NOON_MS)
    assert (before.drift, before.off_since, before.baseline_version) == (None, None, None)
    await learn_one(source, signal, at(NOON_MS - DAY_MS))
    found = await look_at(source, signal, [limit("h", 45.0)], NOON_MS)
    assert found.off_since == at(NOON_MS - 5 * HOUR_MS)
    assert found.off_by is not None
    assert 8 < found.off_by < 14
    assert found.drift is not None
    assert 1.5 < found.drift < 4
    assert (found.baseline_version, found.limit) == (1, 45)
    assert found.this_week.above_seconds == pytest.approx(5 * 3600, rel=0.01)
    assert found.this_week.coverage == 1
    assert found.last_week.coverage < 1
    calm = await look_at(source, signal, [], NOON_MS - DAY_MS // 2)
    assert calm.off_since is None
    assert abs(calm.drift or 0) < 1
