"""Back-tests over sealed and hot history: calm days are skipped, and no answer changes by it."""

import msgspec
import numpy as np
import pytest

from appliance.alarms import backtest
from appliance.alarms.backtest import Past, steps_of
from appliance.alarms.summary import summary
from appliance.alarms.transition import Step, Transition
from appliance.history.readings import Source
from tests.appliance.alarms.test_look import FACTS, LOOKS, rule
from tests.appliance.plant import DAY_MS, NOON_MS, Plant

MINUTE = 60_000
BEGIN = NOON_MS - NOON_MS % DAY_MS - 3 * DAY_MS


async def three_days(plant: Plant) -> int:
    """A calm day, one with a fault, and a calm one, a reading a minute."""
    device_id = await plant.device("a", interval_ms=MINUTE)
    values = 50 + np.random.default_rng(3).normal(0, 0.5, 3 * 1440)
    values[2000:2020] += 30
    for day in range(3):
        rows = slice(day * 1440, (day + 1) * 1440)
        times = [BEGIN + number * MINUTE for number in range(rows.start, rows.stop)]
        await plant.send(device_id, times, {"temperature": values[rows].tolist()})
    return device_id


def past(source: Source) -> Past:
    return Past(
        source, BEGIN, BEGIN + 3 * DAY_MS, FACTS._replace(interval_ms=MINUTE), ["temperature"]
    )


async def test_calm_days_are_skipped_and_the_answer_is_the_same(
    plant: Plant, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = rule(
        LOOKS[0], device_id=await three_days(plant), factory_id=plant.factory_id,
        metric="temperature", on_delay_seconds=120.0,
    )  # fmt: skip
    read: list[int] = []
    day = backtest._day

    async def counted(*asked):
        read.append(asked[3])
        return await day(*asked)

    monkeypatch.setattr(backtest, "_day", counted)
    quick = await steps_of(past(source), one)
    assert read == [BEGIN + DAY_MS]
    monkeypatch.setattr(backtest, "_may_skip", lambda *_: False)
    assert await steps_of(past(source), one) == quick
    assert (quick.readings, len(quick.steps)) == (3 * 1440, 4)


async def test_silence_is_told_by_the_times_of_readings(plant: Plant, source: Source) -> None:
    device_id = await plant.device("a", interval_ms=MINUTE)
    times = [BEGIN + number * MINUTE for number in (0, 1, 2, 30, 31)]
    await plant.send(device_id, times, {"temperature": [1.0] * 5})
    one = rule(
        {"kind": "no_data"}, device_id=device_id, factory_id=plant.factory_id, metric=None,
        on_delay_seconds=600.0,
    )  # fmt: skip
    found = await steps_of(past(source), one)
    assert [(step.step, (step.at_ms - BEGIN) // MINUTE) for step in found.steps] == [
        (Step.RAISED, 12), (Step.CLEARED, 30), (Step.RAISED, 41),
    ]  # fmt: skip


def test_a_summary_counts_by_hand() -> None:
    steps = [
        Transition(step, BEGIN + minute * MINUTE, 1.0, level)
        for minute, step, level in (
            (0, Step.RAISED, "h"), (4, Step.RAISED, "hh"), (5, Step.CLEARED, "hh"),
            (9, Step.CLEARED, "h"), (9.5, Step.RAISED, "h"), (11, Step.CLEARED, "h"),
            (2000, Step.RAISED, "h"),
        )
    ]  # fmt: skip
    steps = [msgspec.structs.replace(step, at_ms=int(step.at_ms)) for step in steps]
    told = summary(steps, steps[:1], BEGIN, BEGIN + 2 * DAY_MS, [])
    assert (told.alarms, told.by_day, told.worst_10_minutes) == (4, [3, 1], 3)
    assert told.longest_seconds == (2880 - 2000) * 60
    assert told.standing_seconds == (9 + 1 + 1.5 + 880) * 60
    assert told.difference is not None
    assert (told.difference.more, told.difference.fewer) == (3, 0)
