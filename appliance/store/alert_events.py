"""Events of alerts: read by people, and by the notifier, who decides once for each whom to tell."""

from datetime import datetime

import msgspec

from appliance.model.alert import AlertEvent
from appliance.model.ids import AlertId, FactoryId, UserId
from appliance.model.rule import AlarmClass
from appliance.store.alerts import CHANNEL
from appliance.store.pool import Db


class Pending(msgspec.Struct, frozen=True):
    """An event of which somebody may have to be told.

    value: of an escalation, the after_minutes of the rosters that are to be told now. waits:
    whether the alert waits for a person; stale: it happened more than a day ago.
    """

    event_id: int
    alert_id: AlertId
    factory_id: FactoryId
    time_zone: str
    what: str
    value: float | None
    priority: int
    alarm_class: AlarmClass
    waits: bool
    stale: bool


async def select_alert_events(db: Db, alert_id: AlertId) -> list[AlertEvent]:
    """What happened to an alert, the oldest first."""
    rows = await db.fetch(
        """
        select e.at, e.what, u.name as who, e.note, e.value
          from alert_events e left join users u on u.id = e.user_id
         where e.alert_id = $1 order by e.id
        """,
        alert_id,
    )
    return [AlertEvent(**row) for row in rows]


async def insert_comment(
    db: Db, alert_id: AlertId, user_id: UserId, text: str, now: datetime
) -> None:
    """Add what somebody has to say of an alert."""
    await db.execute(
        """
        with event as (
            insert into alert_events (alert_id, at, what, user_id, note)
            values ($1, $2, 'commented', $3, $4)
        )
        select pg_notify($5, $1::bigint::text)
        """,
        alert_id,
        now,
        user_id,
        text,
        CHANNEL,
    )


async def select_pending_for_update(db: Db, now: datetime, limit: int) -> list[Pending]:
    """Events nobody else decides on now, the oldest first. Needs a transaction."""
    rows = await db.fetch(
        """
        select e.id as event_id, a.id as alert_id, a.factory_id, f.time_zone, e.what, e.value,
               a.priority, a.alarm_class, e.at < $1::timestamptz - interval '1 day' as stale,
               case when e.what = 'cleared' then true
                    when e.what = 'raised' then a.state in ('unacknowledged', 'returned')
                    else a.state = 'unacknowledged' end
               and (e.what <> 'raised' or not a.late or a.cleared_at is null)
               and a.suppressed_at is null and r.mode = 'live'
               and not exists (select from shelves s
                                where s.rule_id = a.rule_id and s.level = a.level) as waits
          from alert_events e
          join alerts a on a.id = e.alert_id
          join rules r on r.id = a.rule_id
          join factories f on f.id = a.factory_id
         where e.pending order by e.id limit $2 for update of e skip locked
        """,
        now,
        limit,
    )
    return [msgspec.convert(dict(row), Pending) for row in rows]


async def update_events_decided(db: Db, event_ids: list[int], now: datetime) -> None:
    """These events need no more thought; from now on their alerts wait for people."""
    await db.execute(
        """
        with decided as (
            update alert_events set pending = false where id = any($1::bigint[])
            returning alert_id
        )
        update alerts a set waiting_since = $2
          from decided d
         where a.id = d.alert_id and a.waiting_since is null and a.suppressed_at is null
           and not exists (select from shelves s
                            where s.rule_id = a.rule_id and s.level = a.level)
        """,
        event_ids,
        now,
    )
