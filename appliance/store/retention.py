"""Rules of retention, and the record of what they released."""

from datetime import UTC, date, datetime

from appliance.model.retention import Release, RetentionChange, RetentionRule
from appliance.model.scope import Scope
from appliance.model.sealed import FileKind, ManifestFile
from appliance.store.pool import Connection, Db

RELEASES = 200


async def select_retention_rules(db: Db, scope: Scope) -> list[RetentionRule]:
    """The rules of the factories in scope."""
    rows = await db.fetch(
        """
        select r.factory_id, m.name as metric, r.kind, r.keep_days, r.changed_at
          from retention_rules r join metrics m on m.id = r.metric_id
         where r.factory_id = any($1::int[]) order by r.factory_id, m.name, r.kind""",
        scope.factory_ids,
    )
    return [RetentionRule(**{**row, "kind": FileKind(row["kind"])}) for row in rows]


async def upsert_retention_rule(
    db: Db, scope: Scope, change: RetentionChange, now: datetime
) -> bool:
    """Set a rule of a factory in scope; False: there is no such factory or metric."""
    done = await db.fetchval(
        """
        insert into retention_rules (factory_id, metric_id, kind, keep_days, changed_at)
        select f.id, m.id, $4, $5, $6 from factories f, metrics m
         where f.id = $2 and f.id = any($1::int[]) and m.name = $3
        on conflict (factory_id, metric_id, kind)
        do update set keep_days = excluded.keep_days, changed_at = excluded.changed_at
        returning true""",
        scope.factory_ids,
        change.factory_id,
        change.metric,
        change.kind.value,
        change.keep_days,
        now,
    )
    return bool(done)


async def delete_retention_rule(db: Db, scope: Scope, change: RetentionChange) -> None:
    """Let a factory in scope keep a metric for ever."""
    await db.execute(
        """
        delete from retention_rules
         where factory_id = $2 and factory_id = any($1::int[]) and kind = $4
           and metric_id = (select id from metrics where name = $3)""",
        scope.factory_ids,
        change.factory_id,
        change.metric,
        change.kind.value,
    )


async def select_releases(db: Db, scope: Scope) -> list[Release]:
    """What rules released lately in the factories in scope, newest first."""
    rows = await db.fetch(
        """
        select r.at, r.factory_id, m.name as metric, r.kind, r.first_day, r.last_day, r.rows,
               r.bytes, r.keep_days, r.path, encode(r.sha256, 'hex') as sha256
          from releases r join metrics m on m.id = r.metric_id
         where r.factory_id = any($1::int[]) order by r.id desc limit $2""",
        scope.factory_ids,
        RELEASES,
    )
    return [Release(**{**row, "kind": FileKind(row["kind"])}) for row in rows]


async def update_files_released(db: Connection, now: datetime) -> int:
    """Release the files all of whose days are older than their rule keeps, and record it; how many.

    A month that is one file is released as one, after its last day.
    """
    async with db.transaction():
        released = await db.fetch(
            """
            update sealed_files f set state = 'released', changed_at = $2
              from retention_rules r
             where f.state in ('live', 'damaged') and r.factory_id = f.factory_id
               and r.metric_id = f.metric_id and r.kind = f.kind
               and f.last_day < $1::date - r.keep_days
            returning f.id, f.factory_id, f.metric_id, f.kind, f.first_day, f.last_day, f.rows,
                      f.bytes, r.keep_days, f.path, f.sha256""",
            now.astimezone(UTC).date(),
            now,
        )
        await db.executemany(
            """
            insert into releases (at, factory_id, metric_id, kind, first_day, last_day, rows, bytes,
                                  keep_days, path, sha256)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
            [(now, *list(row.values())[1:]) for row in released],
        )
        await db.execute(
            "delete from sealed_groups where file_id = any($1::bigint[])",
            [row["id"] for row in released],
        )
    return len(released)


async def insert_late_release(
    db: Connection, file: ManifestFile, days: tuple[date, date], rows: int, now: datetime
) -> None:
    """Record that rows of days that were released before are not kept either."""
    await db.execute(
        """
        insert into releases (at, factory_id, metric_id, kind, first_day, last_day, rows, bytes,
                              keep_days)
        select $1, $2, $3, 'readings', $4, $5, $6, 0, coalesce(
                   (select keep_days from releases where path = $7 order by id desc limit 1), 0)""",
        now,
        file.factory_id,
        file.metric_id,
        *days,
        rows,
        file.path,
    )
