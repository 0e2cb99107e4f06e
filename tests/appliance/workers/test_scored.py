"""Rules about health scores and models raise and clear with the scores as they come."""

from datetime import timedelta

import pytest

from appliance.model.alert import Alert
from appliance.model.ids import DeviceId, RuleId
from appliance.store import alerts
from appliance.workers.scored import watch_scores
from tests.appliance.plant import NOON, Plant

MODEL = {
    "kind": "model",
    "url": "http://models.north.example/score",
    "above": 0.8,
    "window_seconds": 600,
    "every_seconds": 60,
}


async def told(plant: Plant) -> list[Alert]:
    found = await alerts.select_alerts(plant.pool, plant.scope, "all")
    return sorted(found, key=lambda alert: alert.raised_at)


async def watch(plant: Plant, minutes: int) -> None:
    async with plant.pool.acquire() as db:
        await watch_scores(db, NOON + timedelta(minutes=minutes))


async def healthy(plant: Plant, device_id: DeviceId, minute: int, score: float | None) -> None:
    await plant.pool.execute(
        """
        insert into health_scores (machine_id, at, score, quality, version, why)
        select machine_id, $2, $3, 1, 1, '[]' from devices where id = $1
        """,
        device_id,
        NOON + timedelta(minutes=minute),
        score,
    )


async def modelled(plant: Plant, rule_id: RuleId, minute: int, score: float) -> None:
    await plant.pool.execute(
        "insert into model_scores (rule_id, at, score) values ($1, $2, $3)",
        rule_id,
        NOON + timedelta(minutes=minute),
        score,
    )


async def test_a_health_rule_raises_below_its_score_and_clears_above(plant: Plant) -> None:
    device_id = await plant.device("a", machine="Press")
    await plant.device("b", machine="Pump")
    rule_id = await plant.rule(device_id, look={"kind": "health", "below": 60.0}, deadband=5.0)
    for minute, score in enumerate([90.0, None, 55.0, 62.0, 66.0]):
        await healthy(plant, device_id, minute, score)
        await watch(plant, minute)
    [alert] = await told(plant)
    assert (alert.rule_id, alert.level, alert.raised_value, alert.limit) == (
        rule_id, "on", 55.0, 60.0,
    )  # fmt: skip
    assert alert.raised_at == NOON + timedelta(minutes=2)
    assert alert.cleared_at == NOON + timedelta(minutes=4)


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_model_rule_follows_its_own_scores(plant: Plant, at_once: bool) -> None:
    device_id = await plant.device("a")
    rule_id = await plant.rule(device_id, look=MODEL, on_delay_seconds=60.0)
    other = await plant.rule(device_id, look=MODEL, mode="draft")
    scores = [0.1, 0.9, 0.2, 0.9, 0.95, 0.3]
    for minute, score in enumerate(scores):
        await modelled(plant, rule_id, minute, score)
        await modelled(plant, other, minute, 1.0)
        if not at_once:
            await watch(plant, minute)
    await watch(plant, len(scores) - 1)
    [alert] = await told(plant)
    assert (alert.rule_id, alert.raised_at) == (rule_id, NOON + timedelta(minutes=4))
    assert alert.cleared_at == NOON + timedelta(minutes=5)


async def test_an_old_score_wakes_nobody(plant: Plant) -> None:
    device_id = await plant.device("a")
    rule_id = await plant.rule(device_id, look=MODEL)
    await modelled(plant, rule_id, 0, 0.9)
    await watch(plant, 60)
    assert await told(plant) == []
