"""What people do to alerts, each deed with a record of who did it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple, NoReturn

import msgspec

from appliance.errors import Conflict, NotFound, Unprocessable
from appliance.identity import audit
from appliance.model.alert import Alert, AlertEvent, AlertState
from appliance.model.audit import Actor, AuditEntry
from appliance.model.ids import AlertId
from appliance.model.text import Instruction, Sentence
from appliance.model.user import Caller
from appliance.store import alert_deeds, alert_events, alerts
from appliance.store.pool import Connection, Pool

GivenAlertId = Annotated[AlertId, msgspec.Meta(ge=1, le=2**63 - 1)]
Remark = Annotated[Instruction, msgspec.Meta(min_length=1)]


class Acknowledgement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody has seen an alert and looks after it."""

    note: Instruction | None = None


class Acknowledgements(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody has seen several alerts."""

    ids: Annotated[list[GivenAlertId], msgspec.Meta(min_length=1, max_length=500)]
    note: Instruction | None = None


class Already(msgspec.Struct, frozen=True):
    """An alert that somebody acknowledged before."""

    id: AlertId
    by: str


class Acknowledged(msgspec.Struct, frozen=True):
    """What became of several alerts."""

    acknowledged: list[Alert]
    already: list[Already]


class Shelving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An alarm shall tell nobody for a while, and why."""

    minutes: Annotated[int, msgspec.Meta(ge=1, le=10_080)]
    reason: Sentence


class _Deed(NamedTuple):
    """What somebody does, as the record of deeds holds it."""

    action: str
    caller: Caller
    actor: Actor
    now: datetime
    new: dict[str, object] | None = None


class Comment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody has to say of an alert."""

    text: Remark


async def acknowledge(
    db: Pool, caller: Caller, actor: Actor, alert_id: AlertId, asked: Acknowledgement, now: datetime
) -> Alert:
    """Acknowledge an alert in the caller's factories; a second time is a Conflict."""
    asked_many = Acknowledgements([alert_id], asked.note)
    done = await acknowledge_many(db, caller, actor, asked_many, now)
    if done.already:
        raise Conflict(f"{done.already[0].by} acknowledged this alert before.")
    return done.acknowledged[0]


async def acknowledge_many(
    db: Pool, caller: Caller, actor: Actor, asked: Acknowledgements, now: datetime
) -> Acknowledged:
    """Acknowledge alerts that nobody has before; one that is not there refuses all."""
    note = _stripped(asked.note)
    ids = sorted(set(asked.ids))
    async with db.acquire() as connection, connection.transaction():
        before = await _some(connection, caller, ids)
        if note is None and (wanting := [one for one in before if one.note_required]):
            raise Unprocessable(
                f"“{wanting[0].message}” wants a note: say what you found or did about it."
            )
        done = set(
            await alert_deeds.update_alerts_acknowledged(
                connection, caller.scope, ids, caller.user_id, note, now
            )
        )
        after = await _some(connection, caller, ids)
        deed = _Deed("alert.acknowledge", caller, actor, now, {"note": note})
        for alert in after:
            if alert.id in done:
                await _record(connection, deed, alert)
    return Acknowledged(
        [alert for alert in after if alert.id in done],
        [
            Already(alert.id, alert.acknowledged_by or "Somebody")
            for alert in after
            if alert.id not in done
        ],
    )


async def shelve(
    db: Pool, caller: Caller, actor: Actor, alert_id: AlertId, asked: Shelving, now: datetime
) -> Alert:
    """Put the alarm of an alert on a shelf; Conflict if it is closed or on one already."""
    until = now + timedelta(minutes=asked.minutes)

    async def change(connection: Connection) -> bool:
        return await alert_deeds.insert_shelf(
            connection, caller.scope, alert_id, caller.user_id, until, asked.reason, now
        )

    def refuse(alert: Alert) -> NoReturn:
        if alert.shelved_until is not None:
            who = alert.shelved_by or "Somebody"
            raise Conflict(f"{who} shelved this alarm before; end that shelf first.")
        raise Conflict("This alert is closed; only an open one can be shelved.")

    new = {"until": until, "reason": asked.reason}
    deed = _Deed("alert.shelve", caller, actor, now, new)
    return await _do(db, deed, alert_id, change, refuse)


async def unshelve(
    db: Pool, caller: Caller, actor: Actor, alert_id: AlertId, now: datetime
) -> Alert:
    """End the shelf of an alert's alarm; Conflict if it lies on none."""

    async def change(connection: Connection) -> bool:
        return await alert_deeds.delete_shelf(
            connection, caller.scope, alert_id, caller.user_id, now
        )

    def refuse(_: Alert) -> NoReturn:
        raise Conflict("This alarm is not on a shelf; somebody may have ended it, or its time has.")

    deed = _Deed("alert.unshelve", caller, actor, now)
    return await _do(db, deed, alert_id, change, refuse)


async def reset(db: Pool, caller: Caller, actor: Actor, alert_id: AlertId, now: datetime) -> Alert:
    """Release a latched alert; Conflict if there is nothing to release yet."""

    async def change(connection: Connection) -> bool:
        return await alert_deeds.update_alert_reset(
            connection, caller.scope, alert_id, caller.user_id, now
        )

    def refuse(alert: Alert) -> NoReturn:
        if alert.latched:
            raise Conflict("Acknowledge this alarm before you reset it.")
        if alert.cleared_at is None and alert.state is not AlertState.CLOSED:
            raise Conflict("The cause has not returned to normal yet.")
        raise Conflict("This alarm is not latched; there is nothing to reset.")

    deed = _Deed("alert.reset", caller, actor, now)
    return await _do(db, deed, alert_id, change, refuse)


async def comment(
    db: Pool, caller: Caller, actor: Actor, alert_id: AlertId, asked: Comment, now: datetime
) -> AlertEvent:
    """Add to an alert what somebody has to say."""
    text = _stripped(asked.text)
    if text is None:
        raise Unprocessable("The comment is empty.")
    async with db.acquire() as connection, connection.transaction():
        [alert] = await _some(connection, caller, [alert_id])
        await alert_events.insert_comment(connection, alert_id, caller.user_id, text, now)
        deed = _Deed("alert.comment", caller, actor, now, {"text": text})
        await _record(connection, deed, alert)
    return AlertEvent(now, "commented", caller.name, text, None)


async def _do(
    db: Pool,
    deed: _Deed,
    alert_id: AlertId,
    change: Callable[[Connection], Awaitable[bool]],
    refuse: Callable[[Alert], NoReturn],
) -> Alert:
    async with db.acquire() as connection, connection.transaction():
        done = await change(connection)
        [alert] = await _some(connection, deed.caller, [alert_id])
        if not done:
            refuse(alert)
        await _record(connection, deed, alert)
    return alert


async def _some(db: Connection, caller: Caller, alert_ids: Sequence[AlertId]) -> list[Alert]:
    found = await alerts.select_alerts(db, caller.scope, "all", alert_ids=alert_ids)
    missing = set(alert_ids) - {alert.id for alert in found}
    if missing:
        raise NotFound(
            "There is no such alert." if len(alert_ids) == 1 else f"No alert {min(missing)}."
        )
    return found


async def _record(db: Connection, deed: _Deed, alert: Alert) -> None:
    entry = AuditEntry(
        at=deed.now,
        actor=deed.actor,
        action=deed.action,
        object=f"alert {alert.id}",
        factory_ids=[alert.factory_id],
        new=deed.new,
    )
    await audit.record(db, entry)


def _stripped(text: str | None) -> str | None:
    return (text or "").strip() or None
