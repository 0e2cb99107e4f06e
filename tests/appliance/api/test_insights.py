import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from appliance.history.readings import Source
from appliance.model import insight
from appliance.model.factory import Factory
from appliance.model.health import HealthScore, Reason
from appliance.model.ids import DeviceId
from appliance.model.user import Role
from appliance.store.model_scores import insert_model_score, update_model_failed
from appliance.store.pool import Pool
from appliance.store.rules import select_rules
from appliance.workers.health import look_at_due, score_all
from appliance.workers.learner import learn_due
from tests.appliance.conftest import Clock, SignedIn, SignIn
from tests.appliance.plant import DAY_MS, NOON, NOON_MS, Plant, at

MINUTE_MS = 60_000


async def test_the_overview_of_a_factory(plant: Plant, sign_in: SignIn) -> None:
    device_id = await plant.device("a", machine="Furnace 1")
    await plant.send(device_id, [NOON_MS - 500], {"temperature": [21.5]})
    manager = await sign_in(Role.MANAGER)
    response = await manager.get(f"/insights/overview?factory_id={plant.factory_id}")
    told = await response.get_json()
    assert response.status_code == 200
    assert told["devices"] == {"live": 1, "stale": 0, "offline": 0, "never": 0}
    assert told["open_alerts"] == {"1": 0, "2": 0, "3": 0, "4": 0}
    assert [kpi["label"] for kpi in told["kpis"]] == [
        "Temperature", "Gas", "Vibration", "Uptime",
    ]  # fmt: skip
    kpi = told["kpis"][0]
    assert (kpi["value"], kpi["machine"], kpi["time"]) == (
        21.5, "Furnace 1", "2026-11-23T11:59:59.500000Z",
    )  # fmt: skip
    assert kpi["spark_mean"] == [None] * 47 + [21.5]


async def test_another_factory_is_not_there(south: Factory, sign_in: SignIn) -> None:
    manager = await sign_in(Role.MANAGER)
    assert (await manager.get(f"/insights/overview?factory_id={south.id}")).status_code == 404
    for wrong in ("", "?factory_id=x", "?factory_id=0", "?factory=1"):
        assert (await manager.get(f"/insights/overview{wrong}")).status_code == 400


async def press(plant: Plant) -> DeviceId:
    """A press on the floor: eight days of a reading a minute up to noon."""
    device_id = await plant.device("press", interval_ms=MINUTE_MS, machine="Press")
    random = np.random.default_rng(2)
    for start in range(NOON_MS - 8 * DAY_MS, NOON_MS, DAY_MS // 2):
        times = np.arange(start, start + DAY_MS // 2, MINUTE_MS)
        days = (times - NOON_MS) / DAY_MS
        readings = {
            "temperature": 60 + 2 * days + random.normal(scale=0.5, size=times.size),
            "vibration": 1.9 + 0.05 * random.normal(size=times.size),
            "gas": np.full(times.size, 40.0),
            "running": np.ones(times.size),
        }
        await plant.send(
            device_id,
            times.tolist(),
            {name: values.round(2).tolist() for name, values in readings.items()},
        )
    return device_id


async def add_rule(plant: Plant, device_id: DeviceId, metric: str, look: dict[str, Any]) -> None:
    await plant.pool.execute(
        """
        insert into rules (factory_id, device_id, kind, metric_id, look, priority, message, mode)
        values ($1, $2, $3, (select id from metrics where name = $4), $5, 3, 'Rule', 'live')""",
        plant.factory_id,
        device_id,
        look["kind"],
        metric,
        look,
    )


@pytest.fixture
async def known(plant: Plant, source: Source, monkeypatch: pytest.MonkeyPatch) -> DeviceId:
    """The press, learnt, looked at and scored at noon."""
    for worker in ("learner", "health"):
        monkeypatch.setattr(f"appliance.workers.{worker}.SHARE", 1.0)
    device_id = await press(plant)
    await add_rule(plant, device_id, "temperature", {"kind": "threshold", "h": 70.0})
    for measure, name in (("twa", "CO, NIOSH REL"), ("ceiling", "CO, NIOSH REL")):
        look = {"kind": "exposure", "limit": name, "measure": measure}
        await add_rule(plant, device_id, "gas", look)
    await learn_due(source, lambda: NOON)
    await look_at_due(source, lambda: NOON, at(NOON_MS + 1), {})
    await score_all(source, NOON, {})
    return device_id


async def told(person: SignedIn, path: str) -> Any:
    response = await person.get(path)
    assert response.status_code == 200, await response.get_data()
    return await response.get_json()


async def test_all_that_is_known_of_a_signal(known: DeviceId, sign_in: SignIn) -> None:
    operator = await sign_in(Role.OPERATOR)
    found = await told(operator, f"/insights/signals?device_id={known}&metric=temperature")
    assert (found["device"], found["machine"], found["unit_label"]) == ("press", "Press", "°C")
    assert found["running"] is True
    assert (found["hour"]["hours"], found["day"]["hours"]) == (1, 24)
    assert found["hour"]["coverage"] == found["day"]["coverage"] == 1
    assert found["day"]["mean"] == pytest.approx(59, abs=0.1)
    assert found["day"]["min"] < found["day"]["median"] < found["day"]["max"]
    assert found["day"]["std"] == pytest.approx((0.25 + 4 / 12) ** 0.5, rel=0.1)
    assert found["usual"]["low"] < found["usual"]["mid"] < found["usual"]["high"]
    assert found["z"] == pytest.approx(
        (found["value"] - found["usual"]["mid"]) / found["usual"]["scale"]
    )
    assert found["limits"][0] | {"rule_id": 0} == {
        "level": "h", "limit": 70, "source": "rule", "rule_id": 0, "confirmed": True,
    }  # fmt: skip
    trend = found["look"]["trend"]
    assert trend["significant"] is True
    assert trend["per_day"] == pytest.approx(2, abs=0.3)
    [crossing] = trend["crossings"]
    assert crossing["limit"] == 70
    assert crossing["earliest"] < crossing["at"]


async def test_the_band_is_what_was_valid_then(known: DeviceId, sign_in: SignIn) -> None:
    manager = await sign_in(Role.MANAGER)
    from_ms = NOON_MS - DAY_MS
    asked = f"/insights/baseline?device_id={known}&metric=temperature&from={from_ms}&to={NOON_MS}"
    found = await told(manager, asked)
    assert [one["version"] for one in found["versions"]] == [1]
    assert found["times"] == list(range(from_ms, NOON_MS, 3_600_000))
    for low, mid, high in zip(found["low"], found["mid"], found["high"], strict=True):
        assert mid is None or low < mid < high
    assert any(mid is not None for mid in found["mid"])
    much = asked.replace(str(from_ms), "0")
    assert (await manager.get(much)).status_code == 422


async def test_machines_with_health_zone_and_exposures(known: DeviceId, sign_in: SignIn) -> None:
    manager = await sign_in(Role.MANAGER)
    [found] = (await told(manager, "/insights/machines?factory_id=1"))["machines"]
    health = found["health"]
    assert health["at"] == "2026-11-23T12:00:00Z"
    assert health["score"] == 100 - sum(one["loss"] for one in health["reasons"])
    assert health["quality"] == 1
    assert found["worse"] is None
    zone = found["zone"]
    assert (zone["zone"], zone["group"], zone["assumed"], zone["confirmed"]) == (
        "B", "group 2, rigid", True, False,
    )  # fmt: skip
    twa, ceiling = found["exposures"]
    assert (twa["measure"], twa["limit"], twa["verdict"]) == ("twa", 35, "above")
    assert (twa["value"], twa["coverage"]) == (pytest.approx(40), pytest.approx(1))
    assert (ceiling["limit"], ceiling["verdict"], ceiling["value"]) == (200, "within", 40)
    one = await told(manager, f"/insights/machines/{found['machine']['id']}")
    assert one["health"] == health
    assert one["trend"] == [{"at": "2026-11-23T12:00:00Z", "score": health["score"]}]


async def test_exposures_that_were_hardly_measured_are_never_called_good(
    plant: Plant, clock: Clock, sign_in: SignIn
) -> None:
    device_id = await plant.device("gas", machine="Furnace")
    for measure in ("twa", "ceiling"):
        look = {"kind": "exposure", "limit": "CO, NIOSH REL", "measure": measure}
        await add_rule(plant, device_id, "gas", look)
    await plant.send(device_id, [NOON_MS - 2000, NOON_MS - 1000], {"gas": [10.0, 10.0]})
    manager = await sign_in(Role.MANAGER)
    [found] = (await told(manager, f"/insights/machines?factory_id={plant.factory_id}"))["machines"]
    for one in found["exposures"]:
        assert (one["verdict"], one["value"], one["share"]) == ("insufficient data", None, None)
        assert one["coverage"] < 0.1
    await plant.send(device_id, [NOON_MS - 500], {"gas": [250.0]})
    [found] = (await told(manager, f"/insights/machines?factory_id={plant.factory_id}"))["machines"]
    assert [one["verdict"] for one in found["exposures"]] == ["insufficient data", "above"]


async def test_what_gets_worse_is_told_and_is_no_alarm(
    known: DeviceId, plant: Plant, sign_in: SignIn
) -> None:
    manager = await sign_in(Role.MANAGER)
    found = (await told(manager, f"/insights/advisories?factory_id={plant.factory_id}"))[
        "advisories"
    ]
    assert (found[0]["kind"], found[0]["metric"]) == ("forecast", "temperature")
    assert "may pass 70 °C (h)" in found[0]["text"]
    assert found[0]["due"] > "2026-11-23"
    assert await plant.pool.fetchval("select count(*) from alerts") == 0


async def test_this_week_against_last_week(known: DeviceId, plant: Plant, sign_in: SignIn) -> None:
    manager = await sign_in(Role.MANAGER)
    path = f"/insights/comparison?factory_id={plant.factory_id}&metric=temperature"
    found = await told(manager, path)
    assert found["this_week"] == {"from": "2026-11-22T21:00:00Z", "to": "2026-11-23T12:00:00Z"}
    assert found["last_week"] == {"from": "2026-11-15T21:00:00Z", "to": "2026-11-16T12:00:00Z"}
    [one] = found["devices"]
    this, last = one["this_week"], one["last_week"]
    assert this["mean"] - last["mean"] == pytest.approx(14, abs=0.2)
    assert this["mean"] < this["p95"] < this["max"]
    assert (this["running"], this["coverage"], this["above_seconds"]) == (1, 1, 0)
    missing = f"/insights/comparison?factory_id={plant.factory_id}&metric=sound"
    assert (await manager.get(missing)).status_code == 404


async def test_nothing_is_known_of_a_new_signal_and_said_to_be(
    plant: Plant, sign_in: SignIn
) -> None:
    device_id = await plant.device("a")
    await plant.send(device_id, [NOON_MS - 1000], {"temperature": [20.0]})
    operator = await sign_in(Role.OPERATOR)
    found = await told(operator, f"/insights/signals?device_id={device_id}&metric=temperature")
    assert (found["value"], found["usual"], found["z"], found["look"], found["rate_per_hour"]) == (
        20.0, None, None, None, None,
    )  # fmt: skip
    empty = await told(
        operator, f"/insights/baseline?device_id={device_id}&metric=temperature&from={NOON_MS - 1}"
    )
    assert (empty["versions"], empty["mid"]) == ([], [None])
    never = f"/insights/signals?device_id={device_id}&metric=gas"
    assert (await operator.get(never)).status_code == 404


async def test_insights_of_another_factory_are_not_there(
    known: DeviceId, south: Factory, sign_in: SignIn
) -> None:
    stranger = await sign_in(Role.MANAGER, factory=south)
    for path in (
        f"signals?device_id={known}&metric=temperature",
        f"baseline?device_id={known}&metric=temperature&from={NOON_MS - 1}",
        "machines?factory_id=1",
        "machines/1",
        "advisories?factory_id=1",
        "comparison?factory_id=1&metric=temperature",
        "models?factory_id=1",
    ):
        assert (await stranger.get(f"/insights/{path}")).status_code == 404
    for name in ("machines", "advisories", "models"):
        assert await told(stranger, f"/insights/{name}?factory_id={south.id}") == {name: []}


async def test_models_are_listed_with_how_they_do(
    plant: Plant, pool: Pool, clock: Clock, sign_in: SignIn
) -> None:
    device_id = await plant.device("a", machine="Press")
    look = {
        "kind": "model", "url": "http://127.0.0.1:1/", "above": 0.5, "window_seconds": 60.0,
        "every_seconds": 60.0,
    }  # fmt: skip
    await add_rule(plant, device_id, "temperature", look)
    [rule] = await select_rules(pool, plant.scope)
    await plant.send(device_id, [NOON_MS - 1000], {"temperature": [20.0]})
    manager = await sign_in(Role.MANAGER)
    path = f"?factory_id={plant.factory_id}"
    [found] = (await told(manager, f"/insights/models{path}"))["models"]
    assert (found["state"], found["score"], found["url"]) == ("waiting", None, look["url"])
    await update_model_failed(pool, rule.id, NOON, "It answered 500; 200 is wanted.", None)
    [found] = (await told(manager, f"/insights/models{path}"))["models"]
    assert (found["state"], found["failures"]) == ("failing", 1)
    [advisory] = (await told(manager, f"/insights/advisories{path}"))["advisories"]
    assert (advisory["kind"], advisory["machine"]) == ("model", "Press")
    await insert_model_score(pool, rule.id, NOON, 0.7, "odd", NOON)
    [found] = (await told(manager, f"/insights/models{path}"))["models"]
    assert (found["state"], found["score"], found["note"], found["error"]) == ("ok", 0.7, "odd", "")


DOCS = (Path(__file__).parents[3] / "docs/insights.md").read_text()


@pytest.mark.parametrize(
    "struct",
    [
        insight.SignalInsight, insight.SignalLook, insight.Trend, insight.Crossing, insight.Week,
        insight.Usual, insight.Window, insight.LimitAt, insight.Band, insight.MachineInsight,
        insight.Zone, insight.Exposure, insight.Advisory, insight.Comparison, insight.Compared,
        insight.ModelState, HealthScore, Reason,
    ],
)  # fmt: skip
def test_the_page_names_every_field(struct: type[msgspec.Struct]) -> None:
    fields = struct.__struct_encode_fields__
    assert [name for name in fields if not re.search(rf"\b{name}\b", DOCS)] == []


async def test_a_past_hour_is_replayed(
    plant: Plant, sign_in: SignIn, raise_alert: Callable[[int], Awaitable[int]], clock: Clock
) -> None:
    device_id = await plant.device("a", interval_ms=MINUTE_MS)
    rule_id = await plant.rule(device_id)
    times = list(range(NOON_MS - 3_600_000, NOON_MS, MINUTE_MS))
    await plant.send(device_id, times, {"temperature": [float(each) for each in range(60)]})
    alert_id = await raise_alert(rule_id)
    clock.forward(minutes=30)
    operator = await sign_in(Role.OPERATOR)
    path = f"/insights/replay?factory_id={plant.factory_id}"

    found = await told(operator, f"{path}&from={NOON_MS - 600_000}&to={NOON_MS + 600_000}")

    assert (found["from"], found["to"], found["next"]) == (
        NOON_MS - 600_000,
        NOON_MS + 600_000,
        None,
    )
    assert found["step_ms"] == 2000
    [device] = found["devices"]
    [signal] = device["signals"]
    assert signal["times"] == [NOON_MS - 600_000 + number * MINUTE_MS for number in range(10)]
    assert signal["values"] == [float(number) for number in range(50, 60)]
    assert [each["state"] for each in device["states"]] == ["live", "stale"]
    [alert] = found["alerts"]["alerts"]
    assert alert["alert"]["id"] == alert_id
    assert alert["corners"] == [
        {"at": "2026-11-23T12:00:00Z", "state": "unacknowledged", "hidden": False}
    ]
    assert (await told(operator, f"{path}&from={NOON_MS}&after={device_id}"))["alerts"] is None


async def test_a_replay_is_of_the_past_of_one_factory_and_not_long(
    south: Factory, sign_in: SignIn, plant: Plant
) -> None:
    operator = await sign_in(Role.OPERATOR)
    path = f"/insights/replay?factory_id={plant.factory_id}"
    for wrong, status in (
        (f"&from={NOON_MS}", 422),
        (f"&from={NOON_MS - 7_200_001}&to={NOON_MS}", 422),
        (f"&from={NOON_MS - 1}&to={NOON_MS - 2}", 422),
        ("", 400),
        (f"&from={NOON_MS - 1}&after=-1", 400),
    ):
        assert (await operator.get(path + wrong)).status_code == status, wrong
    elsewhere = f"/insights/replay?factory_id={south.id}&from={NOON_MS - 1}"
    assert (await operator.get(elsewhere)).status_code == 404
    empty = await told(operator, f"{path}&from={NOON_MS - 60_000}&to={NOON_MS + 9_000_000}")
    assert (empty["to"], empty["devices"]) == (NOON_MS, [])
