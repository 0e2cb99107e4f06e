"""The manifest: which files of the archive are the truth, and what lies where in them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from appliance.model.ids import DeviceId, FactoryId, MetricId
from appliance.model.scope import Scope
from appliance.model.sealed import (
    FileKind,
    FileState,
    Located,
    ManifestFile,
    SealedFile,
    SealedGroup,
)
from appliance.store.literal import array
from appliance.store.pool import Connection, Db

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MANIFEST = """
select f.id, f.factory_id, f.metric_id, m.name as metric, f.kind, f.first_day, f.last_day,
       f.generation, f.path, f.rows, f.bytes as size_bytes, f.sha256, f.scale, f.sealed_at,
       f.state, f.reason, f.changed_at
  from sealed_files f join metrics m on m.id = f.metric_id"""


async def select_sealed(
    db: Db,
    scope: Scope,
    device_ids: Sequence[DeviceId],
    metric: str,
    kind: FileKind,
    from_ms: int,
    to_ms: int,
) -> list[Located]:
    """The row groups with rows at from_ms <= time < to_ms, live and damaged, in order of time.

    A roll-up's rows have the time at which their bucket begins. No two files hold one row.
    """
    rows = await db.fetch(
        """
        select f.path, f.scale, f.state, f.reason,
               g.row_group, g.device_id, g.rows, g.first_ms, g.last_ms
          from sealed_groups g
          join sealed_files f on f.id = g.file_id
          join devices d on d.id = g.device_id
         where g.device_id = any($2::int[]) and d.factory_id = any($1::int[])
           and f.metric_id = (select id from metrics where name = $3)
           and f.kind = $4 and f.state in ('live', 'damaged')
           and f.last_day >= $7 and f.first_day <= $8
           and g.last_ms >= $5 and g.first_ms < $6
         order by g.device_id, f.first_day, g.row_group""",
        scope.factory_ids,
        list(device_ids),
        metric,
        kind.value,
        from_ms,
        to_ms,
        _day(from_ms),
        _day(to_ms),
    )
    return [_located(row) for row in rows]


async def select_unrolled(
    db: Db, scope: Scope, device_id: DeviceId, metric: str, from_ms: int, to_ms: int
) -> list[Located]:
    """The row groups of raw readings, as select_sealed, of which the minutes are not sealed."""
    rows = await db.fetch(
        """
        select f.path, f.scale, f.state, f.reason,
               g.row_group, g.device_id, g.rows, g.first_ms, g.last_ms
          from unrolled_groups g
          join sealed_files f on f.id = g.file_id
          join devices d on d.id = g.device_id
         where g.device_id = $2 and d.factory_id = any($1::int[])
           and f.metric_id = (select id from metrics where name = $3)
           and f.last_day >= $6 and f.first_day <= $7
           and g.last_ms >= $4 and g.first_ms < $5
         order by f.first_day, g.row_group""",
        scope.factory_ids,
        device_id,
        metric,
        from_ms,
        to_ms,
        _day(from_ms),
        _day(to_ms),
    )
    return [_located(row) for row in rows]


async def select_sealed_by_metric(
    db: Db, device_id: DeviceId, metric_ids: Sequence[int], from_ms: int, to_ms: int
) -> list[tuple[int, Located]]:
    """The row groups of raw readings of a device with from_ms <= time <= to_ms, by metric; live and
    damaged."""
    rows = await db.fetch(
        """
        select f.metric_id, f.path, f.scale, f.state, f.reason,
               g.row_group, g.device_id, g.rows, g.first_ms, g.last_ms
          from sealed_groups g join sealed_files f on f.id = g.file_id
         where g.device_id = $1 and f.metric_id = any($2::int[]) and f.kind = 'readings'
           and f.state in ('live', 'damaged') and f.last_day >= $5 and f.first_day <= $6
           and g.last_ms >= $3 and g.first_ms <= $4""",
        device_id,
        list(metric_ids),
        from_ms,
        to_ms,
        _day(from_ms),
        _day(to_ms),
    )
    return [(row["metric_id"], _located(row)) for row in rows]


async def insert_sealed_file(db: Connection, file: SealedFile) -> int:
    """Make a file, with its row groups, the truth; its number. In the caller's transaction."""
    file_id: int = await db.fetchval(
        """
        insert into sealed_files (factory_id, metric_id, kind, first_day, last_day, generation,
                                  path, rows, bytes, sha256, scale, sealed_at, changed_at,
                                  checked_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $12) returning id""",
        file.factory_id,
        file.metric_id,
        file.kind.value,
        file.first_day,
        file.last_day,
        file.generation,
        file.path,
        file.rows,
        file.size_bytes,
        file.sha256,
        file.scale,
        file.sealed_at,
    )
    await db.execute(
        """
        insert into sealed_groups (file_id, row_group, device_id, rows, first_ms, last_ms)
        select $1, g.*
          from unnest($2::text::int[], $3::text::int[], $4::text::int[], $5::text::bigint[],
                      $6::text::bigint[]) as g""",
        file_id,
        array([group.row_group for group in file.groups]),
        array([group.device_id for group in file.groups]),
        array([group.rows for group in file.groups]),
        array([group.first_ms for group in file.groups]),
        array([group.last_ms for group in file.groups]),
    )
    return file_id


async def select_next_generation(db: Db) -> int:
    """A number for the files of a sealing that no other has."""
    generation: int = await db.fetchval("select nextval('sealed_generations')")
    return generation


async def select_last_generation(db: Db) -> int:
    """The highest number that a sealing ever had."""
    generation: int = await db.fetchval("select last_value from sealed_generations")
    return generation


async def select_manifest(db: Db) -> list[ManifestFile]:
    """Every file that is or was lately the truth; those that a rule released are not among them."""
    rows = await db.fetch(f"{_MANIFEST} where f.state <> 'released' order by f.path")
    return [_manifest_file(row) for row in rows]


async def select_manifest_span(db: Db, first: date, last: date) -> list[ManifestFile]:
    """The files, whatever their state, that hold rows of these UTC days."""
    rows = await db.fetch(
        f"{_MANIFEST} where f.first_day <= $2 and f.last_day >= $1 order by f.path",
        first,
        last,
    )
    return [_manifest_file(row) for row in rows]


async def select_groups(db: Db, file_id: int) -> list[SealedGroup]:
    """The row groups of a file, in their order."""
    rows = await db.fetch(
        """
        select row_group, device_id, rows, first_ms, last_ms
          from sealed_groups where file_id = $1 order by row_group""",
        file_id,
    )
    return [SealedGroup(**row) for row in rows]


async def select_unfinished_months(db: Db, before: date) -> list[date]:
    """The first days of months, over before a day, of which some metric has more than one file."""
    rows = await db.fetch(
        """
        select distinct date_trunc('month', first_day)::date as month
          from sealed_files
         where state = 'live' and first_day < date_trunc('month', $1::date)
         group by factory_id, metric_id, kind, date_trunc('month', first_day)
        having count(*) > 1 order by 1""",
        before,
    )
    return [row["month"] for row in rows]


async def select_joinable_pairs(
    db: Db, first: date, last: date
) -> list[tuple[FactoryId, MetricId]]:
    """The metrics, by factory, whose raw readings of these days lie in several files, all live."""
    rows = await db.fetch(
        """
        select factory_id, metric_id from sealed_files
         where kind = 'readings' and state <> 'replaced' and first_day <= $2 and last_day >= $1
         group by factory_id, metric_id
        having count(*) > 1 and bool_and(state = 'live') order by 1, 2""",
        first,
        last,
    )
    return [(row["factory_id"], row["metric_id"]) for row in rows]


async def select_ruled_pairs(db: Db) -> set[tuple[FactoryId, MetricId]]:
    """The metrics, by factory, whose raw readings a rule of retention releases some day."""
    rows = await db.fetch("select * from retention_rules where kind = 'readings'")
    return {(row["factory_id"], row["metric_id"]) for row in rows}


async def select_due_unrolled(db: Db, today: date) -> list[tuple[date, date, FactoryId, MetricId]]:
    """First and last day, factory and metric of live raw readings that a rule is about to release
    while the minutes of some device are not sealed and, by its rule, are to be kept."""
    rows = await db.fetch(
        """
        select f.first_day, f.last_day, f.factory_id, f.metric_id
          from sealed_files f
          join retention_rules r on (r.factory_id, r.metric_id, r.kind)
                                  = (f.factory_id, f.metric_id, f.kind)
         where f.kind = 'readings' and f.state = 'live' and f.last_day < $1::date - r.keep_days
           and not exists (
               select from retention_rules m
                where (m.factory_id, m.metric_id, m.kind) = (f.factory_id, f.metric_id, 'minute')
                  and f.last_day < $1::date - m.keep_days)
           and exists (select from unrolled_groups g where g.file_id = f.id)
         order by 1, 3, 4""",
        today,
    )
    return [tuple(row) for row in rows]


async def update_sealed_files(
    db: Connection, file_ids: Sequence[int], state: FileState, reason: str, now: datetime
) -> None:
    """Let files be no longer, or again, what they were."""
    await db.execute(
        """
        update sealed_files set state = $2, reason = $3, changed_at = $4
         where id = any($1::bigint[])""",
        list(file_ids),
        state.value,
        reason,
        now,
    )


async def delete_replaced_files(db: Db, before: datetime) -> None:
    """Forget files that were replaced before a moment; no question that began then still runs."""
    await db.execute(
        "delete from sealed_files where state = 'replaced' and changed_at < $1", before
    )


async def select_unchecked_file(db: Db, before: datetime) -> ManifestFile | None:
    """The live file that was compared with its hash longest ago, if before a moment."""
    row = await db.fetchrow(
        f"{_MANIFEST} where f.state = 'live' and f.checked_at < $1 order by f.checked_at limit 1",
        before,
    )
    return None if row is None else _manifest_file(row)


async def select_damaged_files(db: Db) -> list[ManifestFile]:
    """The files that are answered as gaps."""
    rows = await db.fetch(f"{_MANIFEST} where f.state = 'damaged' order by f.path")
    return [_manifest_file(row) for row in rows]


async def select_unmirrored_file(db: Db) -> ManifestFile | None:
    """The oldest live file that has no copy in the bucket."""
    row = await db.fetchrow(
        f"{_MANIFEST} where f.state = 'live' and f.mirrored_at is null"
        " order by f.first_day, f.path limit 1"
    )
    return None if row is None else _manifest_file(row)


async def update_file_mirrored(db: Db, file_id: int, now: datetime) -> None:
    """Note that a file's copy in the bucket was read back and is the same."""
    await db.execute("update sealed_files set mirrored_at = $2 where id = $1", file_id, now)


async def update_file_checked(db: Db, file_id: int, now: datetime) -> None:
    """Note that a file is what it was when it was sealed."""
    await db.execute("update sealed_files set checked_at = $2 where id = $1", file_id, now)


def _day(time_ms: int) -> date:
    """The UTC day of a time; a file holds rows of its days alone."""
    return (_EPOCH + timedelta(milliseconds=time_ms)).date()


def _manifest_file(row: Any) -> ManifestFile:
    return ManifestFile(**{**row, "kind": FileKind(row["kind"]), "state": FileState(row["state"])})


def _located(row: Any) -> Located:
    return Located(
        path=row["path"],
        scale=row["scale"],
        state=FileState(row["state"]),
        reason=row["reason"],
        group=SealedGroup(*(row[name] for name in SealedGroup.__struct_fields__)),
    )
