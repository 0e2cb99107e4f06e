"""What time does to alerts, and whom it is decided to tell."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from appliance.model.alert import Alert
from appliance.model.ids import AlertId, RuleId
from appliance.model.notification import Channel, ContactGiven, RosterGiven
from appliance.store import alert_deeds, alerts, contacts, deliveries
from appliance.store.pool import Pool
from appliance.store.rules import select_rule
from appliance.workers import escalator
from tests.appliance.conftest import Clock
from tests.appliance.plant import NOON, Plant


async def contact(plant: Plant, name: str, channel: str = "mail", **given: Any) -> int:
    asked = ContactGiven(name=name, channel=Channel(channel), **given)
    await contacts.insert_contact(
        plant.pool, plant.factory_id, asked, "http://127.0.0.1:9/" if channel != "mail" else "a@b",
        None,
    )  # fmt: skip
    return max(one.id for one in await contacts.select_contacts(plant.pool, plant.scope))


async def roster(plant: Plant, *contact_ids: int, **given: Any) -> None:
    asked = RosterGiven(name="Shift", contact_ids=list(contact_ids), **given)
    await contacts.insert_roster(plant.pool, plant.factory_id, asked)


async def rule(plant: Plant, **columns: Any) -> RuleId:
    number = await plant.pool.fetchval("select count(*) from devices")
    rule_id = RuleId(await plant.rule(await plant.device(f"node {number}")))
    for name, value in columns.items():
        await plant.pool.execute(f"update rules set {name} = $2 where id = $1", rule_id, value)
    return rule_id


async def raise_one(plant: Plant, rule_id: RuleId, at: datetime = NOON, **given: Any) -> AlertId:
    found = await select_rule(plant.pool, plant.scope, rule_id)
    assert found is not None
    raised = await alerts.insert_alert(plant.pool, found, "h", at, 120.0, 100.0, **given)
    assert raised is not None
    return raised


async def clear(plant: Plant, rule_id: RuleId, at: datetime = NOON) -> None:
    await alerts.update_alert_cleared(plant.pool, rule_id, "h", at, 90.0)


async def user(plant: Plant) -> Any:
    return await plant.pool.fetchval(
        "insert into users (email, name, role, password_hash) values "
        "('o@x', 'Otto', 'operator', 'x') returning id"
    )


async def acknowledge(plant: Plant, alert_id: AlertId, who: Any, now: datetime) -> None:
    done = await alert_deeds.update_alerts_acknowledged(
        plant.pool, plant.scope, [alert_id], who, None, now
    )
    assert done == [alert_id]


async def tick(plant: Plant, now: datetime) -> None:
    async with plant.pool.acquire() as db:
        await escalator.pass_time(db, now)
        await escalator.decide(db, now)


async def told(plant: Plant) -> list[tuple[str, str]]:
    found = await deliveries.select_deliveries(plant.pool, plant.scope)
    return [(one.occasion, one.contact) for one in reversed(found)]


async def one(plant: Plant, alert_id: AlertId) -> Alert:
    [found] = await alerts.select_alerts(plant.pool, plant.scope, "all", alert_ids=[alert_id])
    return found


def after(**by: float) -> datetime:
    return NOON + timedelta(**by)


async def test_those_who_are_on_are_told_once_whoever_decides(plant: Plant) -> None:
    ada, ben = await contact(plant, "Ada"), await contact(plant, "Ben")
    await roster(plant, ada, ben, lowest_priority=2)
    await roster(plant, ada)
    for priority in (2, 3):
        await raise_one(plant, await rule(plant, priority=priority))
    await asyncio.gather(*(tick(plant, NOON) for _ in range(4)))
    await tick(plant, after(seconds=1))
    assert sorted(await told(plant)) == [("raised", "Ada"), ("raised", "Ada"), ("raised", "Ben")]


async def test_without_a_contact_nothing_is_sent(plant: Plant) -> None:
    alert_id = await raise_one(plant, await rule(plant))
    await tick(plant, NOON)
    assert await told(plant) == []
    assert (await one(plant, alert_id)).state == "unacknowledged"


async def test_steps_are_taken_until_somebody_acknowledges(plant: Plant) -> None:
    ada, ben, cem = [await contact(plant, name) for name in ("Ada", "Ben", "Cem")]
    await roster(plant, ada)
    await roster(plant, ben, after_minutes=10)
    await roster(plant, cem, after_minutes=30)
    alert_id = await raise_one(plant, await rule(plant))
    await tick(plant, NOON)
    await tick(plant, after(minutes=9.9))
    assert await told(plant) == [("raised", "Ada")]
    for _ in range(2):  # a restart changes nothing: all state is in the database
        await tick(plant, after(minutes=10))
    assert await told(plant) == [("raised", "Ada"), ("escalated", "Ben")]
    assert (await one(plant, alert_id)).escalation_step == 1
    await acknowledge(plant, alert_id, await user(plant), after(minutes=20))
    await tick(plant, after(minutes=40))
    assert len(await told(plant)) == 2


async def test_a_step_is_taken_once_by_many_processes(plant: Plant) -> None:
    ben = await contact(plant, "Ben")
    await roster(plant, ben, after_minutes=10)
    await raise_one(plant, await rule(plant))
    await tick(plant, NOON)
    await asyncio.gather(*(tick(plant, after(minutes=11)) for _ in range(4)))
    await tick(plant, after(minutes=11))
    assert await told(plant) == [("escalated", "Ben")]


async def test_an_alarm_that_still_stands_is_told_again_and_waits_anew(plant: Plant) -> None:
    await roster(plant, await contact(plant, "Ada"))
    rule_id = await rule(plant, realarm_seconds=600.0)
    alert_id = await raise_one(plant, rule_id)
    await tick(plant, NOON)
    who = await user(plant)
    await acknowledge(plant, alert_id, who, after(minutes=5))
    await tick(plant, after(minutes=14))
    assert (await one(plant, alert_id)).state == "acknowledged"
    await tick(plant, after(minutes=15))
    again = await one(plant, alert_id)
    assert (again.state, again.acknowledged_by, again.realarmed_at) == (
        "unacknowledged", None, after(minutes=15),
    )  # fmt: skip
    await acknowledge(plant, alert_id, who, after(minutes=16))
    await clear(plant, rule_id, after(minutes=17))
    await tick(plant, after(minutes=40))
    assert await told(plant) == [("raised", "Ada"), ("realarmed", "Ada")]


async def test_what_is_shelved_tells_nobody_and_is_told_when_it_is_back(plant: Plant) -> None:
    await roster(plant, await contact(plant, "Ada"))
    await roster(plant, await contact(plant, "Ben"), after_minutes=5)
    rule_id = await rule(plant, realarm_seconds=120.0)
    alert_id = await raise_one(plant, rule_id)
    await alert_deeds.insert_shelf(
        plant.pool, plant.scope, alert_id, await user(plant), after(hours=1), "Noise", NOON
    )
    await clear(plant, rule_id)
    second = await raise_one(plant, rule_id, after(minutes=1))
    for minutes in (1, 20, 59):
        await tick(plant, after(minutes=minutes))
    assert await told(plant) == []
    await tick(plant, after(hours=1))
    assert await told(plant) == [("shelf-expired", "Ada")]  # of the one that stands
    assert (await deliveries.select_deliveries(plant.pool, plant.scope))[0].alert_id == second
    await tick(plant, after(hours=1, minutes=1.9))
    assert len(await told(plant)) == 1


async def test_what_is_suppressed_is_told_when_it_is_shown_again(plant: Plant) -> None:
    await roster(plant, await contact(plant, "Ada"))
    rule_id = await rule(plant)
    await raise_one(plant, rule_id)
    await alerts.update_alerts_suppressed(plant.pool, rule_id, True, NOON)
    await tick(plant, NOON)
    assert await told(plant) == []
    await alerts.update_alerts_suppressed(plant.pool, rule_id, False, after(minutes=5))
    await tick(plant, after(minutes=5))
    assert await told(plant) == [("unsuppressed", "Ada")]


async def test_the_end_is_told_to_those_who_heard_of_it_and_want_to_know(plant: Plant) -> None:
    ada, ben = await contact(plant, "Ada", tell_cleared=True), await contact(plant, "Ben")
    await contact(plant, "Cem", tell_cleared=True)
    await roster(plant, ada, ben)
    rule_id = await rule(plant)
    await raise_one(plant, rule_id)
    await tick(plant, NOON)
    await clear(plant, rule_id)
    await tick(plant, after(seconds=1))
    assert (await told(plant))[2:] == [("cleared", "Ada")]


async def test_quiet_hours_hold_for_all_but_the_first_priority(plant: Plant) -> None:
    quiet = {"quiet_from": "14:30", "quiet_to": "16:00"}  # noon in UTC is 15:00 there
    await roster(plant, await contact(plant, "Ada", **quiet))
    for priority in (1, 2):
        await raise_one(plant, await rule(plant, priority=priority))
    await tick(plant, NOON)
    found = await deliveries.select_deliveries(plant.pool, plant.scope)
    assert [one.next_try_at for one in reversed(found)] == [NOON, after(hours=1)]


async def test_an_advisory_goes_by_mail_alone_and_never_escalates(plant: Plant) -> None:
    mail, hook = await contact(plant, "Ada"), await contact(plant, "Siren", "webhook")
    await roster(plant, mail, hook)
    await roster(plant, hook, mail, after_minutes=5)
    await raise_one(plant, await rule(plant, alarm_class="advisory", realarm_seconds=60.0))
    for minutes in (0, 10, 20):
        await tick(plant, after(minutes=minutes))
    assert await told(plant) == [("raised", "Ada")]


@pytest.mark.parametrize("late", [True, False])
async def test_what_came_late_and_is_over_wakes_nobody(plant: Plant, late: bool) -> None:
    await roster(plant, await contact(plant, "Ada"))
    rule_id = await rule(plant)
    await raise_one(plant, rule_id, after(hours=-2), late=late)
    await clear(plant, rule_id, after(hours=-1))
    await tick(plant, NOON)
    assert await told(plant) == ([] if late else [("raised", "Ada")])


async def test_what_happened_days_ago_wakes_nobody(plant: Plant) -> None:
    await roster(plant, await contact(plant, "Ada"))
    await raise_one(plant, await rule(plant), after(days=-2))
    await tick(plant, NOON)
    assert await told(plant) == []


async def test_the_worker_hears_of_alerts_at_once(
    plant: Plant, pool: Pool, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(escalator, "TICK_SECONDS", 3600.0)
    await roster(plant, await contact(plant, "Ada"))
    running = asyncio.create_task(escalator.run_escalator(pool, clock))
    try:
        await raise_one(plant, await rule(plant))
        async with asyncio.timeout(20):
            while await told(plant) != [("raised", "Ada")]:
                await asyncio.sleep(0.02)
    finally:
        running.cancel()
        await asyncio.wait([running])
