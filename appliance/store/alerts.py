"""Alerts: raised and cleared by the engine, acknowledged by people.

Whatever changes an alert tells its id on CHANNEL, once its transaction is committed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from appliance.model.alert import Alert, AlertState
from appliance.model.ids import AlertId, DeviceId, RuleId, UserId
from appliance.model.rule import Rule, RuleKind
from appliance.model.scope import Scope
from appliance.store.pool import Db

CHANNEL = "alerts"

Which = Literal["open", "closed", "all"]
"""An alert is open until it has both returned to normal and been acknowledged."""


async def select_alerts(
    db: Db,
    scope: Scope,
    which: Which,
    *,
    device_id: DeviceId | None = None,
    alert_ids: Sequence[AlertId] | None = None,
    limit: int = 1000,
) -> list[Alert]:
    """Alerts in scope: unacknowledged first, then by priority, then the newest first."""
    rows = await db.fetch(
        """
        select a.id, a.factory_id, a.rule_id, a.device_id, d.name as device, m.name as machine,
               m.area, r.kind, c.name as metric, c.unit_label, a.priority, a.message,
               r.what_to_do, a.raised_at, a.raised_value, a."limit", a.cleared_at,
               a.acknowledged_at, u.name as acknowledged_by, a.note
          from alerts a
          join rules r on r.id = a.rule_id
          join devices d on d.id = a.device_id
          left join machines m on m.id = d.machine_id
          left join metrics c on c.id = r.metric_id
          left join users u on u.id = a.acknowledged_by
         where a.factory_id = any($1::int[])
           and case $2
                   when 'open' then a.cleared_at is null or a.acknowledged_at is null
                   when 'closed' then a.cleared_at is not null and a.acknowledged_at is not null
                   else true
               end
           and ($3::int is null or a.device_id = $3)
           and ($4::bigint[] is null or a.id = any($4))
         order by (a.acknowledged_at is null) desc, a.priority, a.raised_at desc, a.id desc
         limit $5
        """,
        scope.factory_ids,
        which,
        device_id,
        alert_ids,
        limit,
    )
    return [_alert(row) for row in rows]


async def select_open_alert_counts(db: Db, scope: Scope) -> dict[int, int]:
    """How many alerts in scope are open, by priority; 0 where there is none."""
    rows = await db.fetch(
        """
        select p.priority, count(a.id) as number
          from generate_series(1, 4) as p (priority)
          left join alerts a
            on a.priority = p.priority and a.factory_id = any($1::int[])
           and (a.cleared_at is null or a.acknowledged_at is null)
         group by p.priority order by p.priority
        """,
        scope.factory_ids,
    )
    return {row["priority"]: row["number"] for row in rows}


async def insert_alert(
    db: Db, rule: Rule, raised_at: datetime, value: float | None
) -> AlertId | None:
    """Raise a rule's alert; None if it stands already."""
    raised: AlertId | None = await db.fetchval(
        """
        with raised as (
            insert into alerts (factory_id, rule_id, device_id, raised_at, raised_value, "limit",
                                priority, message)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            on conflict (rule_id) where cleared_at is null do nothing
            returning id
        )
        select id from raised, pg_notify($9, raised.id::text)
        """,
        rule.factory_id,
        rule.id,
        rule.device_id,
        raised_at,
        value,
        rule.limit,
        rule.priority,
        rule.message,
        CHANNEL,
    )
    return raised


async def update_alert_cleared(
    db: Db, rule_id: RuleId, cleared_at: datetime, value: float | None, note: str | None = None
) -> AlertId | None:
    """Clear a rule's standing alert, adding to its note; None if none stands."""
    cleared: AlertId | None = await db.fetchval(
        """
        with cleared as (
            update alerts
               set cleared_at = greatest($2, raised_at), cleared_value = $3,
                   note = nullif(concat_ws(' ', note, $4::text), '')
             where rule_id = $1 and cleared_at is null
            returning id
        )
        select id from cleared, pg_notify($5, cleared.id::text)
        """,
        rule_id,
        cleared_at,
        value,
        note,
        CHANNEL,
    )
    return cleared


async def update_alert_acknowledged(
    db: Db, scope: Scope, alert_id: AlertId, user_id: UserId, note: str | None, now: datetime
) -> bool:
    """Acknowledge an alert in scope; False if there is none, or somebody has done so before."""
    acknowledged: AlertId | None = await db.fetchval(
        """
        with acknowledged as (
            update alerts
               set acknowledged_at = $4, acknowledged_by = $3,
                   note = nullif(concat_ws(' ', note, $5::text), '')
             where id = $2 and factory_id = any($1::int[]) and acknowledged_at is null
            returning id
        )
        select id from acknowledged, pg_notify($6, acknowledged.id::text)
        """,
        scope.factory_ids,
        alert_id,
        user_id,
        now,
        note,
        CHANNEL,
    )
    return acknowledged is not None


def _alert(row: Any) -> Alert:
    acknowledged = row["acknowledged_at"] is not None
    if row["cleared_at"] is None:
        state = AlertState.ACKNOWLEDGED if acknowledged else AlertState.UNACKNOWLEDGED
    else:
        state = AlertState.CLOSED if acknowledged else AlertState.RETURNED
    return Alert(**{**row, "kind": RuleKind(row["kind"]), "state": state})
