import asyncio
from datetime import timedelta
from typing import Any

import pytest

from appliance.model.factory import Factory
from appliance.model.ids import AlertId, RuleId
from appliance.model.scope import Scope
from appliance.model.user import Role
from appliance.store import alerts
from appliance.store.rules import select_rules
from tests.appliance.conftest import Clock, SignedIn, SignIn
from tests.appliance.plant import NOON, Plant


async def raised(plant: Plant, minutes_ago: int = 1, *, cleared: bool = False, **rule: Any) -> int:
    """An alert as the engine raises it."""
    device_id = await plant.device(f"node {minutes_ago} {rule}")
    rule_id = RuleId(await plant.rule(device_id, **rule))
    [found] = await select_rules(plant.pool, plant.scope, device_id)
    at = NOON - timedelta(minutes=minutes_ago)
    alert_id = await alerts.insert_alert(plant.pool, found, at, 104.5)
    assert alert_id is not None
    if cleared:
        await alerts.update_alert_cleared(plant.pool, rule_id, at + timedelta(seconds=30), 97.0)
    return alert_id


async def listed(caller: SignedIn, **asked: Any) -> list[dict[str, Any]]:
    response = await caller.get("/alerts", query_string=asked)
    assert response.status_code == 200
    found: list[dict[str, Any]] = (await response.get_json())["alerts"]
    return found


async def test_those_that_wait_for_somebody_come_first(plant: Plant, sign_in: SignIn) -> None:
    operator = await sign_in(Role.OPERATOR)
    old = await raised(plant, 9, priority=2)
    low = await raised(plant, 2, priority=3)
    new = await raised(plant, 3, priority=2)
    gone = await raised(plant, 4, priority=1, cleared=True)
    seen = await raised(plant, 1, priority=1)
    await operator.post(f"/alerts/{seen}/acknowledge")
    found = await listed(operator)
    assert [alert["id"] for alert in found] == [gone, new, old, low, seen]
    assert [alert["state"] for alert in found] == [
        "returned", "unacknowledged", "unacknowledged", "unacknowledged", "acknowledged",
    ]  # fmt: skip


async def test_an_alert_tells_all_a_person_needs(plant: Plant, sign_in: SignIn) -> None:
    alert_id = await raised(plant, priority=1, message="Too hot", limit=100.0)
    [alert] = await listed(await sign_in(Role.MANAGER))
    assert {name: alert[name] for name in alert if name not in {"device_id", "rule_id"}} == {
        "id": alert_id,
        "factory_id": plant.factory_id,
        "device": alert["device"],
        "machine": None,
        "area": None,
        "kind": "high",
        "metric": "temperature",
        "unit_label": "°C",
        "priority": 1,
        "message": "Too hot",
        "what_to_do": "",
        "state": "unacknowledged",
        "raised_at": "2026-11-23T11:59:00Z",
        "raised_value": 104.5,
        "limit": 100.0,
        "cleared_at": None,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "note": None,
    }


async def test_alerts_are_listed_by_state_and_device(plant: Plant, sign_in: SignIn) -> None:
    operator = await sign_in(Role.OPERATOR)
    standing, closed = await raised(plant, 1), await raised(plant, 2, cleared=True)
    await operator.post(f"/alerts/{closed}/acknowledge")
    assert [alert["id"] for alert in await listed(operator)] == [standing]
    assert [alert["id"] for alert in await listed(operator, state="closed")] == [closed]
    everything = await listed(operator, state="all")
    assert [alert["id"] for alert in everything] == [standing, closed]
    of_one = await listed(operator, state="all", device_id=everything[1]["device_id"])
    assert [alert["id"] for alert in of_one] == [closed]
    assert [alert["id"] for alert in await listed(operator, state="all", limit=1)] == [standing]
    for wrong in ({"state": "odd"}, {"limit": 0}, {"limit": 1001}, {"device_id": 0}):
        assert (await operator.get("/alerts", query_string=wrong)).status_code == 400


async def test_acknowledging_says_who_when_and_why(
    plant: Plant, sign_in: SignIn, clock: Clock
) -> None:
    alert_id = await raised(plant)
    operator = await sign_in(Role.OPERATOR)
    clock.forward(seconds=90)
    response = await operator.post(f"/alerts/{alert_id}/acknowledge", json={"note": " On my way. "})
    told = await response.get_json()
    assert response.status_code == 200
    assert (told["state"], told["acknowledged_by"]) == ("acknowledged", "Operator")
    assert (told["acknowledged_at"], told["note"]) == ("2026-11-23T12:01:30Z", "On my way.")
    [row] = await plant.pool.fetch("select * from audit where action like 'alert.%'")
    assert (row["actor"], row["object"], row["new"]) == (
        operator.email, f"alert {alert_id}", {"note": "On my way."},
    )  # fmt: skip
    assert row["factory_ids"] == [plant.factory_id]


async def test_acknowledging_twice_names_who_was_first(plant: Plant, sign_in: SignIn) -> None:
    alert_id = await raised(plant)
    first, second = await sign_in(Role.TECHNICIAN), await sign_in(Role.OPERATOR)
    assert (await first.post(f"/alerts/{alert_id}/acknowledge", json={})).status_code == 200
    response = await second.post(f"/alerts/{alert_id}/acknowledge", json={"note": "mine"})
    assert response.status_code == 409
    assert "Technician acknowledged this alert before" in (await response.get_json())["detail"]
    [alert] = await listed(second)
    assert (alert["acknowledged_by"], alert["note"]) == ("Technician", None)


async def test_of_many_at_once_one_is_first(plant: Plant, sign_in: SignIn) -> None:
    alert_id = await raised(plant)
    people = [await sign_in(Role.OPERATOR, email=f"{n}@north.example") for n in range(4)]
    answers = await asyncio.gather(
        *(person.post(f"/alerts/{alert_id}/acknowledge") for person in people)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_a_note_of_the_appliance_is_kept(plant: Plant, sign_in: SignIn) -> None:
    alert_id = await raised(plant)
    rule_id = (await listed(await sign_in(Role.OPERATOR)))[0]["rule_id"]
    technician = await sign_in(Role.TECHNICIAN)
    await technician.patch(f"/rules/{rule_id}", json={"enabled": False})
    await technician.post(f"/alerts/{alert_id}/acknowledge", json={"note": "Seen."})
    [alert] = await listed(technician, state="closed")
    assert alert["note"] == "Cleared because the rule was switched off. Seen."


async def test_alerts_of_another_factory_are_not_there(
    plant: Plant, south: Factory, sign_in: SignIn
) -> None:
    alert_id = await raised(Plant(plant.pool, south.id))
    operator = await sign_in(Role.OPERATOR)
    assert await listed(operator, state="all") == []
    assert (await operator.post(f"/alerts/{alert_id}/acknowledge")).status_code == 404
    [alert] = await alerts.select_alerts(plant.pool, Scope((south.id,)), "open")
    assert alert.acknowledged_at is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"note": 7}, 400),
        ({"note": "x" * 2001}, 400),
        ({"note": "a\x07b"}, 400),
        ({"acknowledged_by": "somebody else"}, 400),
        ([], 400),
    ],
)
async def test_an_odd_acknowledgement_is_refused(
    plant: Plant, sign_in: SignIn, body: Any, status: int
) -> None:
    alert_id = await raised(plant)
    operator = await sign_in(Role.OPERATOR)
    response = await operator.post(f"/alerts/{alert_id}/acknowledge", json=body)
    assert response.status_code == status
    assert len(await listed(operator)) == 1
    assert (await listed(operator))[0]["state"] == "unacknowledged"


async def test_an_alert_stands_once_whatever_restarts(plant: Plant) -> None:
    alert_id = AlertId(await raised(plant))
    [alert] = await alerts.select_alerts(plant.pool, plant.scope, "open", alert_ids=[alert_id])
    [rule] = await select_rules(plant.pool, plant.scope)
    later = NOON + timedelta(minutes=5)
    assert await alerts.insert_alert(plant.pool, rule, later, 120.0) is None
    assert await alerts.update_alert_cleared(plant.pool, rule.id, later, 90.0) == alert_id
    assert await alerts.update_alert_cleared(plant.pool, rule.id, later, 90.0) is None
    again = await alerts.insert_alert(plant.pool, rule, alert.raised_at, 104.5)
    assert again not in {None, alert_id}
