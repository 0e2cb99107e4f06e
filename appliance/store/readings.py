"""Readings as arrays, out of the batches they came in.

PostgreSQL joins the arrays of many batches into one answer, so that a day of a node costs one row
here and no Python per batch.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.model.ids import DeviceId, MetricId
from appliance.model.metric import Metric
from appliance.model.scope import Scope
from appliance.store.pool import Db

PAGE_BATCHES = 2000
"""Batches in one answer: a few megabytes and some milliseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000
# On the wire an array has a head, and each of its elements comes after its length.
_INT4 = np.dtype([("length", ">i4"), ("value", ">i4")])
_INT8 = np.dtype([("length", ">i4"), ("value", ">i8")])
_FLOAT8 = np.dtype([("length", ">i4"), ("value", ">f8")])
_VECTOR_HEAD, _MATRIX_HEAD = 20, 28


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


async def select_readings(
    db: Db, scope: Scope, device_id: DeviceId, metric: str, from_ms: int, to_ms: int
) -> AsyncIterator[Rows]:
    """The readings with from_ms <= time < to_ms, page by page; across batches in no strict order.

    A batch lies within one UTC day, so none that starts before the day of from_ms reaches it.
    """
    after = _time(from_ms - from_ms % _DAY_MS) - timedelta(microseconds=1)
    while True:
        [page] = await db.fetch(
            """
            select array_send(array_agg((extract(epoch from start_at) * 1000)::int8)) as starts,
                   array_send(array_agg(cardinality(offsets_ms))) as lengths,
                   string_agg(substr(array_send(offsets_ms), 21), '') as offsets,
                   string_agg(substr(array_send(readings), 29), '') as readings,
                   max(start_at) as reached,
                   count(*) as batches
              from (
                select start_at, offsets_ms, readings[k:k][:] as readings
                  from (
                    select start_at, offsets_ms, readings,
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
            """,
            device_id,
            scope.factory_ids,
            metric,
            after,
            _time(from_ms),
            _time(to_ms),
            PAGE_BATCHES,
        )
        if page["batches"]:
            rows = _rows(page)
            inside = (rows.times_ms >= from_ms) & (rows.times_ms < to_ms)
            yield Rows(rows.times_ms[inside], rows.values[inside])
        if page["batches"] < PAGE_BATCHES:
            return
        after = page["reached"]


async def select_committed(db: Db, first_xid: int, limit: int) -> list[Committed]:
    """The batches of transactions from first_xid on that are sure to be all there is.

    They come in the order of their transactions, each device's in order of time; at least `limit`
    if there are as many, and always whole transactions. Those that only began before the oldest
    one still open are sure; later ones may yet be joined by earlier ones. Batches of devices
    without a high or low rule come without their readings.
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
            select distinct device_id from rules where enabled and metric_id is not null
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


def _rows(page: Any) -> Rows:
    starts = np.repeat(
        _values(_INT8, page["starts"], _VECTOR_HEAD), _values(_INT4, page["lengths"], _VECTOR_HEAD)
    )
    times_ms = starts.astype(np.int64) + _values(_INT4, page["offsets"])
    return Rows(times_ms, _values(_FLOAT8, page["readings"]).astype(np.float64))


def _values(element: np.dtype[np.void], data: bytes, head: int = 0) -> NDArray[Any]:
    return np.frombuffer(data, element, offset=head)["value"]


def _time(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
