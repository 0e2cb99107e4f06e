from datetime import timedelta
from typing import Any

import pytest

from appliance.errors import NotFound
from appliance.history.kpis import MOST_READ, overview
from appliance.history.readings import Source
from appliance.model.device import DeviceState
from appliance.model.factory import Factory
from appliance.model.ids import DeviceId
from appliance.model.kpi import Kpi, Overview
from appliance.model.scope import Scope
from appliance.store.alerts import insert_alert, update_alert_cleared
from appliance.store.completeness import select_completeness_today
from appliance.store.rules import select_rules
from appliance.workers.health import look_at_due
from tests.appliance.plant import DAY_MS, NOON, NOON_MS, Plant, at

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
MIDNIGHT_MS = NOON_MS - 15 * HOUR_MS
"""North lies in Europe/Istanbul: its noon of these tests is 15:00."""


async def seen(plant: Plant, source: Source) -> Overview:
    return await overview(source, plant.scope, plant.factory_id, NOON)


async def card(plant: Plant, source: Source, place: int = 0) -> Kpi:
    return (await seen(plant, source)).kpis[place]


async def newest(plant: Plant, name: str, value: float, **rule: Any) -> DeviceId:
    """A device whose newest temperature this is, with a high rule if any of it is given."""
    device_id = await plant.device(name, machine=f"Machine {name}")
    await plant.send(device_id, [NOON_MS - 500], {"temperature": [value]})
    if rule:
        await plant.rule(device_id, **rule)
    return device_id


async def test_an_empty_factory_has_empty_cards(plant: Plant, source: Source) -> None:
    found = await seen(plant, source)
    assert found.devices == {"live": 0, "stale": 0, "offline": 0, "never": 0}
    assert found.open_alerts == {"1": 0, "2": 0, "3": 0, "4": 0}
    assert found.completeness_today is None
    assert [(kpi.metric, kpi.label, kpi.unit_label) for kpi in found.kpis] == [
        ("temperature", "Temperature", "°C"),
        ("gas", "Gas", "ppm"),
        ("vibration", "Vibration", "mm/s"),
        ("running", "Uptime", ""),
    ]
    for kpi in found.kpis:
        assert (kpi.device_id, kpi.value, kpi.previous) == (None, None, None)
        assert (kpi.state, kpi.spark_mean) == (DeviceState.NEVER, [None] * 48)


async def test_the_device_nearest_to_its_limit_comes_first(plant: Plant, source: Source) -> None:
    await newest(plant, "furnace", 850.0, limit=950.0)
    near = await newest(plant, "cooler", 28.0, limit=30.0)
    await newest(plant, "hotter than both", 1200.0)
    kpi = await card(plant, source)
    assert (kpi.device_id, kpi.device, kpi.machine) == (near, "cooler", "Machine cooler")
    assert (kpi.value, kpi.limit, kpi.state) == (28.0, 30.0, DeviceState.LIVE)
    assert kpi.time == at(NOON_MS - 500)


async def test_the_device_furthest_beyond_its_limit_comes_first(
    plant: Plant, source: Source
) -> None:
    await newest(plant, "a", 960.0, limit=950.0)
    await newest(plant, "b", 36.0, limit=30.0)
    assert (await card(plant, source)).device == "b"


async def test_the_lowest_enabled_high_limit_counts(plant: Plant, source: Source) -> None:
    device_id = await newest(plant, "a", 90.0, limit=100.0)
    await plant.rule(device_id, limit=95.0)
    await plant.rule(device_id, limit=91.0, mode="draft")
    await plant.rule(device_id, limit=5.0, metric="gas")
    await plant.rule(device_id, "low", limit=10.0)
    assert (await card(plant, source)).limit == 95.0


async def test_without_limits_the_highest_comes_first(plant: Plant, source: Source) -> None:
    await newest(plant, "a", 90.0)
    await newest(plant, "b", 91.0)
    kpi = await card(plant, source)
    assert (kpi.device, kpi.limit) == ("b", None)


async def test_a_device_long_gone_does_not_hide_the_others(plant: Plant, source: Source) -> None:
    gone = await plant.device("gone")
    await plant.send(gone, [NOON_MS - DAY_MS], {"temperature": [990.0]})
    assert (await card(plant, source)).device == "gone"
    await newest(plant, "here", 20.0)
    assert (await card(plant, source)).device == "here"


async def test_the_last_day_and_the_same_day_a_week_ago(plant: Plant, source: Source) -> None:
    device_id = await plant.device("a")
    for start, value in ((NOON_MS - 8 * DAY_MS, 100.0), (NOON_MS - 7 * DAY_MS, 999.0)):
        times = list(range(start, start + DAY_MS, HOUR_MS))
        await plant.send(device_id, times, {"temperature": [value] * 24})
    await plant.send(
        device_id,
        [NOON_MS - 25 * HOUR_MS, NOON_MS - 24 * HOUR_MS, NOON_MS - MINUTE_MS, NOON_MS - 1],
        {"temperature": [5.0, 1.0, 2.0, 4.0]},
    )
    kpi = await card(plant, source)
    assert kpi.previous == 100.0
    assert kpi.spark_mean == [1.0] + [None] * 46 + [3.0]


async def test_the_half_hour_that_is_not_over_is_the_last(plant: Plant, source: Source) -> None:
    device_id = await plant.device("a")
    now = NOON + timedelta(minutes=10)
    await plant.send(device_id, [NOON_MS - 1, NOON_MS + 1], {"temperature": [1.0, 3.0]})
    found = await overview(source, plant.scope, plant.factory_id, now)
    assert found.kpis[0].spark_mean == [None] * 46 + [1.0, 3.0]


async def test_the_machine_that_ran_least_comes_first(plant: Plant, source: Source) -> None:
    times = list(range(NOON_MS - DAY_MS, NOON_MS, MINUTE_MS))
    for name, idle in (("busy", 144), ("idle", 1080)):
        device_id = await plant.device(name, interval_ms=MINUTE_MS)
        await plant.send(device_id, times, {"running": [0.0] * idle + [1.0] * (1440 - idle)})
    week = [time - 7 * DAY_MS for time in times]
    half = {"running": [0.0] * 720 + [1.0] * 720}
    await plant.send(device_id, week, half, epoch=2, received_ms=NOON_MS)
    kpi = await card(plant, source, 3)
    assert (kpi.device, kpi.value, kpi.previous) == ("idle", 0.25, 0.5)
    assert kpi.spark_mean == [0.0] * 36 + [1.0] * 12


async def test_of_a_large_plant_those_are_read_that_ran_least_by_the_last_look(
    plant: Plant, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.workers.health.SHARE", 1.0)
    times = list(range(NOON_MS - DAY_MS, NOON_MS, 10 * MINUTE_MS))
    for number in range(MOST_READ + 2):
        device_id = await plant.device(f"a{number:02}", interval_ms=10 * MINUTE_MS)
        idle = number * 8
        await plant.send(device_id, times, {"running": [0.0] * idle + [1.0] * (144 - idle)})
    await look_at_due(source, lambda: NOON, at(NOON_MS + 1), {})
    kpi = await card(plant, source, 3)
    assert (kpi.device, kpi.value) == (f"a{MOST_READ + 1}", pytest.approx(8 / 144))


async def test_time_without_readings_is_neither_running_nor_standing(
    plant: Plant, source: Source
) -> None:
    device_id = await plant.device("a", interval_ms=MINUTE_MS)
    times = [NOON_MS - 6 * MINUTE_MS, NOON_MS - 5 * MINUTE_MS, NOON_MS - MINUTE_MS]
    await plant.send(device_id, times, {"running": [0.0, 1.0, 1.0]})
    assert (await card(plant, source, 3)).value == pytest.approx(4 / 5)


async def test_devices_and_open_alerts_are_counted(
    plant: Plant, south: Factory, source: Source
) -> None:
    device_id = await newest(plant, "a", 20.0)
    await plant.device("b")
    await newest(Plant(plant.pool, south.id), "elsewhere", 20.0)
    for number, priority in enumerate((1, 1, 3, 4)):
        rule_id = await plant.rule(device_id, priority=priority)
        [rule] = [one for one in await select_rules(plant.pool, plant.scope) if one.id == rule_id]
        alert_id = await insert_alert(plant.pool, rule, "h", NOON, 101.0, 100.0)
        if number in {1, 3}:
            await update_alert_cleared(plant.pool, rule.id, "h", NOON, 99.0)
        if number == 3:
            await plant.pool.execute(
                "update alerts set acknowledged_at = now() where id = $1", alert_id
            )
    found = await seen(plant, source)
    assert found.devices == {"live": 1, "stale": 0, "offline": 0, "never": 1}
    assert found.open_alerts == {"1": 2, "2": 0, "3": 1, "4": 0}


async def test_another_factory_is_not_there(plant: Plant, south: Factory, source: Source) -> None:
    with pytest.raises(NotFound):
        await overview(source, plant.scope, south.id, NOON)


async def complete(plant: Plant) -> float | None:
    return await select_completeness_today(plant.pool, plant.scope, plant.factory_id, NOON)


async def test_a_day_without_a_gap_is_complete(plant: Plant) -> None:
    device_id = await plant.device("a", interval_ms=MINUTE_MS)
    times = list(range(MIDNIGHT_MS - HOUR_MS, NOON_MS, MINUTE_MS))
    await plant.send(device_id, times, {"gas": [1.0] * len(times)})
    assert await complete(plant) == 1.0


async def test_rows_that_never_came_are_missing(plant: Plant) -> None:
    device_id = await plant.device("a", interval_ms=MINUTE_MS)
    yesterday = list(range(MIDNIGHT_MS - HOUR_MS, MIDNIGHT_MS, MINUTE_MS))
    await plant.send(device_id, yesterday, {"gas": [1.0] * len(yesterday)})
    assert await complete(plant) == 0.0
    later = list(range(MIDNIGHT_MS + 5 * HOUR_MS, NOON_MS, MINUTE_MS))
    await plant.send(device_id, later, {"gas": [1.0] * len(later)})
    assert await complete(plant) == pytest.approx(10 / 15, abs=0.005)
    late = list(range(MIDNIGHT_MS, MIDNIGHT_MS + 5 * HOUR_MS, MINUTE_MS))
    await plant.send(device_id, late, {"gas": [1.0] * len(late)}, epoch=2, received_ms=NOON_MS)
    assert await complete(plant) == 1.0


async def test_a_device_counts_from_its_first_reading_on(plant: Plant) -> None:
    await plant.device("in its box")
    device_id = await plant.device("new", interval_ms=MINUTE_MS)
    assert await complete(plant) is None
    times = list(range(NOON_MS - HOUR_MS, NOON_MS, MINUTE_MS))
    await plant.send(device_id, times, {"gas": [1.0] * len(times)})
    assert await complete(plant) == 1.0


async def test_a_node_quicker_than_expected_is_held_to_its_own_numbers(plant: Plant) -> None:
    device_id = await plant.device("a", interval_ms=MINUTE_MS)
    for start in (0, 50):
        times = [
            NOON_MS - HOUR_MS + number * 1000 for number in range(start * 10, start * 10 + 300)
        ]
        await plant.send(device_id, times, {"gas": [1.0] * 300}, first_row=start * 10)
    assert await complete(plant) == pytest.approx(600 / 800)


async def test_one_quick_node_does_not_hide_the_loss_of_another(plant: Plant) -> None:
    quick = await plant.device("quick", interval_ms=MINUTE_MS)
    times = list(range(MIDNIGHT_MS, MIDNIGHT_MS + 15 * HOUR_MS, 30_000))
    await plant.send(quick, times, {"gas": [1.0] * len(times)})
    lossy = await plant.device("lossy", interval_ms=30_000)
    await plant.send(lossy, times[:900], {"gas": [1.0] * 900})
    assert await complete(plant) == pytest.approx(0.75, abs=0.005)


async def test_completeness_is_told_in_scope_only(plant: Plant, south: Factory) -> None:
    device_id = await plant.device("a", interval_ms=MINUTE_MS)
    await plant.send(device_id, [NOON_MS - HOUR_MS], {"gas": [1.0]})
    elsewhere = Scope((south.id,))
    assert await select_completeness_today(plant.pool, elsewhere, plant.factory_id, NOON) is None
