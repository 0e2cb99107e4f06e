"""Alerts: acknowledged by people, with a record of who did it."""

from datetime import datetime

import msgspec

from appliance.errors import Conflict, NotFound
from appliance.identity import audit
from appliance.model.alert import Alert
from appliance.model.audit import Actor, AuditEntry
from appliance.model.ids import AlertId
from appliance.model.text import Instruction
from appliance.model.user import Caller
from appliance.store import alerts
from appliance.store.pool import Connection, Pool


class Acknowledgement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody has seen an alert and looks after it."""

    note: Instruction | None = None


async def acknowledge(
    db: Pool, caller: Caller, actor: Actor, alert_id: AlertId, asked: Acknowledgement, now: datetime
) -> Alert:
    """Acknowledge an alert in the caller's factories; a second time is a Conflict."""
    note = (asked.note or "").strip() or None
    async with db.acquire() as connection, connection.transaction():
        done = await alerts.update_alert_acknowledged(
            connection, caller.scope, alert_id, caller.user_id, note, now
        )
        alert = await _one(connection, caller, alert_id)
        if not done:
            raise Conflict(f"{alert.acknowledged_by or 'Somebody'} acknowledged this alert before.")
        entry = AuditEntry(
            at=now,
            actor=actor,
            action="alert.acknowledge",
            object=f"alert {alert_id}",
            factory_ids=[alert.factory_id],
            new={"note": note},
        )
        await audit.record(connection, entry)
    return alert


async def _one(db: Connection, caller: Caller, alert_id: AlertId) -> Alert:
    found = await alerts.select_alerts(db, caller.scope, "all", alert_ids=[alert_id])
    if not found:
        raise NotFound("There is no such alert.")
    return found[0]
