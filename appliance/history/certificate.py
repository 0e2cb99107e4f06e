"""The certificate of completeness of a device."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np

from appliance.errors import NotFound
from appliance.history.evidence import Asked, Known, Late, Stream
from appliance.history.identities import Found, identities
from appliance.history.missing import by_part, classify
from appliance.history.plan import HOLD_INTERVALS, Plan, read_plan
from appliance.history.readings import Source
from appliance.history.spans import Span, joined
from appliance.model.batch import POINTS
from appliance.model.completeness import (
    Cause,
    Certificate,
    Counts,
    DayCounts,
    Range,
    What,
)
from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.store import certificate as store
from appliance.store.certificate import SetAsideCounts
from appliance.store.devices import select_device
from appliance.store.runs import select_downtimes


async def certify(
    source: Source,
    scope: Scope,
    device_id: DeviceId,
    period: Span,
    now: datetime,
    late_ms: int,
    days: Sequence[int] = (),
) -> Certificate:
    """What came of a device in from_ms <= t < to_ms, and why not the rest.

    days: when, within the period, one day ends and the next begins; in order.
    """
    device = await select_device(source.db, scope, device_id)
    if device is None:
        raise NotFound(f"There is no device {device_id} here.")
    # The ledger first: a row that comes meanwhile is found and not told to be unreadable.
    ledger = await store.select_streams(source.db, device_id)
    streams = [stream_of(row) for row in ledger]
    plan = await read_plan(source.db, device_id)
    edges = [period[0], *days, period[1]]
    stretch = await _stretch(source, device_id, period, streams)
    found = await identities(source, device_id, stretch, edges, plan)
    late = await store.select_late_rows(source.db, device_id, *stretch)
    now_ms = round(now.timestamp() * 1000)
    known = Known(
        streams,
        found.runs,
        [Late(*row) for row in late],
        _point_gaps(found, streams, plan),
        await select_downtimes(source.db, stretch[0], now_ms, now),
        joined(sorted((one.from_ms, one.to_ms) for one in found.damaged)),
        await store.select_released(source.db, device.factory_id),
    )
    asked = Asked(*period, now_ms, plan, late_ms)
    ranges = await source.run(classify, known, asked)
    aside = await store.select_set_aside(source.db, device_id, *period)
    touching = [row for row in ledger if _touches(row, period)]
    duplicate = sum(row["duplicates"] for row in touching)
    return Certificate(
        device_id=device.id,
        device=device.name,
        factory_id=device.factory_id,
        from_ms=period[0],
        to_ms=period[1],
        at=now,
        late_seconds=late_ms / 1000,
        counts=_counts(known, ranges, aside, duplicate),
        ranges=ranges,
        damaged=[one for one in found.damaged if one.from_ms < period[1] and one.to_ms > period[0]],
        days=_days(known, ranges, edges),
    )


async def _stretch(
    source: Source, device_id: DeviceId, period: Span, streams: Sequence[Stream]
) -> Span:
    """The period with its neighbours, as far as the ledger knows of rows."""
    firsts = [one.first_ms for one in streams if one.first_ms is not None]
    lasts = [one.last_ms for one in streams if one.last_ms is not None]
    if not firsts:
        return period[0], period[0]
    from_ms, to_ms = max(period[0], min(firsts)), min(period[1], max(lasts) + 1)
    if from_ms >= to_ms:
        return period[0], period[0]
    return await store.select_edges(source.db, device_id, from_ms, to_ms)


def stream_of(row: Any) -> Stream:
    """A row of store.certificate.select_streams as evidence."""
    received = [(part.lower, part.upper) for part in row["received"]]
    return Stream(
        row["epoch"],
        received,
        row["first_ms"],
        row["last_ms"],
        row["dropped"],
        row["reset"],
        row.get("quarantined") or (),
    )


def _touches(row: Any, period: Span) -> bool:
    return (
        row["first_ms"] is not None and row["first_ms"] < period[1] and row["last_ms"] >= period[0]
    )


def _point_gaps(found: Found, streams: Sequence[Stream], plan: Plan) -> list[Span]:
    """Silences of a device of which nothing is numbered."""
    times = found.point_times_ms
    if times.size < 2 or any(one.epoch != POINTS for one in streams):
        return []
    least = min(plan.within(int(times[0]), int(times[-1])))
    places = np.flatnonzero(np.diff(times) > HOLD_INTERVALS * least).tolist()
    gaps = [(int(times[place]), int(times[place + 1])) for place in places]
    return [gap for gap in gaps if plan.rows(*gap) > HOLD_INTERVALS]


def _days(known: Known, ranges: Sequence[Range], edges: Sequence[int]) -> list[DayCounts]:
    received = [0] * (len(edges) - 1)
    for run in known.runs:
        if run.inside:
            received[run.part] += run.stop - run.first
    gone = by_part([one for one in ranges if one.what in (What.MISSING, What.UNREADABLE)], edges)
    return [
        DayCounts(begin, end, there + rest, there)
        for (begin, end), there, rest in zip(pairwise(edges), received, gone, strict=True)
    ]


def _counts(known: Known, ranges: Sequence[Range], aside: SetAsideCounts, duplicate: int) -> Counts:
    def rows(what: What, cause: Cause | None = None) -> int:
        return sum(one.rows for one in ranges if one.what is what and cause in (None, one.cause))

    received = sum(run.stop - run.first for run in known.runs if run.inside)
    missing, unreadable = rows(What.MISSING), rows(What.UNREADABLE)
    return Counts(
        expected=received + aside.quarantined + unreadable + missing,
        received=received,
        missing=missing,
        late=rows(What.LATE),
        duplicate=duplicate,
        conflicting=aside.conflicting,
        quarantined=aside.quarantined,
        unreadable=unreadable,
        dropped=rows(What.MISSING, Cause.OVERRUN),
    )
