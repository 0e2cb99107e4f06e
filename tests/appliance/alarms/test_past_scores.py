"""Rules about scores tried on the past: the scores are those that were made live, and the steps."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import numpy as np
import pytest

from appliance.alarms import past_scores
from appliance.alarms.asking import OPENS_AFTER, make_client
from appliance.alarms.backtest import Past, steps_of
from appliance.alarms.look import Facts
from appliance.alarms.past_scores import NO_MACHINE, Told, health_scores, model_scores
from appliance.alarms.record import rows_of
from appliance.history.health import Drifts
from appliance.history.past_health import scores
from appliance.history.readings import Source
from appliance.model.ids import DeviceId, MachineId
from appliance.model.rule import Rule
from appliance.model.user import Role
from appliance.store.alerts import insert_alert
from appliance.store.health_scores import score_series
from appliance.store.model_scores import model_series
from appliance.store.rule_steps import select_rule_steps
from appliance.store.rules import select_rules
from appliance.workers.health import score_all
from appliance.workers.learner import learn_due
from appliance.workers.models import ask_due
from appliance.workers.scored import watch_scores
from tests.appliance.conftest import Clock, SignIn
from tests.appliance.plant import DAY_MS, NOON_MS, Plant, at
from tests.appliance.sealing import seal
from tests.appliance.workers.test_models import answering, response

MINUTE, HOUR = 60_000, 3_600_000
BEGIN = NOON_MS - 3 * HOUR


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.workers.learner.SHARE", 1.0)
    monkeypatch.setattr("appliance.alarms.asking.RETRY_SECONDS", 0.001)
    monkeypatch.setattr("appliance.alarms.asking.TIMEOUT_SECONDS", 60.0)
    monkeypatch.setattr(past_scores, "MOST_SECONDS", 600.0)


async def press(plant: Plant) -> tuple[DeviceId, MachineId]:
    """Nine days of a press that stands now and then, and shakes badly in the last hours."""
    device_id = await plant.device("press", interval_ms=MINUTE, machine="Press")
    chance = np.random.default_rng(5)
    for start in range(NOON_MS - 9 * DAY_MS, NOON_MS, DAY_MS // 2):
        times = np.arange(start, start + DAY_MS // 2, MINUTE)
        shakes = (times >= BEGIN + 50 * MINUTE) & (times < BEGIN + 100 * MINUTE)
        await plant.send(
            device_id,
            times.tolist(),
            {
                "temperature": (40 + chance.normal(size=times.size) + 6 * shakes).tolist(),
                "vibration": (1.6 + 0.1 * chance.normal(size=times.size) + 4 * shakes).tolist(),
                "running": (times // MINUTE % 97 > 20).astype(float).tolist(),
            },
        )
    machine_id = await plant.pool.fetchval("select machine_id from devices")
    return device_id, machine_id


async def one_rule(plant: Plant, kind: str) -> Rule:
    [found] = [one for one in await select_rules(plant.pool, plant.scope) if one.kind == kind]
    return found


async def live_steps(plant: Plant, rule: Rule) -> list[tuple[Any, ...]]:
    return [tuple(row[:5]) for row in await select_rule_steps(plant.pool, rule.id, 0)]


async def test_a_health_rule_does_in_a_back_test_what_it_did_live(
    plant: Plant, source: Source
) -> None:
    """Through a baseline learnt anew, a rule that changes and an alarm, hot and sealed."""
    device_id, machine_id = await press(plant)
    await plant.rule(device_id, look={"kind": "threshold", "h": 60.0}, message="Warm")
    await plant.rule(
        device_id, look={"kind": "health", "below": 60.0}, deadband=5.0, on_delay_seconds=180.0,
        changed_at=at(BEGIN),
    )  # fmt: skip
    warm, poor = await one_rule(plant, "threshold"), await one_rule(plant, "health")
    await learn_due(source, lambda: at(BEGIN - 4 * DAY_MS))
    drifts: Drifts = {}
    for minute in range(180):
        moment = at(BEGIN + minute * MINUTE)
        if minute == 30:
            changed = msgspec.to_builtins(warm) | {"look": {"kind": "threshold", "h": 44.0}}
            await plant.pool.execute(
                "insert into rule_versions values ($1, 2, $2, 'somebody', $3)",
                warm.id, moment - timedelta(seconds=5), changed,
            )  # fmt: skip
        if minute == 70:
            assert await learn_due(source, partial(at, BEGIN + 70 * MINUTE)) > 0
        if minute == 120:
            await insert_alert(plant.pool, warm, "h", moment - timedelta(seconds=9), 61.0, 60.0)
        if minute == 150:
            await plant.pool.execute(
                "update alerts set cleared_at = $1 where message = 'Warm'", moment
            )
        await score_all(source, moment, drifts)
        async with plant.pool.acquire() as db:
            await watch_scores(db, moment)
    made = await score_series(plant.pool, machine_id, 0, 2 * NOON_MS)
    machine = (plant.factory_id, machine_id)
    past = Past(source, BEGIN, NOON_MS, Facts(MINUTE), [], machine_id)
    for sealed in (False, True):
        if sealed:
            metrics = ("temperature", "vibration", "running")
            for day in range(1, 9):
                await seal(plant, source, [device_id], NOON_MS - day * DAY_MS, metrics=metrics)
        [again] = [part async for part in scores(source, machine, BEGIN, NOON_MS, [])]
        assert again.times_ms.tolist() == made[0].tolist()
        assert again.values.tolist() == made[1].tolist()
        steps = [tuple(row[:5]) for row in rows_of((await steps_of(past, poor)).steps)]
        assert steps == await live_steps(plant, poor)
        assert [step[2] for step in steps] == ["raised", "cleared", "raised", "cleared"][
            : len(steps)
        ]
        assert len(steps) >= 2, "a test of nothing"


async def test_health_of_the_past_is_bounded_and_needs_a_machine(
    plant: Plant, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, machine_id = await press(plant)
    monkeypatch.setattr(past_scores, "HEALTH_MS", HOUR)
    found = await health_scores(source, (plant.factory_id, machine_id), BEGIN, NOON_MS)
    assert found.from_ms == NOON_MS - HOUR
    assert found.run is not None
    assert found.run.times_ms.tolist() == list(range(NOON_MS - HOUR, NOON_MS, MINUTE))
    nowhere = await health_scores(source, (plant.factory_id, None), BEGIN, NOON_MS)
    assert nowhere.needs == NO_MACHINE


def judged(request: bytes) -> bytes:
    """A model that finds windows odd whose last value is above 70."""
    body = msgspec.json.decode(request.split(b"\r\n\r\n", 1)[1])
    assert (body["device"], body["metric"], body["unit"]) == ("press", "temperature", "Cel")
    return response(msgspec.json.encode({"score": body["values"][-1] / 100}))


async def hot_minutes(plant: Plant) -> DeviceId:
    """An hour with two hot spells, and a hole in it."""
    device_id = await plant.device("press", interval_ms=10_000)
    times = np.arange(NOON_MS - HOUR, NOON_MS, 10_000)
    values = np.full(times.size, 50.0)
    values[60:90], values[300:] = 80.0, 90.0
    kept = (times < NOON_MS - 30 * MINUTE) | (times >= NOON_MS - 18 * MINUTE)
    await plant.send(device_id, times[kept].tolist(), {"temperature": values[kept].tolist()})
    return device_id


def look(url: str, **more: Any) -> dict[str, Any]:
    asked = {"kind": "model", "url": url, "above": 0.7, "window_seconds": 300, "every_seconds": 60}
    return asked | more


async def test_a_model_rule_does_in_a_back_test_what_it_did_live(
    plant: Plant, source: Source, clock: Clock
) -> None:
    device_id = await hot_minutes(plant)
    async with answering(judged) as url, await source.run(make_client) as client:
        await plant.rule(device_id, look=look(url), on_delay_seconds=120.0)
        rule = await one_rule(plant, "model")
        for minute in range(60, -1, -1):
            clock.now = at(NOON_MS - minute * MINUTE)
            await ask_due(source, client, clock)
            async with plant.pool.acquire() as db:
                await watch_scores(db, clock())
        past = Past(source, NOON_MS - HOUR, NOON_MS, Facts(10_000), [], None, Told("press", "Cel"))
        found = await steps_of(past, rule)
    times, values = await model_series(plant.pool, rule.id, 0, 2 * NOON_MS)
    assert (found.readings, found.gaps, found.needs) == (times.size, [], None)
    steps = [tuple(row[:5]) for row in rows_of(found.steps)]
    assert steps == await live_steps(plant, rule)
    assert [step[2] for step in steps] == ["raised", "cleared", "raised"]
    assert 40 < times.size < 60
    assert values.max() == 0.9


async def test_questions_are_bounded_and_what_fails_is_a_gap_or_the_end(
    plant: Plant, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    device_id = await hot_minutes(plant)
    monkeypatch.setattr(past_scores, "AT_ONCE", 1)
    asked: list[bytes] = []
    fails: Callable[[int], bool] = lambda number: False  # noqa: E731

    def answer(request: bytes) -> bytes:
        asked.append(request)
        return response(b"", "503 Busy") if fails(len(asked)) else judged(request)

    async with answering(answer) as url:
        await plant.rule(device_id, look=look(url))
        rule = await one_rule(plant, "model")
        told = Told("press", "Cel")
        monkeypatch.setattr(past_scores, "MOST_QUESTIONS", 10)
        few = await model_scores(source, rule, told, NOON_MS - HOUR, NOON_MS)
        assert few.from_ms == NOON_MS - 10 * MINUTE
        assert few.run is not None
        assert (len(asked), few.run.times_ms.size) == (10, 10)

        asked.clear()
        fails = lambda number: number in {3, 4}  # noqa: E731 - both tries of one
        some = await model_scores(source, rule, told, NOON_MS - HOUR, NOON_MS)
        assert some.run is not None
        assert some.run.times_ms.size == 9
        assert [(gap.from_ms, gap.to_ms) for gap in some.gaps] == [
            (NOON_MS - 3 * MINUTE, NOON_MS - 2 * MINUTE)
        ]
        assert "503" in some.gaps[0].reason

        asked.clear()
        fails = lambda number: True  # noqa: E731
        none = await model_scores(source, rule, told, NOON_MS - HOUR, NOON_MS)
        assert none.run is None
        assert none.needs is not None
        assert url in none.needs
        assert "503" in none.needs
        assert len(asked) == 2 * OPENS_AFTER

        monkeypatch.setattr(past_scores, "MOST_SECONDS", 0.0)
        fails = lambda number: False  # noqa: E731
        late = await model_scores(source, rule, told, NOON_MS - HOUR, NOON_MS)
        assert late.from_ms == NOON_MS - MINUTE, "at least one is asked"


async def test_a_window_of_old_readings_alone_is_not_of_the_period(
    plant: Plant, sign_in: SignIn
) -> None:
    device_id = await plant.device("press")
    times = [NOON_MS - HOUR - 90_000 + number * 1000 for number in range(60)]
    await plant.send(device_id, times, {"temperature": [90.0] * 60})
    technician = await sign_in(Role.TECHNICIAN)
    async with answering(judged) as url:
        given = {"device_id": device_id, "metric": "temperature", "priority": 3, "message": "Odd"}
        asked = {"rule": given | {"look": look(url)}, "from": at(NOON_MS - HOUR).isoformat()}
        tried = await (await technician.post("/rules/backtest", json=asked)).get_json()
    assert (tried["alarms"], tried["readings"], tried["needs"]) == (0, 0, None)


async def test_versions_are_compared_on_the_same_answers(
    plant: Plant, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    device_id = await hot_minutes(plant)
    technician = await sign_in(Role.TECHNICIAN)
    asked = []

    def answer(request: bytes) -> bytes:
        asked.append(request)
        return judged(request)

    async with answering(answer) as url:
        given = {"device_id": device_id, "metric": "temperature", "priority": 3, "message": "Odd"}
        made = await technician.post("/rules", json=given | {"look": look(url)})
        rule_id = (await made.get_json())["id"]
        over = {"from": at(NOON_MS - HOUR).isoformat(), "replaces": rule_id}
        higher = {"rule": given | {"look": look(url, above=0.85)}}
        tried = await (await technician.post("/rules/backtest", json=higher | over)).get_json()
        once = len(asked)
        slower = {"rule": given | {"look": look(url, every_seconds=120)}}
        await technician.post("/rules/backtest", json=slower | over)
    assert (tried["alarms"], tried["difference"]) == (1, {"more": 0, "fewer": 1})
    assert once <= 60
    assert len(asked) > once + 60, "another question is asked anew"


async def test_the_gate_opens_by_a_back_test_of_a_model_that_answers(
    plant: Plant, sign_in: SignIn, clock: Clock
) -> None:
    device_id = await hot_minutes(plant)
    technician = await sign_in(Role.TECHNICIAN)
    works = False

    def answer(request: bytes) -> bytes:
        return judged(request) if works else response(b"", "503 Busy")

    async with answering(answer) as url:
        given = {"device_id": device_id, "metric": "temperature", "priority": 3, "message": "Odd"}
        made = await technician.post("/rules", json=given | {"look": look(url)})
        path = f"/rules/{(await made.get_json())['id']}"
        tried = await (await technician.post(f"{path}/backtest", json={"days": 1})).get_json()
        assert "503" in tried["needs"]
        refused = await technician.post(f"{path}/mode", json={"mode": "live"})
        assert (await refused.get_json())["code"] == "no-backtest"
        works = True
        await plant.pool.execute(
            "insert into model_states (rule_id, asked_at, failures, open_until, error)"
            " select id, $1, 5, $2, 'It answered 503' from rules",
            clock(), clock() + timedelta(minutes=3),
        )  # fmt: skip
        tried = await (await technician.post(f"{path}/backtest", json={"days": 1})).get_json()
        assert "left alone until 12:03:00 UTC" in tried["needs"]
        clock.forward(minutes=4)
        tried = await (await technician.post(f"{path}/backtest", json={"days": 1})).get_json()
        assert (tried["needs"], tried["alarms"]) == (None, 2)
        assert (await technician.post(f"{path}/mode", json={"mode": "live"})).status_code == 200
    stored = await (await technician.get(f"{path}/backtest")).get_json()
    assert stored == tried
