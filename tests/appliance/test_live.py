import asyncio
from datetime import UTC, datetime

import pytest

from appliance.live import Change, Hub
from appliance.model.alert import Alert, AlertState, IsaState
from appliance.model.device import Device, DeviceState, DeviceStatus
from appliance.model.ids import AlertId, DeviceId, FactoryId, RuleId
from appliance.model.live import AlertChanged, DeviceChanged
from appliance.model.rule import AlarmClass, RuleKind
from appliance.model.scope import Scope

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NORTH, SOUTH = FactoryId(1), FactoryId(2)


def changed(device_id: int, state: DeviceState = DeviceState.LIVE) -> DeviceChanged:
    device = Device(DeviceId(device_id), NORTH, "node", None, None, None, 1000, NOON)
    return DeviceChanged(DeviceStatus(device, state, NOON, []))


def raised(alert_id: int) -> AlertChanged:
    return AlertChanged(
        Alert(
            id=AlertId(alert_id), factory_id=NORTH, rule_id=RuleId(1), device_id=DeviceId(1),
            device="node", machine=None, area=None, kind=RuleKind.THRESHOLD, level="h",
            metric="gas", unit_label="ppm", alarm_class=AlarmClass.ALARM, priority=1,
            message="Gas", cause="", consequence="", what_to_do="Leave", respond_seconds=None,
            note_required=False, state=AlertState.UNACKNOWLEDGED,
            isa_state=IsaState.UNACKNOWLEDGED, raised_at=NOON, raised_value=51.0, limit=50.0,
            late=False, forecast_at=None, cleared_at=None, latched=False, acknowledged_at=None,
            acknowledged_by=None, note=None, suppressed_at=None, shelved_until=None,
            shelved_by=None, shelved_reason=None, escalation_step=0, realarmed_at=None,
            comments=0,
        )
    )  # fmt: skip


async def test_a_listener_gets_what_is_published_after_it_was_attached() -> None:
    hub = Hub()
    hub.publish(changed(1), NORTH)
    with hub.listen(Scope((NORTH,))) as listener:
        hub.publish(changed(2), NORTH)
        hub.publish(raised(2), NORTH)
        assert await anext(listener) == [changed(2), raised(2)]


async def test_a_waiting_listener_wakes_up() -> None:
    hub = Hub()
    with hub.listen(Scope((NORTH,))) as listener:
        waiting = asyncio.create_task(anext(listener))
        await asyncio.sleep(0)
        hub.publish(changed(1), NORTH)
        assert await waiting == [changed(1)]


async def test_nothing_of_another_factory_gets_through() -> None:
    hub = Hub()
    with hub.listen(Scope((NORTH,))) as listener, hub.listen(Scope((SOUTH,))) as other:
        hub.publish(changed(1), SOUTH)
        hub.publish(changed(2), NORTH)
        assert await anext(listener) == [changed(2)]
        assert await anext(other) == [changed(1)]


async def test_a_newer_row_takes_the_place_of_the_same_row_still_waiting() -> None:
    hub = Hub(limit=2)
    with hub.listen(Scope((NORTH,))) as listener:
        for _ in range(100):
            hub.publish(changed(1), NORTH)
        hub.publish(raised(1), NORTH)
        hub.publish(changed(1, DeviceState.STALE), NORTH)
        assert await anext(listener) == [changed(1, DeviceState.STALE), raised(1)]


async def test_a_client_too_far_behind_is_closed_and_the_others_are_not() -> None:
    hub = Hub(limit=3)
    with hub.listen(Scope((NORTH,))) as slow, hub.listen(Scope((NORTH,))) as quick:
        got: list[Change] = []
        for number in range(5):
            hub.publish(changed(number), NORTH)
            got += await anext(quick)
        with pytest.raises(StopAsyncIteration):
            await anext(slow)
        with pytest.raises(StopAsyncIteration):
            await anext(slow)
        assert got == [changed(number) for number in range(5)]


async def test_giving_up_waiting_loses_nothing() -> None:
    hub = Hub()
    with hub.listen(Scope((NORTH,))) as listener:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await anext(listener)
        waiting = asyncio.create_task(anext(listener))
        await asyncio.sleep(0)
        hub.publish(changed(1), NORTH)
        waiting.cancel()  # while it is about to wake up
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await anext(listener) == [changed(1)]


async def test_closing_the_hub_ends_every_listener_at_once() -> None:
    hub = Hub()
    with hub.listen(Scope((NORTH,))) as listener:
        waiting = asyncio.create_task(anext(listener, None))
        await asyncio.sleep(0)
        hub.publish(changed(1), NORTH)
        hub.close()
        assert await waiting is None


async def test_a_listener_that_left_is_forgotten() -> None:
    hub = Hub()
    with hub.listen(Scope((NORTH,))):
        assert hub.heard
    assert not hub.heard
