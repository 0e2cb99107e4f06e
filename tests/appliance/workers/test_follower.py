"""Live, with late, reordered and doubled batches and restarts, is what a back-test says."""

import itertools
import random
from collections.abc import Sequence
from datetime import timedelta

import pytest

from appliance.alarms.backtest import Past, steps_of
from appliance.alarms.look import Facts
from appliance.alarms.record import rows_of
from appliance.alarms.transition import Step
from appliance.history.readings import Source
from appliance.model.alert import Alert
from appliance.store import alerts
from appliance.store.rule_steps import select_rule_steps
from appliance.store.rules import select_rules
from tests.appliance.plant import DAY_MS, NOON_MS, Plant, at
from tests.appliance.sealing import seal
from tests.appliance.workers.test_engine import LIMITS, follow_all

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
LOOKS = (
    {"kind": "threshold", "ll": 12.0, "l": 25.0, "h": 80.0, "hh": 93.0},
    {"kind": "rate", "per_minute": 40.0, "window_seconds": 120},
    {"kind": "stuck", "seconds": 40},
)


async def told(plant: Plant) -> list[Alert]:
    found = await alerts.select_alerts(plant.pool, plant.scope, "all")
    return sorted(found, key=lambda alert: (alert.raised_at, alert.level))


async def in_history(
    plant: Plant,
    source: Source,
    over: tuple[int, int] = (NOON_MS - HOUR, NOON_MS + 24 * HOUR),
    interval_ms: int = SECOND,
) -> dict[int, list[tuple]]:
    """What a back-test of each rule finds."""
    found = {}
    for rule in await select_rules(plant.pool, plant.scope):
        past = Past(source, *over, Facts(interval_ms, 1, limits=LIMITS), [])
        steps = (await steps_of(past, rule)).steps
        found[rule.id] = [tuple(row[:5]) for row in rows_of(steps)]
    return found


async def live(plant: Plant) -> dict[int, list[tuple]]:
    """What the engine has recorded."""
    return {
        rule.id: [tuple(row[:5]) for row in await select_rule_steps(plant.pool, rule.id, 0)]
        for rule in await select_rules(plant.pool, plant.scope)
    }


def walk(choose: random.Random, rows: int) -> list[float]:
    """A value that wanders between 0 and 100, and stands still now and then."""
    value, values = 50.0, []
    for _ in range(rows):
        if choose.random() > 0.3 and len(values) // 90 % 4 != 3:
            value = min(100.0, max(0.0, value + choose.uniform(-9, 9)))
        values.append(round(value, 1))
    return values


def shuffled(choose: random.Random, batches: Sequence[range]) -> list[range]:
    """Most batches in order, some much later than they should have come."""
    late = {number: number + choose.expovariate(0.2) for number in range(len(batches))}
    order = sorted(
        range(len(batches)),
        key=lambda number: late[number] if choose.random() < 0.3 else number,
    )
    return [batches[number] for number in order]


@pytest.mark.parametrize("seed", range(4))
async def test_live_is_what_a_back_test_says_however_the_batches_come(
    plant: Plant, source: Source, seed: int
) -> None:
    choose = random.Random(seed)
    device_id = await plant.device("a")
    for look in LOOKS:
        await plant.rule(
            device_id, look=look, deadband=2.0, on_delay_seconds=choose.choice([0, 3, 20]),
            off_delay_seconds=choose.choice([0, 5]),
        )  # fmt: skip
    await plant.rule(device_id, limit=70.0, suppress_while={"metric": "running", "below": 0.5})
    values = walk(choose, 1200)
    running = [float((number // 200) % 3 < 2) for number in range(1200)]
    cuts = sorted({0, 1200, *(choose.randrange(1200) for _ in range(60))})
    batches = [range(*pair) for pair in itertools.pairwise(cuts)]
    received_ms = NOON_MS
    for batch in shuffled(choose, batches):
        times = [NOON_MS + number * SECOND for number in batch]
        received_ms = max(received_ms, times[-1]) + choose.randrange(20) * SECOND
        rows = {
            "temperature": [values[number] for number in batch],
            "running": [running[number] for number in batch],
        }
        for _ in range(1 + (choose.random() < 0.2)):  # some are sent twice
            await plant.send(device_id, times, rows, received_ms=received_ms, first_row=batch.start)
        if choose.random() < 0.4:
            await follow_all(source)
    await follow_all(source)
    expected = await in_history(plant, source)
    assert sum(len(steps) > 3 for steps in expected.values()) >= 3, "a test of nothing"
    assert await live(plant) == expected
    standing = {(alert.rule_id, alert.level) for alert in await told(plant) if not alert.cleared_at}
    last = {(rule_id, step[0]): step[2] for rule_id, steps in expected.items() for step in steps}
    raised = {key for key, step in last.items() if step == Step.RAISED}
    assert standing == raised


@pytest.mark.parametrize("seed", range(2))
async def test_live_is_what_a_back_test_says_of_days_that_are_sealed_since(
    plant: Plant, source: Source, seed: int
) -> None:
    """Batches late by hours, doubled and reordered, over midnight; then day by day into files."""
    choose = random.Random(seed)
    device_id = await plant.device("a", interval_ms=MINUTE)
    looks = (
        {"kind": "threshold", "ll": 8.0, "l": 20.0, "h": 80.0, "hh": 93.0},
        {"kind": "rate", "per_minute": 4.0, "window_seconds": 1200},
        {"kind": "stuck", "seconds": 1200},
    )
    for look in looks:
        await plant.rule(
            device_id, look=look, deadband=2.0, on_delay_seconds=choose.choice([0, 180]),
            off_delay_seconds=choose.choice([0, 120]),
        )  # fmt: skip
    await plant.rule(
        device_id, limit=70.0, on_delay_seconds=60.0,
        suppress_while={"metric": "running", "below": 0.5},
    )  # fmt: skip
    rows = 3 * 1440
    first_ms = NOON_MS - DAY_MS
    values = walk(choose, rows)
    running = [float((number // 200) % 3 < 2) for number in range(rows)]
    cuts = sorted({0, rows, *(choose.randrange(rows) for _ in range(80))})
    batches = [range(*pair) for pair in itertools.pairwise(cuts)]
    held = batches.pop(-6)  # this one comes when its day is a file already
    received_ms = first_ms

    async def post(batch: range) -> None:
        times = [first_ms + number * MINUTE for number in batch]
        told_of = {
            "temperature": [values[number] for number in batch],
            "running": [running[number] for number in batch],
        }
        await plant.send(device_id, times, told_of, received_ms=received_ms, first_row=batch.start)

    for batch in shuffled(choose, batches):
        received_ms = max(received_ms, first_ms + batch[-1] * MINUTE) + choose.randrange(20_000)
        for _ in range(1 + (choose.random() < 0.2)):
            await post(batch)
        if choose.random() < 0.3:
            await follow_all(source)
    await follow_all(source)
    as_it_was = await live(plant)
    assert sum(len(steps) > 3 for steps in as_it_was.values()) >= 3, "a test of nothing"
    over = first_ms, first_ms + 4 * DAY_MS
    assert await in_history(plant, source, over, MINUTE) == as_it_was
    for day in range(3):  # all hot, then sealed and hot, then all but the last half day sealed
        await seal(
            plant, source, [device_id], first_ms + day * DAY_MS, metrics=("temperature", "running")
        )
        assert await in_history(plant, source, over, MINUTE) == as_it_was
    await post(held)
    await follow_all(source)
    assert await live(plant) != as_it_was, "a test of nothing"
    assert await in_history(plant, source, over, MINUTE) == await live(plant)


async def test_late_readings_that_clear_at_once_are_told_as_a_record(
    plant: Plant, source: Source
) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id)
    await plant.send(
        device_id, [NOON_MS, NOON_MS + SECOND], {"temperature": [101.0, 99.0]},
        received_ms=NOON_MS + HOUR,
    )  # fmt: skip
    await follow_all(source)
    [alert] = await told(plant)
    assert (alert.raised_at, alert.cleared_at, alert.late) == (
        at(NOON_MS), at(NOON_MS + SECOND), True,
    )  # fmt: skip


async def test_stale_readings_raise_nothing_until_a_fresh_one_finds_the_same(
    plant: Plant, source: Source
) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id)
    now_ms = NOON_MS + HOUR
    await plant.send(device_id, [NOON_MS], {"temperature": [101.0]}, received_ms=now_ms)
    await follow_all(source)
    assert await told(plant) == []
    await plant.send(device_id, [now_ms], {"temperature": [102.0]}, received_ms=now_ms)
    await follow_all(source)
    [alert] = await told(plant)
    assert (alert.raised_at, alert.late, alert.cleared_at) == (at(NOON_MS), True, None)


async def test_late_readings_between_others_undo_an_alarm_and_say_so(
    plant: Plant, source: Source
) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id, on_delay_seconds=10.0)
    times = [NOON_MS, NOON_MS + 5 * SECOND, NOON_MS + 10 * SECOND]
    await plant.send(device_id, [times[0], times[2]], {"temperature": [101.0, 101.0]})
    await follow_all(source)
    assert len(await told(plant)) == 1
    await plant.send(
        device_id, [times[1]], {"temperature": [50.0]}, received_ms=times[2] + SECOND, epoch=2
    )
    await follow_all(source)
    [alert] = await told(plant)
    assert alert.cleared_at is not None
    assert "late" in (alert.note or "")
    assert await live(plant) == await in_history(plant, source)


async def test_a_rule_in_shadow_is_recorded_and_tells_nobody(plant: Plant, source: Source) -> None:
    device_id = await plant.device("a")
    rule_id = await plant.rule(device_id, mode="shadow")
    await plant.send(device_id, [NOON_MS, NOON_MS + SECOND], {"temperature": [101.0, 99.0]})
    await follow_all(source)
    assert await told(plant) == []
    steps = await select_rule_steps(plant.pool, rule_id, 0)
    assert [step.step for step in steps] == ["raised", "cleared"]


async def test_a_suppressed_alarm_is_not_raised_while_the_machine_stands(
    plant: Plant, source: Source
) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id, suppress_while={"metric": "running", "below": 0.5})
    times = [NOON_MS + number * SECOND for number in range(4)]
    rows = {"temperature": [101.0, 101.0, 99.0, 101.0], "running": [0.0, 0.0, 1.0, 1.0]}
    await plant.send(device_id, times, rows)
    await follow_all(source)
    [alert] = await told(plant)
    assert alert.raised_at == at(times[3])


async def test_readings_from_before_a_rule_was_made_are_not_its_business(
    plant: Plant, source: Source
) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id, changed_at=at(NOON_MS) + timedelta(seconds=2))
    times = [NOON_MS + number * SECOND for number in range(5)]
    await plant.send(device_id, times, {"temperature": [101.0, 99.0, 99.0, 101.0, 99.0]})
    await follow_all(source)
    assert [alert.raised_at for alert in await told(plant)] == [at(times[3])]
