from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.demo import past
from appliance.demo.folder import Folder, State
from appliance.errors import CarbonseedError
from appliance.history.readings import Source
from appliance.model.alert import AlertState
from appliance.model.ids import UserId
from appliance.model.rule_state import Phase
from appliance.model.user import Role
from appliance.store import alerts, rule_states, users
from appliance.store.rules import select_rules
from tests.appliance.plant import DAY_MS, NOON, NOON_MS, Plant, at

MINUTE = 60_000
LONG_AGO = NOON_MS - 10 * DAY_MS


@pytest.fixture
async def operator(plant: Plant) -> UserId:
    return await users.insert_user(
        plant.pool,
        email="o@plant.example",
        name="O",
        role=Role.OPERATOR,
        password_hash="!",
        now=NOON,
    )


async def record(plant: Plant, source: Source, who: UserId) -> int:
    found = await select_rules(plant.pool, plant.scope)
    return await past.record_alerts(source, found, who, NOON)


async def test_alerts_of_the_past_have_their_true_times_and_most_are_acknowledged(
    plant: Plant, source: Source, operator: UserId
) -> None:
    device_id = await plant.device("a", interval_ms=MINUTE)
    await plant.rule(device_id)
    for begin in (LONG_AGO, NOON_MS - 30 * MINUTE):
        times = [begin + i * MINUTE for i in range(4)]
        readings = {"temperature": [99.0, 101.0, 102.0, 98.0]}
        await plant.send(device_id, times, readings, epoch=begin)
    assert await record(plant, source, operator) == 2
    recent, old = await alerts.select_alerts(plant.pool, plant.scope, "all")
    assert (old.raised_at, old.cleared_at) == (at(LONG_AGO + MINUTE), at(LONG_AGO + 3 * MINUTE))
    assert (old.raised_value, old.limit, old.state) == (101.0, 100.0, AlertState.CLOSED)
    assert old.acknowledged_by == "O"
    assert old.acknowledged_at
    assert old.raised_at < old.acknowledged_at < old.raised_at + timedelta(minutes=30)
    assert recent.state is AlertState.RETURNED


async def test_an_alert_that_still_stands_is_left_to_the_engine(
    plant: Plant, source: Source, operator: UserId
) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id)
    await plant.send(device_id, [NOON_MS - 2000, NOON_MS - 1000], {"temperature": [99.0, 101.0]})
    await record(plant, source, operator)
    (alert,) = await alerts.select_alerts(plant.pool, plant.scope, "open")
    assert alert.state is AlertState.UNACKNOWLEDGED
    (watch,) = await rule_states.select_watches(plant.pool)
    assert (watch.state.levels["h"].phase, watch.state.seen_ms) == (Phase.RAISED, NOON_MS - 1000)


async def test_a_critical_alert_of_the_past_is_never_left_unacknowledged(
    plant: Plant, source: Source, operator: UserId
) -> None:
    device_id = await plant.device("a")
    await plant.rule(device_id, priority=1)
    times = [NOON_MS - 3000, NOON_MS - 2000, NOON_MS - 1000]
    await plant.send(device_id, times, {"temperature": [99.0, 101.0, 98.0]})
    await record(plant, source, operator)
    (alert,) = await alerts.select_alerts(plant.pool, plant.scope, "all")
    assert alert.state is AlertState.CLOSED


async def test_a_node_that_was_gone_for_a_while_was_silent_once(
    plant: Plant, source: Source, operator: UserId
) -> None:
    device_id = await plant.device("a", interval_ms=MINUTE)
    await plant.rule(device_id, "no_data", on_delay_seconds=300.0, off_delay_seconds=60.0)
    times = [LONG_AGO + i * MINUTE for i in (0, 1, 2, 30, 31, 90, 91)]
    await plant.send(device_id, times, {"running": [1.0] * len(times)}, received_ms=NOON_MS)
    assert await record(plant, source, operator) == 2
    found = await alerts.select_alerts(plant.pool, plant.scope, "all")
    assert sorted((one.raised_at, one.cleared_at) for one in found) == [
        (at(LONG_AGO + 7 * MINUTE), at(LONG_AGO + 31 * MINUTE)),
        (at(LONG_AGO + 36 * MINUTE), at(LONG_AGO + 91 * MINUTE)),
    ]


@pytest.mark.parametrize(
    ("hour", "days", "fine"), [(12, 30.0, 0.5), (0, 30.0, 0.0), (18, 0.25, 0.25)]
)
def test_todays_past_is_as_fine_as_what_the_nodes_take(hour: int, days: float, fine: float) -> None:
    now = datetime(2026, 11, 23, hour, tzinfo=ZoneInfo("Europe/Berlin"))
    coarse, today = past.spans(days, now, 2)
    assert (coarse.days, coarse.step_seconds) == (days, past.COARSE_SECONDS)
    assert (today.days, today.step_seconds) == (fine, 2)
    assert today.rows == round(fine * 43_200)


def test_the_next_start_knows_how_far_the_last_one_came(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.load() is None
    state = State("secret", ("a", "b"), complete=True)
    folder.save(state)
    assert folder.load() == state
    (kept,) = folder.path.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.write_text("{")
    with pytest.raises(CarbonseedError, match="start anew"):
        folder.load()
