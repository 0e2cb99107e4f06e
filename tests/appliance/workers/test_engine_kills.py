import asyncio
import random
import sys

import numpy as np
import pytest

from appliance.alarms.evaluation import Evaluation, run_of
from appliance.alarms.look import Facts, view
from appliance.alarms.transition import Step
from appliance.analytics.standards import shipped
from appliance.history.readings import Source
from appliance.model.alert import Alert
from appliance.model.ids import DeviceId, RuleId
from appliance.model.rule_state import Phase
from appliance.store import alerts, rules
from appliance.workers.follower import Follower
from tests.appliance.plant import NOON, NOON_MS, Plant, at

LIMITS = shipped()
CHILD = """
import asyncio, sys
from datetime import UTC, datetime
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from appliance.archive.read import Archive
from appliance.history.readings import Source
from appliance.store.pool import open_pool
from appliance.store import outage
from appliance.workers import engine
from appliance.workers import follower as follower_module
from appliance.workers.follower import Follower

engine.GATHER_SECONDS, engine.STANDBY_SECONDS = 0.0, 0.02

async def main():
    async with open_pool(sys.argv[1], size=2) as pool:
        print("up", flush=True)
        source = Source(pool, ThreadPoolExecutor(1), Archive(Path("/nowhere")))
        await engine.run_engine(source, lambda: datetime.now(UTC))

asyncio.run(main())
"""


async def told(plant: Plant) -> list[Alert]:
    found = await alerts.select_alerts(plant.pool, plant.scope, "all")
    return sorted(found, key=lambda alert: (alert.rule_id, alert.raised_at))


async def follow_all(source: Source) -> None:
    following = Follower(source, lambda: NOON, LIMITS)
    async with source.db.acquire() as db:
        while await following.follow(db):
            pass
        await following.flush(db)


@pytest.mark.faults
async def test_alerts_are_exact_however_often_the_engine_is_killed(
    source: Source, plant: Plant, database_url: str
) -> None:
    rng = random.Random(7)
    device_ids = [await plant.device(name) for name in "abc"]
    rule_ids = {
        await plant.rule(device_id, on_delay_seconds=delay, deadband=3.0): device_id
        for device_id in device_ids
        for delay in (0.0, 2.0)
    }
    sent: dict[DeviceId, list[tuple[int, float]]] = {device_id: [] for device_id in device_ids}

    async def send_all() -> None:
        for number in range(150):
            for device_id in device_ids:
                rows = [
                    (NOON_MS + number * 3000 + part * 1000, rng.choice([90.0, 98.0, 101.0, 105.0]))
                    for part in range(3)
                ]
                sent[device_id] += rows
                await asyncio.sleep(0.01)
                await plant.send(
                    device_id, [time for time, _ in rows], {"temperature": [v for _, v in rows]}
                )

    sending = asyncio.create_task(send_all())
    kills = 0
    while not sending.done() or len(await told(plant)) <= 10:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CHILD, database_url, stdout=asyncio.subprocess.PIPE
        )
        assert child.stdout is not None
        await child.stdout.readline()
        # on a busy machine a life must be longer, or none does anything
        await asyncio.sleep(rng.uniform(0.0, 0.5) * (1 + kills / 10))
        child.kill()
        await child.wait()
        kills += 1
    await sending
    assert kills > 3
    await follow_all(source)

    assert [
        (alert.rule_id, alert.raised_at, alert.raised_value, alert.cleared_at)
        for alert in await told(plant)
    ] == await expected(plant, rule_ids, sent)
    assert await plant.pool.fetchval("select count(*) from batches") == 450
    phases = await plant.pool.fetch("select phase from rule_states")
    assert {Phase(row["phase"]) for row in phases} <= set(Phase)


async def expected(
    plant: Plant,
    rule_ids: dict[RuleId, DeviceId],
    sent: dict[DeviceId, list[tuple[int, float]]],
) -> list[tuple[object, ...]]:
    """What one evaluation of everything at once gives."""
    found: list[list[object]] = []
    for rule in sorted(await rules.select_rules(plant.pool, plant.scope), key=lambda r: r.id):
        rows = sent[rule_ids[rule.id]]
        evaluation = Evaluation(view(rule, Facts(1000)))
        steps = evaluation.take(
            run_of(np.array([time for time, _ in rows]), np.array([value for _, value in rows]))
        )
        for step in steps:
            if step.step is Step.RAISED:
                found.append([rule.id, at(step.at_ms), step.value, None])
            else:
                found[-1][3] = at(step.at_ms)
    return [tuple(alert) for alert in found]
