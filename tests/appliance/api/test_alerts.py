import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from appliance.model.factory import Factory
from appliance.model.ids import AlertId, RuleId
from appliance.model.scope import Scope
from appliance.model.user import Role
from appliance.store import alerts
from appliance.store.rules import select_rule
from tests.appliance.conftest import Clock, SignedIn, SignIn
from tests.appliance.plant import NOON, Plant


async def raised(plant: Plant, minutes_ago: int = 1, *, cleared: bool = False, **rule: Any) -> int:
    """An alert as the engine raises it; what is given is set on its rule."""
    device_id = await plant.device(f"node {minutes_ago} {rule}")
    rule_id = RuleId(await plant.rule(device_id))
    for name, value in rule.items():
        await plant.pool.execute(f"update rules set {name} = $2 where id = $1", rule_id, value)
    return await again(plant, rule_id, minutes_ago, cleared=cleared)


async def again(plant: Plant, rule_id: int, minutes_ago: float, *, cleared: bool = False) -> int:
    """One more alert of a rule."""
    found = await select_rule(plant.pool, plant.scope, RuleId(rule_id))
    assert found is not None
    at = NOON - timedelta(minutes=minutes_ago)
    alert_id = await alerts.insert_alert(plant.pool, found, "h", at, 104.5, 100.0)
    assert alert_id is not None
    if cleared:
        await clear(plant, rule_id, at + timedelta(seconds=30))
    return alert_id


async def clear(plant: Plant, rule_id: int, at: datetime = NOON) -> None:
    await alerts.update_alert_cleared(plant.pool, RuleId(rule_id), "h", at, 97.0)


async def rule_of(plant: Plant, alert_id: int) -> RuleId:
    return await plant.pool.fetchval("select rule_id from alerts where id = $1", alert_id)


async def one(caller: SignedIn, alert_id: int) -> dict[str, Any]:
    response = await caller.get(f"/alerts/{alert_id}")
    assert response.status_code == 200
    return await response.get_json()


async def happened(caller: SignedIn, alert_id: int) -> list[str]:
    return [event["what"] for event in (await one(caller, alert_id))["events"]]


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
    alert_id = await raised(plant, priority=1, message="Too hot")
    [alert] = await listed(await sign_in(Role.MANAGER))
    assert {name: alert[name] for name in alert if name not in {"device_id", "rule_id"}} == {
        "id": alert_id,
        "factory_id": plant.factory_id,
        "device": alert["device"],
        "machine": None,
        "area": None,
        "kind": "threshold",
        "level": "h",
        "metric": "temperature",
        "unit_label": "°C",
        "alarm_class": "alarm",
        "priority": 1,
        "message": "Too hot",
        "cause": "",
        "consequence": "",
        "what_to_do": "",
        "respond_seconds": None,
        "note_required": False,
        "state": "unacknowledged",
        "isa_state": "unacknowledged-active",
        "raised_at": "2026-11-23T11:59:00Z",
        "raised_value": 104.5,
        "limit": 100.0,
        "late": False,
        "forecast_at": None,
        "cleared_at": None,
        "latched": False,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "note": None,
        "suppressed_at": None,
        "shelved_until": None,
        "shelved_by": None,
        "shelved_reason": None,
        "escalation_step": 0,
        "realarmed_at": None,
        "comments": 0,
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
    rule_id = await rule_of(plant, alert_id)
    await alerts.update_alert_cleared(plant.pool, rule_id, "h", NOON, None, "The rule was changed.")
    technician = await sign_in(Role.TECHNICIAN)
    await technician.post(f"/alerts/{alert_id}/acknowledge", json={"note": "Seen."})
    [alert] = await listed(technician, state="closed")
    assert alert["note"] == "The rule was changed. Seen."


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
    rule = await select_rule(plant.pool, plant.scope, await rule_of(plant, alert_id))
    assert rule is not None
    later = NOON + timedelta(minutes=5)
    assert await alerts.insert_alert(plant.pool, rule, "h", later, 120.0, 100.0) is None
    assert await alerts.insert_alert(plant.pool, rule, "hh", later, 120.0, 110.0) is not None
    assert await alerts.update_alert_cleared(plant.pool, rule.id, "h", later, 90.0) == alert_id
    assert await alerts.update_alert_cleared(plant.pool, rule.id, "h", later, 90.0) is None
    again = await alerts.insert_alert(plant.pool, rule, "h", NOON, 104.5, 100.0)
    assert again not in {None, alert_id}


async def test_pages_follow_each_other_and_miss_nothing(plant: Plant, sign_in: SignIn) -> None:
    operator = await sign_in(Role.OPERATOR)
    ids = [
        await raised(plant, 5 + n // 2 * 3, priority=1 + n % 3, cleared=n % 2 == 0)
        for n in range(7)
    ]
    for number in ids[:3]:
        await operator.post(f"/alerts/{number}/acknowledge")
    for state in ("all", "open"):
        seen: list[dict[str, Any]] = []
        before: dict[str, str] = {}
        while True:
            asked = {"state": state, "limit": 2, **before}
            page = await (await operator.get("/alerts", query_string=asked)).get_json()
            assert len(page["alerts"]) <= 2
            assert page["total"] == len(await listed(operator, state=state))
            seen += page["alerts"]
            if page["next"] is None:
                break
            before = {"before": page["next"]}
        assert seen == await listed(operator, state=state)
    for odd in ("x", "1.2", "1.2.3.4", "0.99999999999999999.1", ""):
        answer = await operator.get("/alerts", query_string={"before": odd})
        assert answer.status_code == 400


async def test_alerts_are_found_by_priority_class_text_and_time(
    plant: Plant, sign_in: SignIn
) -> None:
    operator = await sign_in(Role.OPERATOR)
    gas = await raised(plant, 30, priority=1, message="Gas %_ leak")
    hint = await raised(plant, 5, alarm_class="advisory")

    async def ids(**asked: Any) -> list[int]:
        return [alert["id"] for alert in await listed(operator, state="all", **asked)]

    assert await ids(priority=1) == [gas]
    assert await ids(alarm_class="advisory") == [hint]
    assert await ids(text="gas %_") == [gas]
    assert await ids(text="NODE 5") == [hint]
    assert await ids(text="%") == [gas]
    assert await ids(**{"from": "2026-11-23T11:30:00Z", "to": "2026-11-23T11:55:00Z"}) == [gas]
    assert await ids(**{"from": "2026-11-23T11:30:00.1Z"}) == [hint]
    assert (await operator.get("/alerts?from=2026-11-23T11:30:00")).status_code == 400


async def test_a_rule_may_want_a_note(plant: Plant, sign_in: SignIn) -> None:
    alert_id = await raised(plant, note_required=True)
    other = await raised(plant, 2)
    operator = await sign_in(Role.OPERATOR)
    for body in ({}, {"note": "  "}):
        answer = await operator.post(f"/alerts/{alert_id}/acknowledge", json=body)
        assert answer.status_code == 422
        assert "“Too hot” wants a note" in (await answer.get_json())["detail"]
    both = {"ids": [other, alert_id]}
    assert (await operator.post("/alerts/acknowledge", json=both)).status_code == 422
    assert {alert["state"] for alert in await listed(operator)} == {"unacknowledged"}
    assert (
        await operator.post(f"/alerts/{alert_id}/acknowledge", json={"note": "Fan stuck."})
    ).status_code == 200


async def test_several_are_acknowledged_at_once(plant: Plant, sign_in: SignIn) -> None:
    first, second = await sign_in(Role.TECHNICIAN), await sign_in(Role.OPERATOR)
    ids = [await raised(plant, n) for n in (1, 2, 3)]
    await first.post(f"/alerts/{ids[0]}/acknowledge")
    answer = await second.post("/alerts/acknowledge", json={"ids": ids, "note": "All mine."})
    told = await answer.get_json()
    assert {alert["id"] for alert in told["acknowledged"]} == set(ids[1:])
    assert told["already"] == [{"id": ids[0], "by": "Technician"}]
    assert await plant.pool.fetchval(
        "select count(*) from audit where action = 'alert.acknowledge'"
    ) == 3  # fmt: skip
    answer = await second.post("/alerts/acknowledge", json={"ids": [*ids, 999]})
    assert answer.status_code == 404
    for odd in ([], [0], ["x"], [2**63]):
        answer = await second.post("/alerts/acknowledge", json={"ids": odd})
        assert answer.status_code == 400


async def test_people_who_take_the_same_alerts_at_once_each_get_some_or_none(
    plant: Plant, sign_in: SignIn
) -> None:
    ids = [await raised(plant, n) for n in range(1, 6)]
    people = [await sign_in(Role.OPERATOR, email=f"{n}@north.example") for n in range(4)]
    answers = await asyncio.gather(
        *(
            person.post("/alerts/acknowledge", json={"ids": ids[:: 1 - 2 * (n % 2)]})
            for n, person in enumerate(people)
        )
    )
    taken = [
        alert["id"] for answer in answers for alert in (await answer.get_json())["acknowledged"]
    ]
    assert sorted(taken) == ids


async def test_comments_say_who_and_what(plant: Plant, sign_in: SignIn) -> None:
    alert_id = await raised(plant)
    operator = await sign_in(Role.OPERATOR)
    answer = await operator.post(f"/alerts/{alert_id}/comments", json={"text": " Belt worn.\n"})
    assert answer.status_code == 201
    told = await one(operator, alert_id)
    assert told["alert"]["comments"] == 1
    assert told["events"][-1] == await answer.get_json() == {
        "at": "2026-11-23T12:00:00Z", "what": "commented", "who": "Operator",
        "note": "Belt worn.", "value": None,
    }  # fmt: skip
    assert (
        await operator.post(f"/alerts/{alert_id}/comments", json={"text": " "})
    ).status_code == 422
    actions = await plant.pool.fetch("select action from audit where action like 'alert.%'")
    assert [row["action"] for row in actions] == ["alert.comment"]


async def test_an_alert_of_another_factory_is_not_there_for_any_deed(
    plant: Plant, south: Factory, sign_in: SignIn
) -> None:
    foreign = Plant(plant.pool, south.id)
    alert_id = await raised(foreign, latching=True, cleared=True)
    body = {"minutes": 5, "reason": "Mine"}
    await (await sign_in(Role.OPERATOR, factory=south)).post(
        f"/alerts/{alert_id}/shelve", json=body
    )
    before = await plant.pool.fetch("select * from alerts, shelves, alert_events")
    operator = await sign_in(Role.OPERATOR)
    assert (await operator.get(f"/alerts/{alert_id}")).status_code == 404
    for path, body in (
        (f"{alert_id}/acknowledge", {}),
        ("acknowledge", {"ids": [alert_id]}),
        (f"{alert_id}/shelve", {"minutes": 5, "reason": "x"}),
        (f"{alert_id}/unshelve", {}),
        (f"{alert_id}/reset", {}),
        (f"{alert_id}/comments", {"text": "x"}),
    ):
        assert (await operator.post(f"/alerts/{path}", json=body)).status_code == 404
    assert await plant.pool.fetch("select * from alerts, shelves, alert_events") == before
    asked = {"factory_id": south.id}
    assert (await operator.get("/alerts/statistics", query_string=asked)).status_code == 404


async def test_managers_look_and_do_nothing(plant: Plant, sign_in: SignIn) -> None:
    alert_id = await raised(plant)
    manager = await sign_in(Role.MANAGER)
    await one(manager, alert_id)
    for deed in ("acknowledge", "shelve", "unshelve", "reset", "comments"):
        assert (await manager.post(f"/alerts/{alert_id}/{deed}", json={})).status_code == 403
    assert (await manager.post("/alerts/acknowledge", json={})).status_code == 403
