from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from appliance.analytics.baseline import hours_of_week
from appliance.history.baselines import Minutes, is_news, learn, learn_from, read_minutes
from appliance.history.readings import Asked, Source
from appliance.model.baseline import Baseline, Learnt
from appliance.model.ids import DeviceId
from appliance.store.baselines import select_baseline, select_baselines, select_usual_at
from appliance.store.signals import KnownSignal, select_signals
from appliance.workers.learner import is_due, learn_due, learn_one
from tests.appliance.plant import DAY_MS, NOON, NOON_MS, Plant, at
from tests.appliance.sealing import seal

HOUR_MS = 3_600_000
ISTANBUL = ZoneInfo("Europe/Istanbul")
TEN_MINUTES = 600_000


def minutes(times_ms: Sequence[int] | np.ndarray, means: np.ndarray) -> Minutes:
    return Minutes(np.asarray(times_ms), means, np.zeros(means.size), means, means)


def known(learnt: Learnt, version: int = 1) -> Baseline:
    told = structs.asdict(learnt)
    return Baseline(
        **told, device_id=DeviceId(1), metric="temperature", version=version, learnt_at=NOON
    )


def learnt(mid: float = 20.0, scale: float = 1.0, unknown: int = 0) -> Learnt:
    return Learnt(
        from_ms=0,
        to_ms=1,
        mid=(np.nan,) * unknown + (mid,) * (168 - unknown),
        scale=(np.nan,) * unknown + (scale,) * (168 - unknown),
        resolution=0.1,
    )


async def send_days(
    plant: Plant, device_id: DeviceId, days: int, *, noise: float = 0.3, seed: int = 1
) -> None:
    """Ten-minute readings: 20 °C by night, 30 °C from 08:00 to 18:00 of the plant."""
    random = np.random.default_rng(seed)
    for day in range(days, 0, -1):
        times = np.arange(NOON_MS - day * DAY_MS, NOON_MS - (day - 1) * DAY_MS, TEN_MINUTES)
        hours = hours_of_week(times, ISTANBUL) % 24
        values = np.where((hours >= 8) & (hours < 18), 30.0, 20.0)
        values = (values + random.normal(scale=noise, size=times.size)).round(1)
        for part in np.array_split(np.arange(times.size), 4):
            if part.size:
                by_day: dict[int, list[int]] = {}
                for i in part.tolist():
                    by_day.setdefault(int(times[i]) // DAY_MS, []).append(i)
                for rows in by_day.values():
                    await plant.send(
                        device_id,
                        times[rows].tolist(),
                        {"temperature": values[rows].tolist()},
                        received_ms=int(times[rows[-1]]),
                    )


async def signal(plant: Plant) -> KnownSignal:
    [found] = await select_signals(plant.pool)
    return found


def test_hours_of_the_week_are_learnt_apart_once_there_are_three_weeks() -> None:
    times = np.arange(NOON_MS - 21 * DAY_MS, NOON_MS, 60_000)
    slots = hours_of_week(times, ISTANBUL)
    mid, scale, by = learn_from(
        minutes(times, slots.astype(float)), np.zeros(times.size, bool), ISTANBUL, 0.1
    )
    assert by == "week"
    assert mid.tolist() == list(range(168))
    assert scale == pytest.approx(0.1 / 12**0.5)


def test_less_than_three_weeks_are_learnt_by_the_hour_of_the_day_with_weekends_apart() -> None:
    times = np.arange(NOON_MS - 10 * DAY_MS, NOON_MS, 60_000)
    slots = hours_of_week(times, ISTANBUL)
    values = slots % 24 + 100.0 * (slots >= 120)
    mid, _, by = learn_from(minutes(times, values), np.zeros(times.size, bool), ISTANBUL, 0.1)
    assert by == "day"
    assert mid[:24].tolist() == list(range(24))
    assert mid[24:48].tolist() == list(range(24))
    assert mid[144:].tolist() == [100.0 + hour for hour in range(24)]


def test_an_hour_seen_on_too_few_days_is_not_known() -> None:
    monday = NOON_MS - 12 * HOUR_MS  # NOON is a Monday
    times = np.arange(monday - 4 * DAY_MS, monday, 60_000)  # Thursday to Sunday
    mid, _, _ = learn_from(
        minutes(times, np.ones(times.size)), np.zeros(times.size, bool), ZoneInfo("UTC"), 0.1
    )
    assert np.isnan(mid[:120]).all()  # two weekdays
    assert not np.isnan(mid[120:]).any()  # two days of a weekend


def test_what_is_left_out_is_not_learnt_from() -> None:
    times = np.arange(NOON_MS - 21 * DAY_MS, NOON_MS, 60_000)
    odd = np.random.default_rng(1).random(times.size) < 0.6
    values = np.where(odd, 900.0, 20.0)
    mid, _, _ = learn_from(minutes(times, values), odd, ISTANBUL, 0.1)
    assert (mid == 20).all()


def test_the_scale_is_of_single_readings_not_of_means() -> None:
    times = np.arange(NOON_MS - 21 * DAY_MS, NOON_MS, 60_000)
    steady = np.full(times.size, 20.0)
    seen = Minutes(times, steady, np.full(times.size, 4.0), steady, steady)
    _, scale, _ = learn_from(seen, np.zeros(times.size, bool), ISTANBUL, 0.0)
    assert scale == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("new", "news"),
    [
        (learnt(), False),
        (learnt(mid=20.4), False),
        (learnt(mid=20.6), True),
        (learnt(scale=1.3), False),
        (learnt(scale=1.4), True),
        (learnt(scale=0.7), True),
        (learnt(unknown=1), True),
    ],
)
def test_a_version_is_new_only_if_it_differs(new: Learnt, news: bool) -> None:
    assert is_news(new, known(learnt())) is news


def test_the_first_version_must_know_something() -> None:
    assert is_news(learnt(), None)
    assert not is_news(learnt(unknown=168), None)


async def test_a_baseline_is_learnt_from_sealed_and_hot_history(
    plant: Plant, source: Source
) -> None:
    device_id = await plant.device("a", interval_ms=TEN_MINUTES)
    await send_days(plant, device_id, 5)
    hot = await learn(source, await signal(plant), NOON)
    for day in (2, 3, 4):
        await seal(plant, source, [device_id], NOON_MS - day * DAY_MS)
    sealed = await learn(source, await signal(plant), NOON)
    assert hot is not None
    assert hot == sealed or str(hot) == str(sealed)  # NaN is no equal of itself
    mid = np.array(hot.mid)
    assert np.abs(mid[8:18] - 30).max() < 0.4  # Monday by day
    assert np.abs(mid[24:31] - 20).max() < 0.4  # Tuesday by night
    assert 0.1 < hot.scale[9] < 0.6


async def test_alarms_incidents_and_standstill_are_left_out(plant: Plant, source: Source) -> None:
    device_id = await plant.device("a", interval_ms=TEN_MINUTES, machine="Press")
    await send_days(plant, device_id, 5)
    for day in range(1, 6):
        begin = NOON_MS - day * DAY_MS
        times = list(range(begin, begin + 3 * HOUR_MS, TEN_MINUTES))
        await plant.send(device_id, times, {"running": [0.0] * len(times)}, epoch=2)
    found = await learn(source, await signal_of(plant, "temperature"), NOON)
    assert found is not None
    monday = np.array(found.mid[:24])
    assert np.isnan(monday[15:18]).all()  # 12:00 to 15:00 UTC, by the plant's clock
    assert not np.isnan(monday[18:]).any()
    await plant.pool.execute(
        """
        insert into incidents (factory_id, device_id, from_at, to_at, title, made_by)
        values ($1, $2, $3, $4, 'Leak', 'somebody')""",
        plant.factory_id,
        device_id,
        at(NOON_MS - 4 * DAY_MS),
        NOON,
    )
    found = await learn(source, await signal_of(plant, "temperature"), NOON)
    assert found is None or np.isnan(found.mid[:120]).all()


async def signal_of(plant: Plant, metric: str) -> KnownSignal:
    return next(one for one in await select_signals(plant.pool) if one.metric == metric)


async def test_versions_are_kept_and_which_was_valid_when_is_known(
    plant: Plant, source: Source
) -> None:
    device_id = await plant.device("a", interval_ms=TEN_MINUTES)
    await send_days(plant, device_id, 5)
    one = await signal(plant)
    assert await learn_one(source, one, NOON)
    later = NOON + timedelta(days=1)
    assert not await learn_one(source, one, later)  # nothing has changed
    await plant.pool.execute("update baselines set mid = array_fill(99::float8, array[168])")
    assert await learn_one(source, one, later)
    before = await select_baseline(plant.pool, device_id, "temperature", NOON)
    after = await select_baseline(plant.pool, device_id, "temperature", later)
    assert before is not None
    assert after is not None
    assert (before.version, before.mid[0], after.version) == (1, 99.0, 2)
    early = NOON - timedelta(seconds=1)
    assert await select_baseline(plant.pool, device_id, "temperature", early) is None
    spans = [(NOON, later), (NOON, later + timedelta(1)), (later, later + timedelta(1))]
    versions = [
        [b.version for b in await select_baselines(plant.pool, device_id, "temperature", *span)]
        for span in spans
    ]
    assert versions == [[1], [1, 2], [2]]
    usual = await select_usual_at(plant.pool, None, later)
    slot = int(hours_of_week(np.array([NOON_MS + DAY_MS]), ISTANBUL)[0])
    assert usual[device_id, "temperature"].version == 2
    assert str(usual[device_id, "temperature"].mid) == str(after.mid[slot])


async def test_the_learner_takes_what_is_due_and_only_once_a_night(
    plant: Plant, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.workers.learner.SHARE", 1.0)
    device_id = await plant.device("a", interval_ms=TEN_MINUTES)
    await send_days(plant, device_id, 4)
    assert await learn_due(source, lambda: NOON) == 1
    assert await learn_due(source, lambda: NOON) == 0
    assert await learn_due(source, lambda: NOON + timedelta(days=1)) == 1
    one = await signal(plant)
    night = NOON.replace(hour=23, minute=0)  # 02:00 of Istanbul
    assert not is_due(structs.replace(one, learnt_at=night), night + timedelta(hours=23))
    assert is_due(structs.replace(one, learnt_at=night), night + timedelta(hours=24, seconds=1))
    assert not is_due(structs.replace(one, learnt_at=None, first_ms=NOON_MS - DAY_MS), NOON)


async def test_only_one_process_learns(plant: Plant, source: Source) -> None:
    device_id = await plant.device("a", interval_ms=TEN_MINUTES)
    await send_days(plant, device_id, 4)
    async with plant.pool.acquire() as other:
        from appliance.store.baselines import try_lock_learning

        assert await try_lock_learning(other)
        assert await learn_due(source, lambda: NOON) == 0
    assert await learn_due(source, lambda: NOON) == 1


@given(st.floats(0.2, 5), st.floats(-100, 100))
def test_learning_moves_and_stretches_with_the_signal(factor: float, offset: float) -> None:
    times = np.arange(NOON_MS - 8 * DAY_MS, NOON_MS, 600_000)
    values = np.random.default_rng(3).normal(size=times.size)
    none = np.zeros(times.size, bool)
    mid, scale, _ = learn_from(minutes(times, values), none, ISTANBUL, 0.0)
    moved, stretched, _ = learn_from(minutes(times, values * factor + offset), none, ISTANBUL, 0.0)
    assert moved == pytest.approx(mid * factor + offset, abs=1e-6)
    assert stretched == pytest.approx(scale * factor, rel=1e-6)


async def test_infinities_are_missing(plant: Plant, source: Source) -> None:
    device_id = await plant.device("a")
    times = [NOON_MS - 120_000, NOON_MS - 60_000]
    await plant.send(device_id, times, {"temperature": [float("inf"), 5.0]})
    asked = Asked(plant.scope, device_id, "temperature")
    found = await read_minutes(source, asked, NOON_MS - 600_000, NOON_MS)
    assert (found.times_ms.tolist(), found.means.tolist()) == ([NOON_MS - 60_000], [5.0])
