from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from appliance.alarms.past import corners, past_alerts
from appliance.model.alert import AlertState
from appliance.model.factory import Factory
from appliance.model.ids import AlertId
from appliance.model.user import Role
from appliance.store.past import Marks
from tests.appliance.conftest import Clock, SignIn
from tests.appliance.plant import NOON, Plant

RaiseAlert = Callable[[int], Awaitable[int]]
UNACKNOWLEDGED, ACKNOWLEDGED, RETURNED, CLOSED = AlertState


def minute(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def marks(**given: Any) -> Marks:
    none = {"cleared_at": None, "acknowledged_at": None, "latching": False, "reset_at": None}
    whole: dict[str, Any] = {
        "id": AlertId(1),
        "raised_at": NOON,
        "shelved": [],
        "suppressed": [],
        **none,
        **given,
    }
    return Marks(**whole)


def told(given: Marks) -> list[tuple[float, AlertState, bool]]:
    return [
        ((each.at - NOON) / timedelta(minutes=1), each.state, each.hidden)
        for each in corners(given)
    ]


def test_an_alert_goes_through_its_corners_in_the_order_of_what_happened() -> None:
    assert told(marks()) == [(0, UNACKNOWLEDGED, False)]
    acknowledged = marks(acknowledged_at=minute(2), cleared_at=minute(5))
    assert told(acknowledged) == [
        (0, UNACKNOWLEDGED, False), (2, ACKNOWLEDGED, False), (5, CLOSED, False),
    ]  # fmt: skip
    returned = marks(acknowledged_at=minute(7), cleared_at=minute(5))
    assert told(returned) == [(0, UNACKNOWLEDGED, False), (5, RETURNED, False), (7, CLOSED, False)]


def test_a_latched_alert_stands_until_it_is_reset() -> None:
    latched = marks(
        latching=True, cleared_at=minute(1), acknowledged_at=minute(2), reset_at=minute(9)
    )
    assert told(latched) == [
        (0, UNACKNOWLEDGED, False), (2, ACKNOWLEDGED, False), (9, CLOSED, False),
    ]  # fmt: skip


def test_a_shelf_hides_from_when_to_when_it_lay_there() -> None:
    shelved = marks(
        shelved=[(minute(-5), True), (minute(1), False), (minute(3), True)],
        suppressed=[(minute(2), True), (minute(4), False)],
    )
    assert told(shelved) == [
        (0, UNACKNOWLEDGED, True), (1, UNACKNOWLEDGED, False), (2, UNACKNOWLEDGED, True),
    ]  # fmt: skip


async def test_alerts_as_people_dealt_with_them(
    plant: Plant, sign_in: SignIn, raise_alert: RaiseAlert, clock: Clock, south: Factory
) -> None:
    device_id = await plant.device("a", machine="Press")
    first = await raise_alert(await plant.rule(device_id))
    clock.forward(minutes=10)
    second = await raise_alert(
        await plant.rule(device_id, "low", look={"kind": "threshold", "h": 5})
    )
    operator = await sign_in(Role.OPERATOR)
    clock.forward(minutes=1)
    assert (await operator.post(f"/alerts/{first}/acknowledge", json={})).status_code == 200
    clock.forward(minutes=1)
    shelf = {"minutes": 60, "reason": "Repair"}
    assert (await operator.post(f"/alerts/{second}/shelve", json=shelf)).status_code == 200
    clock.forward(minutes=1)
    assert (await operator.post(f"/alerts/{second}/unshelve", json={})).status_code == 200

    found = await past_alerts(plant.pool, plant.factory_id, NOON, minute(60))
    assert [each.alert.id for each in found.alerts] == [second, first]
    assert [(each.state, each.hidden) for each in found.alerts[0].corners] == [
        (UNACKNOWLEDGED, False), (UNACKNOWLEDGED, True), (UNACKNOWLEDGED, False),
    ]  # fmt: skip
    assert [each.at for each in found.alerts[0].corners] == [minute(10), minute(12), minute(13)]
    assert [(each.at, each.state) for each in found.alerts[1].corners] == [
        (NOON, UNACKNOWLEDGED), (minute(11), ACKNOWLEDGED),
    ]  # fmt: skip
    assert (found.before, found.after, found.more) == (None, None, False)

    earlier = await past_alerts(plant.pool, plant.factory_id, minute(-60), minute(5))
    assert [each.alert.id for each in earlier.alerts] == [first]
    assert earlier.after == minute(10)
    assert earlier.alerts[0].corners[-1].state is ACKNOWLEDGED
    nobodys = await past_alerts(plant.pool, south.id, NOON, minute(60))
    assert nobodys.alerts == []
