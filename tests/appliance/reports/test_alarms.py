"""Alarms in figures, as they stood at the end of the period."""

from datetime import UTC, datetime, timedelta

from appliance.model.alert import Alert, AlertState, IsaState
from appliance.model.report import Period
from appliance.model.rule import AlarmClass, RuleKind
from appliance.reports import alarms

BEGIN = datetime(2026, 11, 16, tzinfo=UTC)
END = BEGIN + timedelta(days=7)
PERIOD = Period(name="2026-W47", begin=BEGIN, end=END, until=END, over=True)
DAYS = [BEGIN + timedelta(days=n) for n in range(8)]


def alert(raised: float, cleared: float | None, acknowledged: float | None, rule: int = 1) -> Alert:
    """An alert of a rule; hours after the period's begin."""

    def after(hours: float | None) -> datetime | None:
        return None if hours is None else BEGIN + timedelta(hours=hours)

    return Alert(
        id=1, factory_id=1, rule_id=rule, device_id=rule, device=f"node {rule}", machine=None,
        area=None, kind=RuleKind.THRESHOLD, level="h", metric="temperature", unit_label="°C",
        alarm_class=AlarmClass.ALARM, priority=rule, message="Hot", cause="", consequence="",
        what_to_do="", respond_seconds=None, note_required=False,
        state=AlertState.UNACKNOWLEDGED, isa_state=IsaState.UNACKNOWLEDGED,
        raised_at=BEGIN + timedelta(hours=raised), raised_value=1.0, limit=1.0, late=False,
        forecast_at=None, cleared_at=after(cleared), latched=False,
        acknowledged_at=after(acknowledged), acknowledged_by=None, note=None, suppressed_at=None,
        shelved_until=None, shelved_by=None, shelved_reason=None, escalation_step=0,
        realarmed_at=None, comments=0,
    )  # fmt: skip


def test_figures_by_hand() -> None:
    found = alarms.figures(
        [
            alert(-5, 2, 3),
            alert(1, 3, 1.5),
            alert(1.1, 1.2, 2.1, rule=2),
            alert(30, 200, 190),
            alert(40, None, None, rule=2),
        ],
        PERIOD,
        DAYS,
    )
    assert (found.raised, found.acknowledged, found.not_acknowledged) == (4, 2, 2)
    assert found.acknowledged_after_seconds == (0.5 + 1.0) / 2 * 3600
    assert found.priorities == {"1": 2, "2": 2, "3": 0, "4": 0}
    assert found.days == [2, 2, 0, 0, 0, 0, 0]
    assert found.standing_at_end == 2
    assert (found.worst_10_minutes, found.worst_10_minutes_begin) == (
        2, BEGIN + timedelta(hours=1),
    )  # fmt: skip
    assert [one.seconds / 3600 for one in found.longest] == [138, 128, 2, 2, 0.1]
    assert found.longest[0].cleared is None
    assert [(one.rule_id, one.number) for one in found.top] == [(1, 2), (2, 2)]


def test_ten_minutes_are_half_open_and_slide() -> None:
    times = [BEGIN + timedelta(minutes=m) for m in (0, 9, 11, 19, 21)]
    assert alarms.worst_stretch(times) == (2, times[0])
    assert alarms.worst_stretch(sorted([*times, BEGIN + timedelta(minutes=20)])) == (3, times[2])
    assert alarms.worst_stretch([]) == (0, None)
    assert alarms.worst_stretch([BEGIN, BEGIN + timedelta(minutes=10)]) == (1, BEGIN)
