"""Shelves, latches, suppression and the figures of alarms, as people meet them."""

from datetime import timedelta

from appliance.model.user import Role
from appliance.store import alert_deeds, alerts
from tests.appliance.api.test_alerts import again, clear, happened, listed, raised, rule_of
from tests.appliance.conftest import Clock, SignIn
from tests.appliance.plant import NOON, Plant


async def test_a_shelved_alarm_is_out_of_the_way_however_often_it_is_raised(
    plant: Plant, sign_in: SignIn, clock: Clock
) -> None:
    operator = await sign_in(Role.OPERATOR)
    alert_id = await raised(plant, 5)
    rule_id = await rule_of(plant, alert_id)
    answer = await operator.post(
        f"/alerts/{alert_id}/shelve", json={"minutes": 60, "reason": "Probe is being replaced"}
    )
    told = await answer.get_json()
    assert (told["isa_state"], told["shelved_by"], told["shelved_until"], told["state"]) == (
        "shelved", "Operator", "2026-11-23T13:00:00Z", "unacknowledged",
    )  # fmt: skip
    await clear(plant, rule_id, NOON - timedelta(minutes=4))
    second = await again(plant, rule_id, 3)
    assert await listed(operator) == []
    assert await alerts.select_open_alert_counts(plant.pool, plant.scope) == dict.fromkeys(
        range(1, 5), 0
    )
    assert {alert["id"] for alert in await listed(operator, state="shelved")} == {alert_id, second}
    again_shelved = await operator.post(
        f"/alerts/{second}/shelve", json={"minutes": 5, "reason": "Me too"}
    )
    assert again_shelved.status_code == 409
    assert "Operator shelved" in (await again_shelved.get_json())["detail"]
    assert await alert_deeds.delete_expired_shelves(plant.pool, NOON + timedelta(minutes=59)) == 0
    assert await alert_deeds.delete_expired_shelves(plant.pool, NOON + timedelta(minutes=60)) == 2
    assert {alert["id"] for alert in await listed(operator)} == {alert_id, second}
    assert await happened(operator, second) == ["raised", "shelf-expired"]
    assert await happened(operator, alert_id) == ["raised", "shelved", "cleared", "shelf-expired"]


async def test_a_shelf_can_be_ended_even_after_its_alarm_has_closed(
    plant: Plant, sign_in: SignIn
) -> None:
    operator = await sign_in(Role.OPERATOR)
    alert_id = await raised(plant, 5)
    body = {"minutes": 10_080, "reason": "Noise"}
    assert (await operator.post(f"/alerts/{alert_id}/shelve", json=body)).status_code == 200
    await operator.post(f"/alerts/{alert_id}/acknowledge")
    await clear(plant, await rule_of(plant, alert_id))
    [alert] = await listed(operator, state="shelved")
    assert (alert["state"], alert["isa_state"]) == ("closed", "shelved")
    answer = await operator.post(f"/alerts/{alert_id}/unshelve")
    assert (answer.status_code, (await answer.get_json())["isa_state"]) == (200, "normal")
    assert (await operator.post(f"/alerts/{alert_id}/unshelve")).status_code == 409
    closed = await operator.post(f"/alerts/{alert_id}/shelve", json=body)
    assert (closed.status_code, (await closed.get_json())["detail"]) == (
        409, "This alert is closed; only an open one can be shelved.",
    )  # fmt: skip
    for odd in (
        {"minutes": 0, "reason": "x"}, {"minutes": 10_081, "reason": "x"}, {"minutes": 5},
        {"minutes": 5, "reason": ""}, {"minutes": 5, "reason": " "},
    ):  # fmt: skip
        assert (await operator.post(f"/alerts/{alert_id}/shelve", json=odd)).status_code == 400


async def test_a_latched_alarm_stands_until_a_person_resets_it(
    plant: Plant, sign_in: SignIn
) -> None:
    operator = await sign_in(Role.OPERATOR)
    alert_id = await raised(plant, 5, latching=True)
    path = f"/alerts/{alert_id}/reset"

    async def detail() -> str:
        answer = await operator.post(path)
        assert answer.status_code == 409
        return (await answer.get_json())["detail"]

    assert await detail() == "The cause has not returned to normal yet."
    await clear(plant, await rule_of(plant, alert_id))
    [alert] = await listed(operator)
    assert (alert["state"], alert["isa_state"], alert["latched"]) == (
        "unacknowledged", "latched-unacknowledged", True,
    )  # fmt: skip
    assert await detail() == "Acknowledge this alarm before you reset it."
    answer = await operator.post(f"/alerts/{alert_id}/acknowledge")
    assert (await answer.get_json())["isa_state"] == "latched-acknowledged"
    answer = await operator.post(path)
    assert (answer.status_code, (await answer.get_json())["isa_state"]) == (200, "normal")
    assert await detail() == "This alarm is not latched; there is nothing to reset."
    assert await happened(operator, alert_id) == ["raised", "cleared", "acknowledged", "reset"]


async def test_raised_again_the_new_alert_carries_the_latch(plant: Plant, sign_in: SignIn) -> None:
    operator = await sign_in(Role.OPERATOR)
    first = await raised(plant, 5, cleared=True, latching=True)
    second = await again(plant, await rule_of(plant, first), 2)
    states = {alert["id"]: alert["isa_state"] for alert in await listed(operator)}
    assert states == {first: "returned-unacknowledged", second: "unacknowledged-active"}
    assert await happened(operator, first) == ["raised", "cleared", "superseded"]


async def test_what_its_design_suppresses_comes_back(plant: Plant, sign_in: SignIn) -> None:
    operator = await sign_in(Role.OPERATOR)
    alert_id = await raised(plant, 5)
    rule_id = await rule_of(plant, alert_id)
    for _ in range(2):
        await alerts.update_alerts_suppressed(plant.pool, rule_id, True, NOON)
    assert await listed(operator) == []
    [alert] = await listed(operator, state="suppressed")
    assert (alert["isa_state"], alert["suppressed_at"]) == ("suppressed", "2026-11-23T12:00:00Z")
    await alerts.update_alerts_suppressed(plant.pool, rule_id, False, NOON)
    assert [alert["isa_state"] for alert in await listed(operator)] == ["unacknowledged-active"]
    assert await happened(operator, alert_id) == ["raised", "suppressed", "unsuppressed"]


async def test_figures_leave_advisories_out_and_name_what_they_count(
    plant: Plant, sign_in: SignIn, clock: Clock
) -> None:
    operator = await sign_in(Role.OPERATOR)
    stale = await raised(plant, 60 * 30, priority=1)
    first = await raised(plant, 9, cleared=True)
    rule_id = await rule_of(plant, first)
    for number in range(1, 13):
        await again(plant, rule_id, 9 - number / 10, cleared=False)
        await clear(plant, rule_id, NOON - timedelta(minutes=9 - number / 10))
    await raised(plant, 3, alarm_class="advisory")
    clock.forward(seconds=30)
    await operator.post(f"/alerts/{first}/acknowledge")
    clock.forward(seconds=1)
    answer = await operator.get("/alerts/statistics")
    told = await answer.get_json()
    assert answer.status_code == 200
    assert (told["alarms"], told["worst_10_minutes"]) == (14, 13)
    assert told["worst_from"] == "2026-11-23T11:51:00Z"
    assert told["floods"] == [
        {"from": "2026-11-23T11:50:00Z", "to": "2026-11-23T12:00:00Z", "alarms": 13,
         "worst_10_minutes": 13}
    ]  # fmt: skip
    [chatter] = told["chattering"]
    assert (chatter["rule_id"], chatter["times"], chatter["worst_minute"]) == (rule_id, 13, 10)
    assert [(one["alert_id"], one["hours"]) for one in told["stale"]] == [(stale, 30.0)]
    assert [(one["rule_id"], one["alarms"], one["percent"]) for one in told["top"]] == [
        (rule_id, 13, 92.86), (await rule_of(plant, stale), 1, 7.14),
    ]  # fmt: skip
    assert [one["alarms"] for one in told["priorities"]] == [1, 13, 0, 0]
    assert (told["acknowledged"], told["acknowledge_median_seconds"]) == (1, 570.0)
    for odd in ("from=2026-11-24T00:00:00Z", "from=2020-01-01T00:00:00Z", "operators=0"):
        assert (await operator.get(f"/alerts/statistics?{odd}")).status_code == 400
