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
)
select coalesce((select sum(duplicates) from streams s
                  where s.device_id = (select id from device)
                    and to_timestamp(first_ms / 1000.0) < $4
                    and to_timestamp(last_ms / 1000.0) >= $3), 0)::bigint as duplicates,
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
    """How often rows of a device were received again."""

    duplicates: int
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
         where action in ('rule.create', 'rule.change', 'rule.mode', 'rule.live.override')
           and factory_ids && $1::int[]
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
    """How often rows were received again by starts of the node that ran in begin <= time < end."""
    [row] = await db.fetch(_RECEIPT, scope.factory_ids, device_id, begin, end)
    return Receipt(**row)


async def upsert_receipt(
    db: Db, device_id: DeviceId, period: tuple[datetime, datetime], rows: int, receipt: Receipt
) -> Receipt:
    """Keep how a device's rows of a period over were received, or what is kept if its rows are the
    same.
    """
    duplicates: int = await db.fetchval(
        """
        insert into report_receipts as kept (device_id, begin_at, end_at, rows, duplicates)
        values ($1, $2, $3, $4, $5)
            on conflict (device_id, begin_at, end_at) do update
           set rows = excluded.rows,
               duplicates = case when kept.rows = excluded.rows then kept.duplicates
                                 else excluded.duplicates end
        returning duplicates
        """,
        device_id,
        *period,
        rows,
        receipt.duplicates,
    )
    return receipt._replace(duplicates=duplicates)


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
