"""Readings as arrays, out of the batches they came in.

PostgreSQL joins the arrays of many batches into one answer, so that a day of a node costs one row
here and no Python per batch.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.errors import NotFound
from appliance.model.ids import DeviceId, MetricId
from appliance.model.metric import Metric
from appliance.model.scope import Scope
from appliance.model.sealed import Readings
from appliance.model.series import Signal
from appliance.store.pool import TROUBLE, Connection, Db, Pool

PAGE_BATCHES = 2000
"""Batches in one answer: a few megabytes and some milliseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000
# On the wire an array has a head, and each of its elements comes after its length.
_INT4 = np.dtype([("length", ">i4"), ("value", ">i4")])
_INT8 = np.dtype([("length", ">i4"), ("value", ">i8")])
_FLOAT8 = np.dtype([("length", ">i4"), ("value", ">f8")])
_VECTOR_HEAD, _MATRIX_HEAD = 20, 28

_PAGE = """
select array_send(array_agg((extract(epoch from start_at) * 1000)::int8)) as starts,
       array_send(array_agg(cardinality(offsets_ms))) as lengths,
       array_send(array_agg(epoch)) as epochs,
       array_send(array_agg(first_row)) as first_rows,
       array_send(array_agg(quality::int4)) as quality,
       string_agg(substr(array_send(offsets_ms), 21), '') as offsets,
       string_agg(substr(array_send(readings), 29), '') as readings,
       max(start_at) as reached,
       count(*) as batches
  from (
    select start_at, epoch, first_row, quality, offsets_ms,
           readings[k:k][:] as readings
      from (
        select start_at, epoch, first_row, quality, offsets_ms, readings,
               array_position(
                   metric_ids, (select id from metrics where name = $3)
               ) as k
          from batches
         where device_id = (
                   select id from devices where id = $1 and factory_id = any($2::int[])
               )
           and start_at > $4 and start_at < $6
           and start_at + offsets_ms[cardinality(offsets_ms)] * interval '1 ms' >= $5
      ) as b
     where k is not null
     order by start_at
     fetch first ($7) rows with ties
  ) as page
"""


class Rows(NamedTuple):
    """int64 UTC milliseconds and float64 values, one length, NaN where the sensor gave nothing."""

    times_ms: NDArray[np.int64]
    values: NDArray[np.float64]


class Committed(NamedTuple):
    """A batch as followers see it; `rows.values` is float64[metrics, rows]."""

    xid: int
    device_id: DeviceId
    received_ms: int
    metric_ids: list[MetricId]
    rows: Rows


async def select_measured(db: Db, scope: Scope, device_id: DeviceId, metric: str) -> Metric | None:
    """The metric by name; None if there is no such metric or no such device in scope."""
    row = await db.fetchrow(
        """
        select m.id, m.name, m.unit, m.unit_label, m.label, m.digits
          from metrics m
         where m.name = $3
           and exists (select from devices where id = $1 and factory_id = any($2::int[]))
        """,
        device_id,
        scope.factory_ids,
        metric,
    )
    return None if row is None else Metric(**row)


async def select_signal(db: Db, scope: Scope, device_id: DeviceId, metric: str) -> Signal:
    """What a metric of a device is called; NotFound if either is not there or not in scope."""
    row = await db.fetchrow(
        """
        select d.id as device_id, d.name as device, m.name as metric, m.unit, m.unit_label,
               m.digits
          from devices d, metrics m
         where d.id = $1 and d.factory_id = any($2::int[]) and m.name = $3
        """,
        device_id,
        scope.factory_ids,
        metric,
    )
    if row is None:
        raise NotFound(f"There is no device {device_id} with a metric {metric} here.")
    return Signal(**row)


@asynccontextmanager
async def at_one_moment(pool: Pool) -> AsyncIterator[Connection]:
    """A connection on which the manifest and the batches have each reading once, for reading.

    No sealed rows leave the batches before the block is left: that is locked first, with the same
    message that begins the transaction, as whoever asks waits for each. Writers do not wait.
    """
    async with pool.acquire() as db:
        try:
            await db.execute(
                """
                begin isolation level repeatable read, read only;
                lock table batches in access share mode"""
            )
            yield db
        except BaseException:
            with suppress(*TROUBLE):
                await db.execute("rollback")
            raise
        await db.execute("commit")


async def select_readings(
    db: Db, scope: Scope, device_id: DeviceId, metric: str, from_ms: int, to_ms: int
) -> AsyncIterator[Readings]:
    """The hot readings with from_ms <= time < to_ms, page by page, all in their order.

    A batch lies within one UTC day, so none that starts before the day of from_ms reaches it; and
    as batches come by their start, a page is complete up to the last start in it.
    """
    after = _time(from_ms - from_ms % _DAY_MS) - timedelta(microseconds=1)
    waiting: list[Readings] = []
    while True:
        [page] = await db.fetch(
            _PAGE,
            device_id,
            scope.factory_ids,
            metric,
            after,
            _time(from_ms),
            _time(to_ms),
            PAGE_BATCHES,
        )
        if page["batches"]:
            waiting.append(_readings(page))
        over = page["batches"] < PAGE_BATCHES
        rows = in_order(waiting)
        until = to_ms if over else min(to_ms, _ms(page["reached"]) + 1)
        begin, end = np.searchsorted(rows.times_ms, (from_ms, until)).tolist()
        if begin < end:
            yield part(rows, begin, end)
        if over:
            return
        waiting = [part(rows, end, rows.times_ms.size)]
        after = page["reached"]


def part(readings: Readings, begin: int, end: int) -> Readings:
    """A stretch of readings, from index begin to before index end; not a copy."""
    return Readings._make(column[begin:end] for column in readings)


def in_order(pages: Sequence[Readings]) -> Readings:
    """All of them as one, by time, epoch and row number."""
    if not pages:
        none = np.empty(0, np.int64)
        return Readings(none, np.empty(0), none, none, np.empty(0, np.int16))
    whole = (
        pages[0]
        if len(pages) == 1
        else Readings._make(map(np.concatenate, zip(*pages, strict=True)))
    )
    if (np.diff(whole.times_ms) > 0).all():
        return whole
    order = np.lexsort((whole.row_numbers, whole.epochs, whole.times_ms))
    return Readings._make(column[order] for column in whole)


async def select_hot_begins(db: Db, scope: Scope, from_ms: int, to_ms: int) -> dict[DeviceId, int]:
    """When the first hot batch that may reach into the range starts, by device."""
    rows = await db.fetch(
        """
        select d.id, (extract(epoch from b.start_at) * 1000)::int8 as start_ms
          from devices d
         cross join lateral (
               select min(start_at) as start_at from batches
                where device_id = d.id and start_at >= $2 and start_at < $3
         ) as b
         where d.factory_id = any($1::int[]) and b.start_at is not null
        """,
        scope.factory_ids,
        _time(from_ms - from_ms % _DAY_MS),
        _time(to_ms),
    )
    return {row["id"]: row["start_ms"] for row in rows}


async def select_committed(db: Db, first_xid: int, limit: int) -> list[Committed]:
    """The batches of transactions from first_xid on that are sure to be all there is.

    They come in the order of their transactions, each device's in order of time; at least `limit`
    if there are as many, and always whole transactions. Those that only began before the oldest
    one still open are sure; later ones may yet be joined by earlier ones. Batches of devices
    without a rule about readings come without their readings.
    """
    rows = await db.fetch(
        """
        select b.xid, b.device_id, b.metric_ids,
               (extract(epoch from b.start_at) * 1000)::int8 as start_ms,
               (extract(epoch from b.received_at) * 1000)::int8 as received_ms,
               case when w.device_id is not null then array_send(b.offsets_ms) end as offsets,
               case when w.device_id is not null then array_send(b.readings) end as readings
          from (
            select * from batches
             where xid >= $1 and xid < pg_snapshot_xmin(pg_current_snapshot())
             order by xid
             fetch first ($2) rows with ties
          ) as b
          left join (
            select distinct device_id from rules
             where mode in ('live', 'shadow') and metric_id is not null
          ) as w on w.device_id = b.device_id
         order by b.xid, b.device_id, b.start_at
        """,
        first_xid,
        limit,
    )
    return [_committed(row) for row in rows]


def _committed(row: Any) -> Committed:
    if row["offsets"] is None:
        rows = Rows(np.empty(0, np.int64), np.empty((len(row["metric_ids"]), 0)))
    else:
        offsets = _values(_INT4, row["offsets"], _VECTOR_HEAD).astype(np.int64)
        values = _values(_FLOAT8, row["readings"], _MATRIX_HEAD).astype(np.float64)
        rows = Rows(row["start_ms"] + offsets, values.reshape(-1, offsets.size))
    return Committed(row["xid"], row["device_id"], row["received_ms"], row["metric_ids"], rows)


def _readings(page: Any) -> Readings:
    lengths = _values(_INT4, page["lengths"], _VECTOR_HEAD)

    def spread(element: np.dtype[np.void], name: str) -> NDArray[Any]:
        return np.repeat(_values(element, page[name], _VECTOR_HEAD).astype(np.int64), lengths)

    first = np.repeat(np.cumsum(lengths) - lengths, lengths)
    row_numbers = spread(_INT8, "first_rows") + np.arange(first.size) - first
    return Readings(
        spread(_INT8, "starts") + _values(_INT4, page["offsets"]),
        _values(_FLOAT8, page["readings"]).astype(np.float64),
        spread(_INT8, "epochs"),
        row_numbers,
        spread(_INT4, "quality").astype(np.int16),
    )


def _values(element: np.dtype[np.void], data: bytes, head: int = 0) -> NDArray[Any]:
    return np.frombuffer(data, element, offset=head)["value"]


def _time(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)


def _ms(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(milliseconds=1)
