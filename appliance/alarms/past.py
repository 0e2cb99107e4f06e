"""The states that alerts went through, to be played again."""

from collections.abc import Sequence
from datetime import datetime

from appliance.model.alert import AlertState
from appliance.model.ids import DeviceId, FactoryId
from appliance.model.replay import Corner, PastAlert, PastAlerts
from appliance.model.scope import Scope
from appliance.store.alerts import select_alerts
from appliance.store.past import Marks, select_alert_marks, select_raised_beside
from appliance.store.pool import Db

MOST_ALERTS = 500


async def past_alerts(
    db: Db, factory_id: FactoryId, from_at: datetime, to_at: datetime
) -> PastAlerts:
    """The alerts of a factory that were open in from_at <= time < to_at."""
    scope = Scope((factory_id,))
    marks = await select_alert_marks(db, scope, from_at, to_at, MOST_ALERTS + 1)
    shown = marks[:MOST_ALERTS]
    ids = [each.id for each in shown]
    found = await select_alerts(db, scope, "all", alert_ids=ids, limit=MOST_ALERTS)
    alerts = {alert.id: alert for alert in found}
    earlier, later = await select_raised_beside(db, scope, from_at, to_at)
    return PastAlerts(
        alerts=[PastAlert(alerts[each.id], corners(each)) for each in shown],
        more=len(marks) > len(shown),
        before=earlier,
        after=later,
    )


def moments_of(past: PastAlerts) -> dict[DeviceId, list[int]]:
    """When the alerts of each device changed, in UTC milliseconds."""
    found: dict[DeviceId, list[int]] = {}
    for each in past.alerts:
        times = (round(corner.at.timestamp() * 1000) for corner in each.corners)
        found.setdefault(each.alert.device_id, []).extend(times)
    return found


def corners(marks: Marks) -> list[Corner]:
    """Each state with the time from which it held, the raising first."""
    over = marks.reset_at if marks.latching else marks.cleared_at
    given = (marks.raised_at, over, marks.acknowledged_at)
    hid = (at for at, _ in (*marks.shelved, *marks.suppressed))
    times = {max(at, marks.raised_at) for at in (*given, *hid) if at is not None}
    found: list[Corner] = []
    for at in sorted(times):
        acknowledged = marks.acknowledged_at is not None and marks.acknowledged_at <= at
        state = _state(standing=over is None or over > at, acknowledged=acknowledged)
        hidden = _holds(marks.shelved, at) or _holds(marks.suppressed, at)
        if not found or (found[-1].state, found[-1].hidden) != (state, hidden):
            found.append(Corner(at, state, hidden))
    return found


def _state(*, standing: bool, acknowledged: bool) -> AlertState:
    if standing:
        return AlertState.ACKNOWLEDGED if acknowledged else AlertState.UNACKNOWLEDGED
    return AlertState.CLOSED if acknowledged else AlertState.RETURNED


def _holds(switched: Sequence[tuple[datetime, bool]], at: datetime) -> bool:
    """Whether the last switch before or at a time was on."""
    return next((on for when, on in reversed(switched) if when <= at), False)
