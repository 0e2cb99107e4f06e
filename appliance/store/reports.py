"""What reports say of alerts, rules, deeds and receipt, and the editions there were of them."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from appliance.model.alert import Alert
from appliance.model.audit import AuditRow
from appliance.model.ids import AlertId, DeviceId, FactoryId, RuleId
from appliance.model.report import ReportKind
from appliance.model.scope import Scope
from appliance.store.alerts import select_alerts
from appliance.store.pool import Db

LATE = timedelta(minutes=5)
"""A reading that old when it was received raises no alert; reports call it late."""
_READ_ALL_SECONDS = 60.0
"""Records of years are read from one end to the other."""

_RECEIPT = """
with device as (
    select id from devices where id = $2 and factory_id = any($1::int[])
),
counted as (
    select case when start_at >= $3 and last_at < $4 then cardinality(offsets_ms)
                else inside.number end as number,
           case when start_at >= received_at - $5::interval then 0
                when start_at >= $3 and last_at < $4
                     and last_at < received_at - $5::interval then cardinality(offsets_ms)
                else inside.late end as late
      from (
        select start_at, received_at, offsets_ms,
               start_at + offsets_ms[cardinality(offsets_ms)] * interval '1 ms' as last_at
          from batches
         where device_id = (select id from device)
           and start_at >= $3::timestamptz - interval '1 day' and start_at < $4
      ) as b
     cross join lateral (
        select count(*) filter (where at >= $3 and at < $4) as number,
               count(*) filter (
                   where at >= $3 and at < $4 and at < received_at - $5::interval
               ) as late
          from unnest(offsets_ms) as o (ms), lateral (
                   values (start_at + o.ms * interval '1 ms')
               ) as t (at)
         where start_at < $3 or last_at >= $4
            or (start_at < received_at - $5::interval
                and last_at >= received_at - $5::interval)
     ) as inside
     where last_at >= $3
)
select coalesce((select sum(number) from counted), 0)::bigint as rows,
       coalesce((select sum(late) from counted), 0)::bigint as late,
       coalesce((select sum(duplicates) from streams s
                  where s.device_id = (select id from device)
                    and to_timestamp(first_ms / 1000.0) < $4
                    and to_timestamp(last_ms / 1000.0) >= $3), 0)::bigint as duplicates,
       (select count(*) from quarantine q
         where q.device_id = (select id from device)
           and received_at >= $3 and received_at < $4) as quarantined,
       (select min(first_ms) from streams s
         where s.device_id = (select id from device)) as first_ms
"""


class RuleDeed(NamedTuple):
    """A rule was made (old is null) or changed."""

    rule_id: RuleId
    at: datetime
    actor: str
    old: dict[str, Any] | None
    new: dict[str, Any]


class Receipt(NamedTuple):
    """How rows of a device were received. late: None where that is not known of all rows."""

    rows: int
    late: int | None
    duplicates: int
    quarantined: int
    first_ms: int | None
    """Its earliest reading ever."""


class Edition(NamedTuple):
    """A content that a report has had: what it hashes to, and what the data did."""

    factory_id: FactoryId
    kind: ReportKind
    period: str
    content_sha256: bytes
    data_sha256: bytes


async def select_period_alerts(db: Db, scope: Scope, begin: datetime, end: datetime) -> list[Alert]:
    """The alerts in scope that stood at any time in begin <= t < end, the oldest first."""
    rows = await db.fetch(
        """
        select id from alerts
         where factory_id = any($1::int[]) and raised_at < $3
           and (cleared_at is null or cleared_at >= $2)
        """,
        scope.factory_ids,
        begin,
        end,
    )
    ids = [AlertId(row["id"]) for row in rows]
    found = await select_alerts(db, scope, "all", alert_ids=ids, limit=len(ids))
    return sorted(found, key=lambda alert: (alert.raised_at, alert.id))


async def select_rule_changes(db: Db, scope: Scope) -> list[RuleDeed]:
    """How the rules in scope came to be as they are, the oldest first."""
    rows = await db.fetch(
        """
        select split_part(object, ' ', 2)::int as rule_id, at, actor, old, new
          from audit
         where action in ('rule.create', 'rule.change') and factory_ids && $1::int[]
         order by id
        """,
        scope.factory_ids,
        timeout=_READ_ALL_SECONDS,
    )
    return [RuleDeed(**row) for row in rows]


async def select_rule_times(db: Db, scope: Scope) -> dict[RuleId, datetime]:
    """When each rule in scope was changed last so that it evaluates differently."""
    rows = await db.fetch(
        "select id, changed_at from rules where factory_id = any($1::int[])", scope.factory_ids
    )
    return {row["id"]: row["changed_at"] for row in rows}


async def select_period_audit_rows(
    db: Db, scope: Scope, begin: datetime, end: datetime
) -> list[AuditRow]:
    """The deeds of begin <= t < end in scope or of the appliance as a whole, the oldest first."""
    rows = await db.fetch(
        """
        select id, at, actor, address, action, object, factory_ids, old, new, reason,
               encode(hash, 'hex') as hash
          from audit
         where at >= $2 and at < $3 and (factory_ids = '{}' or factory_ids && $1::int[])
         order by id
        """,
        scope.factory_ids,
        begin,
        end,
        timeout=_READ_ALL_SECONDS,
    )
    return [AuditRow(**row) for row in rows]


async def select_receipt(
    db: Db, scope: Scope, device_id: DeviceId, begin: datetime, end: datetime
) -> Receipt:
    """How the rows of a device with begin <= time < end were received that are not sealed yet.

    A batch is looked into row by row only where it crosses a bound or was late in part.
    """
    [row] = await db.fetch(
        _RECEIPT,
        scope.factory_ids,
        device_id,
        begin,
        end,
        LATE,
        timeout=_READ_ALL_SECONDS,
    )
    return Receipt(**row)


async def upsert_receipt(
    db: Db, device_id: DeviceId, begin: datetime, end: datetime, receipt: Receipt
) -> Receipt:
    """Keep how a device's rows of a period over were received, or what is kept if its rows are the
    same; late is None where it is not known any more.
    """
    [row] = await db.fetch(
        """
        insert into report_receipts as kept (device_id, begin_at, end_at, rows, late, duplicates)
        values ($1, $2, $3, $4, $5, $6)
            on conflict (device_id, begin_at, end_at) do update
           set rows = excluded.rows,
               late = case when kept.rows = excluded.rows then kept.late else excluded.late end,
               duplicates = case when kept.rows = excluded.rows then kept.duplicates
                                 else excluded.duplicates end
        returning late, duplicates
        """,
        device_id,
        begin,
        end,
        receipt.rows,
        receipt.late,
        receipt.duplicates,
    )
    return receipt._replace(**row)


async def upsert_edition(db: Db, edition: Edition, now: datetime) -> datetime:
    """When this content was first made: now, unless it was before."""
    made: datetime = await db.fetchval(
        """
        insert into report_editions (factory_id, kind, period, content_sha256, data_sha256,
                                     generated_at)
        values ($1, $2, $3, $4, $5, $6)
            on conflict (factory_id, kind, period, content_sha256)
            do update set generated_at = report_editions.generated_at
        returning generated_at
        """,
        *edition,
        now,
    )
    return made
