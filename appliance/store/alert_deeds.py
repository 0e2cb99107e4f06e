"""What people and time do to alerts: each change with its event, told on the alerts' channel."""

from collections.abc import Sequence
from datetime import datetime

from appliance.model.ids import AlertId, UserId
from appliance.model.scope import Scope
from appliance.store.alerts import CHANNEL
from appliance.store.pool import Db


async def update_alerts_acknowledged(
    db: Db,
    scope: Scope,
    alert_ids: Sequence[AlertId],
    user_id: UserId,
    note: str | None,
    now: datetime,
) -> list[AlertId]:
    """Acknowledge those of the alerts in scope that nobody has before; returns which they are."""
    rows = await db.fetch(
        """
        with acknowledged as (
            update alerts
               set acknowledged_at = $4, acknowledged_by = $3,
                   note = nullif(concat_ws(' ', note, $5::text), '')
             where id in (select id from alerts
                           where id = any($2::bigint[]) and factory_id = any($1::int[])
                           order by id for update)
               and acknowledged_at is null
            returning id
        ), events as (
            insert into alert_events (alert_id, at, what, user_id, note)
            select id, $4, 'acknowledged', $3, $5 from acknowledged
        )
        select id, pg_notify($6, id::text) from acknowledged
        """,
        scope.factory_ids,
        list(alert_ids),
        user_id,
        now,
        note,
        CHANNEL,
    )
    return [row["id"] for row in rows]


async def update_alert_reset(
    db: Db, scope: Scope, alert_id: AlertId, user_id: UserId, now: datetime
) -> bool:
    """Release a latched alert that is acknowledged; False if it is not both."""
    done = await db.fetchval(
        """
        with released as (
            update alerts set reset_at = $4
             where id = $2 and factory_id = any($1::int[]) and latching and reset_at is null
               and cleared_at is not null and acknowledged_at is not null
            returning id
        ), events as (
            insert into alert_events (alert_id, at, what, user_id)
            select id, $4, 'reset', $3 from released
        )
        select id, pg_notify($5, id::text) from released
        """,
        scope.factory_ids,
        alert_id,
        user_id,
        now,
        CHANNEL,
    )
    return done is not None


async def insert_shelf(
    db: Db,
    scope: Scope,
    alert_id: AlertId,
    user_id: UserId,
    until: datetime,
    reason: str,
    now: datetime,
) -> bool:
    """Shelve the level of an alert that is not closed; False if it is, or on a shelf already."""
    done = await db.fetchval(
        """
        with asked as (
            select id, rule_id, level from alerts
             where id = $2 and factory_id = any($1::int[]) and state <> 'closed' for update
        ), shelf as (
            insert into shelves (rule_id, level, alert_id, shelved_at, shelved_by, reason, until)
            select rule_id, level, id, $6, $3, $5, $4 from asked
            on conflict (rule_id, level) do nothing
            returning rule_id, level
        ), hidden as (
            update alerts a
               set waiting_since = null, escalation_step = 0, escalated_after = 0 from shelf s
             where a.rule_id = s.rule_id and a.level = s.level and a.state <> 'closed'
            returning a.id
        ), events as (
            insert into alert_events (alert_id, at, what, user_id, note)
            select id, $6, 'shelved', $3, $5 from hidden
        )
        select count(*), count(pg_notify($7, id::text)) from hidden having count(*) > 0
        """,
        scope.factory_ids,
        alert_id,
        user_id,
        until,
        reason,
        now,
        CHANNEL,
    )
    return done is not None


async def delete_shelf(
    db: Db, scope: Scope, alert_id: AlertId, user_id: UserId, now: datetime
) -> bool:
    """End the shelf of an alert's level; False if it lies on none.

    The person who ends it knows; the rest are told of what still waits as when it expires.
    """
    done = await db.fetchval(
        """
        with asked as (
            select rule_id, level from alerts where id = $2 and factory_id = any($1::int[])
        ), shelf as (
            delete from shelves s using asked a
             where s.rule_id = a.rule_id and s.level = a.level
            returning s.rule_id, s.level, s.alert_id
        ), back as (
            select a.id, a.state <> 'closed' as open from alerts a
              join shelf s using (rule_id, level)
             where a.state <> 'closed' or a.id = s.alert_id
        ), events as (
            insert into alert_events (alert_id, at, what, user_id, pending)
            select id, $4, 'unshelved', $3, open from back
        )
        select count(*), count(pg_notify($5, id::text)) from back having count(*) > 0
        """,
        scope.factory_ids,
        alert_id,
        user_id,
        now,
        CHANNEL,
    )
    return done is not None


async def delete_expired_shelves(db: Db, now: datetime) -> int:
    """End the shelves whose time is over; how many alerts are back by that."""
    number: int = await db.fetchval(
        """
        with shelf as (
            delete from shelves where until <= $1 returning rule_id, level, alert_id
        ), back as (
            select a.id, a.state <> 'closed' as open from alerts a
              join shelf s using (rule_id, level)
             where a.state <> 'closed' or a.id = s.alert_id
        ), events as (
            insert into alert_events (alert_id, at, what, pending)
            select id, $1, 'shelf-expired', open from back
        )
        select count(pg_notify($2, id::text)) from back
        """,
        now,
        CHANNEL,
    )
    return number


async def update_alerts_realarmed(db: Db, now: datetime) -> int:
    """Alarms that still stand so long after people were told, or acknowledged, wait anew."""
    number: int = await db.fetchval(
        """
        with again as (
            update alerts a
               set realarmed_at = $1, waiting_since = $1, acknowledged_at = null,
                   acknowledged_by = null, escalation_step = 0, escalated_after = 0
              from rules r
             where r.id = a.rule_id and r.mode = 'live' and a.state <> 'closed'
               and a.cleared_at is null and a.alarm_class = 'alarm' and a.suppressed_at is null
               and greatest(a.waiting_since, a.acknowledged_at)
                   <= $1::timestamptz - make_interval(secs => r.realarm_seconds)
               and a.waiting_since is not null
               and not exists (select from shelves s
                                where s.rule_id = a.rule_id and s.level = a.level)
            returning a.id
        ), events as (
            insert into alert_events (alert_id, at, what, pending)
            select id, $1, 'realarmed', true from again
        )
        select count(pg_notify($2, id::text)) from again
        """,
        now,
        CHANNEL,
    )
    return number


async def update_alerts_escalated(db: Db, now: datetime) -> int:
    """Each alarm that nobody has acknowledged takes the next step of its factory's rosters.

    A roster's after_minutes count from when people were last told. How many took one.
    """
    number: int = await db.fetchval(
        """
        with due as (
            select a.id, min(t.after_minutes) as after_minutes
              from alerts a
              join rosters t on t.factory_id = a.factory_id
               and t.lowest_priority >= a.priority and t.after_minutes > a.escalated_after
               and a.waiting_since + make_interval(mins => t.after_minutes) <= $1::timestamptz
             where a.state = 'unacknowledged' and a.alarm_class = 'alarm'
               and a.suppressed_at is null
               and not exists (select from shelves s
                                where s.rule_id = a.rule_id and s.level = a.level)
             group by a.id
        ), stepped as (
            update alerts a
               set escalation_step = escalation_step + 1, escalated_after = d.after_minutes
              from due d
             where a.id = d.id and a.acknowledged_at is null and a.escalated_after < d.after_minutes
            returning a.id, a.escalated_after
        ), events as (
            insert into alert_events (alert_id, at, what, value, pending)
            select id, $1, 'escalated', escalated_after, true from stepped
        )
        select count(pg_notify($2, id::text)) from stepped
        """,
        now,
        CHANNEL,
    )
    return number
