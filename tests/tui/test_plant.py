from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from appliance.model.alert import Alert, AlertState, IsaState
from appliance.model.device import (
    ConditionKind,
    Device,
    DeviceCondition,
    DeviceState,
    DeviceStatus,
    Value,
)
from appliance.model.factory import Factory
from appliance.model.ids import AlertId, DeviceId, FactoryId, RuleId
from appliance.model.live import AlertChanged, Beat, DeviceChanged, Snapshot
from appliance.model.metric import Metric
from appliance.model.rule import AlarmClass, RuleKind
from tui.plant import Plant, zone_of
from tui.rows import device_row

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HERE = NOON - timedelta(hours=1)
"""What this machine takes the time for: its clock is an hour slow."""
GAS = Metric(id=2, name="gas", unit="[ppm]", unit_label="ppm", label="Gas", digits=1)  # type: ignore[arg-type]


def device(number: int, state: DeviceState = DeviceState.LIVE, **given: Any) -> DeviceStatus:
    name, area = given.get("name", f"node-{number}"), given.get("area")
    known = Device(DeviceId(number), FactoryId(1), name, None, None, area, 1000, NOON)
    return DeviceStatus(known, state, NOON, [Value("gas", NOON, 51.5)])


def alert(number: int, device_id: int = 1, **given: Any) -> Alert:
    raised = Alert(
        id=AlertId(number), factory_id=FactoryId(1), rule_id=RuleId(1),
        device_id=DeviceId(device_id), device="node", machine=None, area=None,
        kind=RuleKind.THRESHOLD, level="h", metric="gas", unit_label="ppm",
        alarm_class=AlarmClass.ALARM, priority=2, message="Gas", cause="", consequence="",
        what_to_do="Leave", respond_seconds=None, note_required=False,
        state=AlertState.UNACKNOWLEDGED, isa_state=IsaState.UNACKNOWLEDGED, raised_at=NOON,
        raised_value=51.0, limit=50.0, late=False, forecast_at=None, cleared_at=None,
        latched=False, acknowledged_at=None, acknowledged_by=None, note=None, suppressed_at=None,
        shelved_until=None, shelved_by=None, shelved_reason=None, escalation_step=0,
        realarmed_at=None, comments=0,
    )  # fmt: skip
    return msgspec.structs.replace(raised, **given)


def plant(devices: Sequence[DeviceStatus], alerts: Sequence[Alert] = ()) -> Plant:
    made = Plant()
    made.apply(Snapshot(NOON, list(devices), list(alerts)), HERE)
    return made


def test_ages_count_on_the_servers_clock() -> None:
    known = plant([])
    assert known.clock(HERE + timedelta(seconds=3)) == NOON + timedelta(seconds=3)
    known.apply(Beat(NOON + timedelta(seconds=10)), HERE + timedelta(seconds=8))
    assert known.clock(HERE) == NOON + timedelta(seconds=2)


def test_a_snapshot_replaces_all_that_was_known() -> None:
    known = plant([device(1)], [alert(1)])
    known.apply(Snapshot(NOON, [device(2)], []), HERE)
    assert (list(known.devices), known.alerts) == ([2], {})


def test_alerts_that_wait_come_first_then_by_priority_then_the_newest() -> None:
    seen = alert(1, priority=1, state=AlertState.ACKNOWLEDGED)
    back = alert(2, priority=1, state=AlertState.RETURNED)
    low, old = alert(3, priority=3), alert(4, raised_at=NOON - timedelta(hours=1))
    known = plant([], [seen, low, old, alert(5), back])
    assert [one.id for one in known.ordered_alerts()] == [2, 5, 4, 3, 1]


def test_an_alert_that_closes_is_gone() -> None:
    known = plant([device(1)], [alert(1)])
    known.apply(AlertChanged(alert(1, state=AlertState.CLOSED)), HERE)
    assert known.alerts == {}
    assert not known.abnormal(known.devices[DeviceId(1)])


def test_abnormal_devices_come_first() -> None:
    states = (DeviceState.LIVE, DeviceState.STALE, DeviceState.OFFLINE, DeviceState.NEVER)
    known = plant(
        [device(n, state) for n, state in enumerate(states, 1)] + [device(9)], [alert(1, 9)]
    )
    assert [one.device.id for one in known.ordered_devices()] == [9, 3, 2, 4, 1]


def test_a_device_that_reports_is_abnormal_while_something_is_odd_about_it() -> None:
    odd = device(1)
    shown = (ConditionKind.CLOCK_WRONG, ConditionKind.CATCHING_UP, ConditionKind.FLAT)
    for kind in ConditionKind:
        known = plant([msgspec.structs.replace(odd, condition=DeviceCondition(kind, NOON))])
        assert known.abnormal(known.devices[DeviceId(1)]) is (kind in shown)


def test_a_filter_looks_at_name_and_area_without_regard_to_case() -> None:
    known = plant([device(1, name="Press 7"), device(2, area="PRESS SHOP"), device(3)])
    assert {one.device.id for one in known.ordered_devices("press")} == {1, 2}


def test_without_the_server_nothing_is_called_live() -> None:
    known = plant([device(1), device(2, DeviceState.OFFLINE)])
    known.lose()
    assert known.states() == {DeviceState.STALE: 1, DeviceState.OFFLINE: 1}
    known.apply(DeviceChanged(device(1)), HERE)
    assert known.states()[DeviceState.LIVE] == 1


def test_a_normal_device_has_no_colour_and_an_abnormal_one_a_shape_and_words() -> None:
    known = plant([device(1), device(2, DeviceState.STALE), device(3, DeviceState.OFFLINE)])
    live, stale, offline = (
        device_row(known, known.devices[DeviceId(n)], [GAS], NOON).cells for n in (1, 2, 3)
    )
    assert {cell.look for cell in live} == {""}
    assert (stale[2].text, stale[3].text, stale[3].look) == ("◐ stale", "51.5 ppm", "muted")
    assert (offline[2].text, offline[3].text) == ("○ offline", "—")


def test_a_value_beyond_its_limit_is_marked_until_it_has_returned() -> None:
    known = plant([device(1)], [alert(1, priority=1)])
    row = device_row(known, known.devices[DeviceId(1)], [GAS], NOON)
    assert (row.cells[0].text, row.cells[3].text, row.cells[3].look) == ("■1", "51.5 ppm ■", "p1")
    known.take(alert(1, priority=1, state=AlertState.RETURNED))
    row = device_row(known, known.devices[DeviceId(1)], [GAS], NOON)
    assert (row.cells[0].text, row.cells[3].text, row.cells[3].look) == ("■1", "51.5 ppm", "")


def test_times_are_told_in_the_zone_that_all_factories_share() -> None:
    north, south = (
        Factory(FactoryId(n), "", zone) for n, zone in ((1, "Europe/Berlin"), (2, "UTC"))
    )
    assert str(zone_of([north])) == "Europe/Berlin"
    assert zone_of([north, south]) is UTC
    assert zone_of([]) is UTC
    assert zone_of([Factory(FactoryId(3), "", "Moon/Far Side")]) is UTC
