from typing import Any

import pytest

from appliance.model.factory import Factory
from appliance.model.user import Role
from appliance.store import alerts
from appliance.workers import engine
from tests.appliance.conftest import Clock, SignedIn, SignIn
from tests.appliance.plant import NOON_MS, Plant

HIGH = {
    "kind": "high",
    "metric": "temperature",
    "limit": 900,
    "priority": 1,
    "message": "Furnace too hot",
}


@pytest.fixture
async def technician(sign_in: SignIn) -> SignedIn:
    return await sign_in(Role.TECHNICIAN)


async def add(technician: SignedIn, device_id: int, **given: Any) -> dict[str, Any]:
    response = await technician.post("/rules", json=HIGH | {"device_id": device_id} | given)
    told: dict[str, Any] = await response.get_json()
    assert response.status_code == 201, told
    return told


async def evaluate(plant: Plant, device_id: Any, *values: float, at_ms: int = NOON_MS) -> list[Any]:
    """Readings a second apart, and all alerts after them, the oldest first."""
    times = [at_ms + number * 1000 for number in range(len(values))]
    await plant.send(device_id, times, {"temperature": values})
    async with plant.pool.acquire() as db:
        while await engine.follow(db):
            pass
    found = await alerts.select_alerts(plant.pool, plant.scope, "all")
    return sorted(found, key=lambda alert: alert.id)


async def test_a_rule_is_added_and_watches_from_then_on(plant: Plant, technician: SignedIn) -> None:
    device_id = await plant.device("a")
    rule = await add(
        technician, device_id, deadband=5, on_delay_seconds=1.5, what_to_do="1. Go\r\n2."
    )
    assert rule == HIGH | {
        "id": rule["id"],
        "factory_id": plant.factory_id,
        "device_id": device_id,
        "limit": 900.0,
        "deadband": 5.0,
        "on_delay_seconds": 1.5,
        "off_delay_seconds": 0.0,
        "what_to_do": "1. Go\r\n2.",
        "enabled": True,
    }
    assert (await (await technician.get("/rules")).get_json()) == {"rules": [rule]}
    [alert] = await evaluate(plant, device_id, 901, 901, 901)
    assert (alert.message, alert.priority, alert.limit) == ("Furnace too hot", 1, 900.0)
    [row] = await plant.pool.fetch("select * from audit where action = 'rule.create'")
    assert (row["actor"], row["object"], row["new"]) == (
        technician.email, f"rule {rule['id']}", rule,
    )  # fmt: skip


async def test_rules_of_one_device_are_listed(plant: Plant, technician: SignedIn) -> None:
    first, second = await plant.device("a"), await plant.device("b")
    rules = [await add(technician, device_id) for device_id in (first, second)]
    found = await (await technician.get(f"/rules?device_id={second}")).get_json()
    assert found == {"rules": [rules[1]]}


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"metric": None}, 422, "needs a metric and a limit"),
        ({"limit": None}, 422, "needs a metric and a limit"),
        ({"metric": "aura"}, 422, "no metric aura"),
        ({"kind": "no_data"}, 422, "no metric, no limit"),
        ({"kind": "no_data", "metric": None, "limit": None}, 422, "on_delay_seconds"),
        (
            {
                "kind": "no_data",
                "metric": None,
                "limit": None,
                "on_delay_seconds": 9,
                "deadband": 1,
            },
            422,
            "deadband",
        ),
        ({"kind": "sideways"}, 400, "$.kind"),
        ({"priority": 0}, 400, "$.priority"),
        ({"priority": 5}, 400, "$.priority"),
        ({"deadband": -0.1}, 400, "$.deadband"),
        ({"on_delay_seconds": -1}, 400, "$.on_delay_seconds"),
        ({"off_delay_seconds": 604_801}, 400, "$.off_delay_seconds"),
        ({"message": ""}, 400, "$.message"),
        ({"message": "x" * 201}, 400, "$.message"),
        ({"message": "a\tb"}, 400, "$.message"),
        ({"what_to_do": "x" * 2001}, 400, "$.what_to_do"),
        ({"limit": "900"}, 400, "$.limit"),
        ({"factory_id": 1}, 400, "factory_id"),
        ({"device_id": 0}, 400, "$.device_id"),
        ({"device_id": 4711}, 404, "no such device"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(
    plant: Plant, technician: SignedIn, given: dict[str, Any], status: int, words: str
) -> None:
    device_id = await plant.device("a")
    response = await technician.post("/rules", json=HIGH | {"device_id": device_id} | given)
    assert response.status_code == status
    assert words in (await response.get_json())["detail"]
    assert (await (await technician.get("/rules")).get_json()) == {"rules": []}


@pytest.mark.parametrize("limit", ["1e400", "NaN", "Infinity", "-Infinity"])
async def test_a_limit_is_a_number(plant: Plant, technician: SignedIn, limit: str) -> None:
    device_id = await plant.device("a")
    body = (
        '{"kind":"high","metric":"gas","priority":1,"message":"x",'
        f'"device_id":{device_id},"limit":{limit}}}'
    )
    headers = {"Content-Type": "application/json"}
    response = await technician.post("/rules", data=body, headers=headers)
    assert response.status_code == 400


async def test_a_rule_is_changed_and_it_is_on_record(
    plant: Plant, technician: SignedIn, clock: Clock
) -> None:
    rule = await add(technician, await plant.device("a"))
    change = {"limit": 950.5, "message": "Much too hot"}
    response = await technician.patch(f"/rules/{rule['id']}", json=change)
    assert await response.get_json() == rule | change
    assert (await (await technician.get("/rules")).get_json()) == {"rules": [rule | change]}
    [row] = await plant.pool.fetch("select * from audit where action = 'rule.change'")
    assert (row["old"], row["new"], row["factory_ids"]) == (
        rule, rule | change, [plant.factory_id],
    )  # fmt: skip
    assert await plant.pool.fetchval("select changed_at from rules") == clock()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"limit": None}, 400),
        ({"kind": "low"}, 400),
        ({"metric": "gas"}, 400),
        ({"device_id": 2}, 400),
        ({"priority": 9}, 400),
        ({"enabled": "no"}, 400),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused(
    plant: Plant, technician: SignedIn, change: dict[str, Any], status: int
) -> None:
    rule = await add(technician, await plant.device("a"))
    response = await technician.patch(f"/rules/{rule['id']}", json=change)
    assert response.status_code == status
    assert (await (await technician.get("/rules")).get_json()) == {"rules": [rule]}


async def test_a_no_data_rule_stays_one(plant: Plant, technician: SignedIn) -> None:
    given = {"kind": "no_data", "metric": None, "limit": None, "on_delay_seconds": 60}
    rule = await add(technician, await plant.device("a"), **given)
    for change in ({"limit": 5}, {"on_delay_seconds": 0}, {"deadband": 1}):
        response = await technician.patch(f"/rules/{rule['id']}", json=change)
        assert response.status_code == 422


async def test_switching_a_rule_off_clears_its_alert_and_says_why(
    plant: Plant, technician: SignedIn, clock: Clock
) -> None:
    device_id = await plant.device("a")
    rule = await add(technician, device_id)
    await evaluate(plant, device_id, 901)
    clock.forward(minutes=5)
    await technician.patch(f"/rules/{rule['id']}", json={"enabled": False})
    [alert] = await evaluate(plant, device_id, 901, 901, at_ms=NOON_MS + 400_000)
    assert (alert.cleared_at, alert.state) == (clock(), "returned")
    assert alert.note == "Cleared because the rule was switched off."
    await technician.patch(f"/rules/{rule['id']}", json={"enabled": True})
    found = await evaluate(plant, device_id, 901, at_ms=NOON_MS + 500_000)
    assert [one.state for one in found] == ["returned", "unacknowledged"]


async def test_a_changed_limit_begins_the_delay_anew(plant: Plant, technician: SignedIn) -> None:
    device_id = await plant.device("a")
    rule = await add(technician, device_id, on_delay_seconds=10)
    assert await evaluate(plant, device_id, 901, 960) == []
    await technician.patch(f"/rules/{rule['id']}", json={"limit": 950})
    assert await evaluate(plant, device_id, 960, at_ms=NOON_MS + 10_000) == []
    assert await evaluate(plant, device_id, 960, at_ms=NOON_MS + 19_999) == []
    assert len(await evaluate(plant, device_id, 960, at_ms=NOON_MS + 20_000)) == 1


async def test_new_words_do_not_touch_a_delay(plant: Plant, technician: SignedIn) -> None:
    device_id = await plant.device("a")
    rule = await add(technician, device_id, on_delay_seconds=10)
    await evaluate(plant, device_id, 960)
    await technician.patch(f"/rules/{rule['id']}", json={"message": "New words", "priority": 3})
    [alert] = await evaluate(plant, device_id, 960, at_ms=NOON_MS + 10_000)
    assert (alert.message, alert.priority) == ("New words", 3)


async def test_a_change_to_what_it_is_already_is_none(plant: Plant, technician: SignedIn) -> None:
    rule = await add(technician, await plant.device("a"))
    for change in ({}, {"limit": 900}):
        response = await technician.patch(f"/rules/{rule['id']}", json=change)
        assert await response.get_json() == rule
    assert await plant.pool.fetchval("select count(*) from audit where action = 'rule.change'") == 0


async def test_an_alert_stands_through_a_change_until_it_is_inside_the_new_limit(
    plant: Plant, technician: SignedIn
) -> None:
    device_id = await plant.device("a")
    rule = await add(technician, device_id, off_delay_seconds=5)
    await evaluate(plant, device_id, 960, 890)
    await technician.patch(f"/rules/{rule['id']}", json={"limit": 800})
    [alert] = await evaluate(plant, device_id, 890, 890, at_ms=NOON_MS + 10_000)
    assert alert.cleared_at is None
    await technician.patch(f"/rules/{rule['id']}", json={"limit": 900, "off_delay_seconds": 0})
    [alert] = await evaluate(plant, device_id, 890, at_ms=NOON_MS + 20_000)
    assert alert.cleared_at is not None


async def test_rules_of_another_factory_are_not_there(
    plant: Plant, south: Factory, technician: SignedIn
) -> None:
    other = Plant(plant.pool, south.id)
    device_id = await other.device("b")
    rule_id = await other.rule(device_id)
    assert (await (await technician.get("/rules")).get_json()) == {"rules": []}
    response = await technician.patch(f"/rules/{rule_id}", json={"enabled": False})
    assert response.status_code == 404
    response = await technician.post("/rules", json=HIGH | {"device_id": device_id})
    assert response.status_code == 404
