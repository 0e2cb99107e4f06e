"""Alerts: raised, cleared and suppressed by the engine; listed and counted for people.

Whatever changes an alert tells its id on CHANNEL, once its transaction is committed.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from appliance.errors import BadRequest
from appliance.model.alert import Alert, AlertQuery, AlertState, isa_state
from appliance.model.ids import AlertId, DeviceId, RuleId
from appliance.model.rule import AlarmClass, Rule, RuleKind, RuleMode, priority_of
from appliance.model.scope import Scope
from appliance.store.pool import Db

CHANNEL = "alerts"

Which = Literal["open", "shelved", "suppressed", "closed", "all"]
"""An alert is open until it has both returned to normal and been acknowledged, unless it is
shelved or suppressed."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class AlertPage(NamedTuple):
    """Some alerts of `total`; next: the place after them, None if they are the last."""

    alerts: list[Alert]
    next: str | None
    total: int


async def select_alerts(
    db: Db,
    scope: Scope,
    which: Which,
    *,
    device_id: DeviceId | None = None,
    alert_ids: Sequence[AlertId] | None = None,
    limit: int = 1000,
) -> list[Alert]:
    """Alerts in scope, ordered as by `select_alert_page`."""
    ids = None if alert_ids is None else list(alert_ids)
    asked = AlertQuery(state=which, device_id=device_id, alert_ids=ids)
    return (await select_alert_page(db, scope, asked, limit)).alerts


async def select_alert_page(
    db: Db, scope: Scope, asked: AlertQuery, limit: int, before: str | None = None
) -> AlertPage:
    """At most `limit` alerts in scope after the place `before`.

    closed and all: the newest first. Else those that wait for somebody first, then by priority,
    then the newest first. BadRequest: no such place was ever given out.
    """
    rows = await db.fetch(
        """
        with found as (
            select id, raised_at,
                   case when $2 in ('closed', 'all') then 0
                        else (state <> 'unacknowledged' and state <> 'returned')::int * 10
                             + priority
                   end as rank
              from whole_alerts
             where factory_id = any($1::int[])
               and case $2
                       when 'open' then state <> 'closed' and not hidden
                       when 'shelved' then shelved_until is not null
                       when 'suppressed' then state <> 'closed' and suppressed_at is not null
                       when 'closed' then state = 'closed'
                       else true
                   end
               and ($3::int is null or device_id = $3)
               and ($4::bigint[] is null or id = any($4))
               and ($5::int is null or priority = $5)
               and ($6::text is null or alarm_class = $6)
               and ($7::text is null or
                    strpos(lower(concat_ws(' ', message, device, machine, area)), lower($7)) > 0)
               and ($8::timestamptz is null or raised_at >= $8)
               and ($9::timestamptz is null or raised_at < $9)
        ), page as (
            select * from found
             where $10::int is null or rank > $10
                or (rank = $10 and (raised_at, id) < ($11::timestamptz, $12::bigint))
             order by rank, raised_at desc, id desc limit $13
        )
        select *, (select count(*) from found) as total from page
         order by rank, raised_at desc, id desc
        """,
        scope.factory_ids,
        asked.state,
        asked.device_id,
        asked.alert_ids,
        asked.priority,
        None if asked.alarm_class is None else asked.alarm_class.value,
        asked.text or None,
        asked.from_at,
        asked.to_at,
        *_place(before),
        limit + 1,
    )
    shown = rows[:limit]
    more = _told(shown[-1]) if shown and len(rows) > limit else None
    alerts = await _select_whole(db, [row["id"] for row in shown])
    return AlertPage(alerts, more, rows[0]["total"] if rows else 0)


async def _select_whole(db: Db, alert_ids: list[int]) -> list[Alert]:
    """Those alerts in that order, each with the number of its comments."""
    rows = await db.fetch(
        """
        select v.*, (select count(*) from alert_events e
                      where e.alert_id = v.id and e.what = 'commented') as comments
          from whole_alerts v where v.id = any($1::bigint[])
        """,
        alert_ids,
    )
    found = {row["id"]: _alert(row) for row in rows}
    return [found[alert_id] for alert_id in alert_ids if alert_id in found]


async def select_open_alert_counts(db: Db, scope: Scope) -> dict[int, int]:
    """How many alarms in scope are open, by priority; 0 where there is none."""
    rows = await db.fetch(
        """
        select p.priority, count(a.id) as number
          from generate_series(1, 4) as p (priority)
          left join (
               alerts a left join shelves s on s.rule_id = a.rule_id and s.level = a.level
          ) on a.priority = p.priority and a.factory_id = any($1::int[]) and a.state <> 'closed'
           and a.alarm_class = 'alarm' and a.suppressed_at is null and s.rule_id is null
         group by p.priority order by p.priority
        """,
        scope.factory_ids,
    )
    return {row["priority"]: row["number"] for row in rows}


async def insert_alert(  # noqa: PLR0913 - what a transition is made of
    db: Db,
    rule: Rule,
    level: str,
    raised_at: datetime,
    value: float | None,
    limit: float | None,
    *,
    late: bool = False,
    forecast_at: datetime | None = None,
) -> AlertId | None:
    """Raise the alert of a rule's level; None if it stands already.

    An older alert of this level that is latched still passes its latch on to this one.
    """
    raised: AlertId | None = await db.fetchval(
        """
        with raised as (
            insert into alerts (factory_id, rule_id, rule_version, level, device_id, alarm_class,
                                latching, priority, message, raised_at, raised_value, "limit",
                                late, forecast_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            on conflict (rule_id, level) where cleared_at is null do nothing
            returning id
        ), passed as (
            update alerts set reset_at = $10
             where rule_id = $2 and level = $4 and latching and cleared_at is not null
               and reset_at is null and exists (select from raised)
            returning id
        ), shelf as (
            update shelves set alert_id = raised.id from raised
             where shelves.rule_id = $2 and shelves.level = $4
        ), events as (
            insert into alert_events (alert_id, at, what, value, pending)
            select id, $10::timestamptz, 'raised', $11::float8, true from raised
            union all select id, $10, 'superseded', null, false from passed
        )
        select id, pg_notify($15, id::text), (select count(pg_notify($15, id::text)) from passed)
          from raised
        """,
        rule.factory_id,
        rule.id,
        rule.version,
        level,
        rule.device_id,
        rule.alarm_class.value,
        rule.latching,
        priority_of(rule, level),
        rule.message,
        raised_at,
        value,
        limit,
        late,
        forecast_at,
        CHANNEL,
    )
    return raised


async def update_alert_cleared(
    db: Db,
    rule_id: RuleId,
    level: str,
    cleared_at: datetime,
    value: float | None,
    note: str | None = None,
) -> AlertId | None:
    """Clear the standing alert of a rule's level, adding to its note; None if none stands.

    A latching one has returned to normal then, but stands until a person resets it.
    """
    cleared: AlertId | None = await db.fetchval(
        """
        with cleared as (
            update alerts
               set cleared_at = greatest($3, raised_at), cleared_value = $4, suppressed_at = null,
                   note = nullif(concat_ws(' ', note, $5::text), '')
             where rule_id = $1 and level = $2 and cleared_at is null
            returning id, cleared_at
        ), events as (
            insert into alert_events (alert_id, at, what, note, value, pending)
            select id, cleared_at, 'cleared', $5, $4, true from cleared
        )
        select id, pg_notify($6, id::text) from cleared
        """,
        rule_id,
        level,
        cleared_at,
        value,
        note,
        CHANNEL,
    )
    return cleared


async def update_alerts_suppressed(
    db: Db,
    rule_id: RuleId,
    suppressed: bool,  # noqa: FBT001 - as the engine's steps have it
    at: datetime,
) -> None:
    """Hide the alerts of a rule that are not closed, by its design, or show them again.

    Once shown again, people are told of what still stands.
    """
    await db.execute(
        """
        with changed as (
            update alerts
               set suppressed_at = case when $2 then $3::timestamptz end, waiting_since = null
             where rule_id = $1 and state <> 'closed' and (suppressed_at is null) = $2
            returning id
        ), events as (
            insert into alert_events (alert_id, at, what, pending)
            select id, $3, case when $2 then 'suppressed' else 'unsuppressed' end, not $2
              from changed
        )
        select pg_notify($4, id::text) from changed
        """,
        rule_id,
        suppressed,
        at,
        CHANNEL,
    )


def _alert(row: Any) -> Alert:
    state = AlertState(row["state"])
    fields = {name: row[name] for name in Alert.__struct_fields__ if name != "isa_state"}
    fields |= {
        "kind": RuleKind(row["kind"]),
        "alarm_class": AlarmClass(row["alarm_class"]),
        "state": state,
        "isa_state": isa_state(
            state,
            RuleMode(row["mode"]),
            suppressed=row["suppressed_at"] is not None,
            shelved=row["shelved_until"] is not None,
            latched=row["latched"],
        ),
    }
    return Alert(**fields)


def _told(row: Any) -> str:
    """The place of a row in the order, for people to hand back."""
    return f"{row['rank']}.{(row['raised_at'] - _EPOCH) // _MICROSECOND}.{row['id']}"


def _place(before: str | None) -> tuple[int | None, datetime | None, int | None]:
    if before is None:
        return None, None, None
    given = re.fullmatch(r"(\d\d?)\.(-?\d{1,16})\.(\d{1,18})", before)
    if given is None:
        raise BadRequest("`before` is the `next` of an earlier answer.")
    rank, microseconds, alert_id = map(int, given.groups())
    return rank, _EPOCH + microseconds * _MICROSECOND, alert_id
