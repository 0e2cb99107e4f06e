"""What the figures of the alarm system are made of, as columns."""

from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.model.ids import AlertId, DeviceId, RuleId
from appliance.model.scope import Scope
from appliance.store.pool import Db


class Raised(NamedTuple):
    """Alarms by the time they were raised, ascending; times in UTC ms.

    ended_ms: when it returned to normal, or the period's end. acknowledged_seconds: NaN if nobody
    has. Names by the alert's source, see `select_sources`.
    """

    alert_ids: NDArray[np.int64]
    rule_ids: NDArray[np.int64]
    levels: list[str]
    priorities: NDArray[np.int64]
    raised_ms: NDArray[np.int64]
    ended_ms: NDArray[np.int64]
    acknowledged_seconds: NDArray[np.float64]


class Hidden(NamedTuple):
    """What tells nobody now: levels on a shelf, suppressed alerts, rules out of service."""

    shelved: int
    suppressed: int
    out_of_service: int


async def select_raised(
    db: Db, scope: Scope, device_id: DeviceId | None, begin: datetime, end: datetime
) -> Raised:
    """The alarms in scope that stood at any time in begin <= t < end; advisories left out."""
    rows = await db.fetch(
        """
        select a.id, a.rule_id, a.level, a.priority,
               (extract(epoch from a.raised_at) * 1000)::bigint as raised_ms,
               (extract(epoch from least(a.cleared_at, $4)) * 1000)::bigint as ended_ms,
               extract(epoch from e.at - a.raised_at)::float8 as acknowledged
          from alerts a
          left join lateral (
               select min(at) as at from alert_events
                where alert_id = a.id and what = 'acknowledged' and at < $4
          ) as e on true
         where a.factory_id = any($1::int[]) and ($2::int is null or a.device_id = $2)
           and a.alarm_class = 'alarm' and a.raised_at < $4
           and (a.cleared_at is null or a.cleared_at >= $3 or a.raised_at >= $3)
         order by a.raised_at, a.id
        """,
        scope.factory_ids,
        device_id,
        begin,
        end,
    )

    def column(name: str) -> NDArray[np.int64]:
        return np.array([row[name] for row in rows], np.int64)

    return Raised(
        column("id"),
        column("rule_id"),
        [row["level"] for row in rows],
        column("priority"),
        column("raised_ms"),
        column("ended_ms"),
        np.array([row["acknowledged"] for row in rows], np.float64),
    )


async def select_sources(
    db: Db, scope: Scope, alert_ids: list[AlertId]
) -> dict[AlertId, tuple[RuleId, str, str, str]]:
    """Rule, level, device and message of alerts in scope."""
    rows = await db.fetch(
        """
        select a.id, a.rule_id, a.level, d.name as device, a.message
          from alerts a join devices d on d.id = a.device_id
         where a.factory_id = any($1::int[]) and a.id = any($2::bigint[])
        """,
        scope.factory_ids,
        alert_ids,
    )
    return {
        row["id"]: (row["rule_id"], row["level"], row["device"], row["message"]) for row in rows
    }


async def select_hidden(db: Db, scope: Scope, device_id: DeviceId | None) -> Hidden:
    """What tells nobody now, in scope or of one device in it."""
    [row] = await db.fetch(
        """
        select (select count(*) from shelves s join rules r on r.id = s.rule_id
                 where r.factory_id = any($1::int[]) and ($2::int is null or r.device_id = $2))
                   as shelved,
               (select count(*) from alerts
                 where factory_id = any($1::int[]) and ($2::int is null or device_id = $2)
                   and state <> 'closed' and suppressed_at is not null) as suppressed,
               (select count(*) from rules
                 where factory_id = any($1::int[]) and ($2::int is null or device_id = $2)
                   and mode = 'out_of_service') as out_of_service
        """,
        scope.factory_ids,
        device_id,
    )
    return Hidden(row["shelved"], row["suppressed"], row["out_of_service"])
