"""The certificate of completeness of a device, and the counts of a factory."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from appliance.errors import NotFound
from appliance.history.identities import DAY_MS, Found, identities
from appliance.history.missing import (
    HOLD_INTERVALS,
    Asked,
    Known,
    Late,
    Span,
    Stream,
    classify,
    joined,
)
from appliance.history.readings import Source
from appliance.model.batch import POINTS
from appliance.model.completeness import (
    Cause,
    Certificate,
    Counts,
    DeviceCounts,
    Range,
    What,
)
from appliance.model.ids import DeviceId, FactoryId
from appliance.model.scope import Scope
from appliance.store import certificate as store
from appliance.store.certificate import SetAsideCounts
from appliance.store.devices import select_device
from appliance.store.readings import lock_batches
from appliance.store.runs import select_downtimes


async def certify(
    source: Source,
    scope: Scope,
    device_id: DeviceId,
    period: Span,
    now: datetime,
    late_ms: int,
) -> Certificate:
    """What came of a device in from_ms <= t < to_ms, and why not the rest."""
    device = await select_device(source.db, scope, device_id)
    if device is None:
        raise NotFound(f"There is no device {device_id} here.")
    # The ledger first: a row that comes meanwhile is found and not told to be unreadable.
    ledger = await store.select_streams(source.db, device_id)
    streams = [_stream(row) for row in ledger]
    stretch = await _stretch(source, device_id, period, streams)
    found = await identities(source, device_id, stretch, period, device.expected_interval_ms)
    late = await store.select_late_rows(source.db, device_id, *stretch)
    now_ms = round(now.timestamp() * 1000)
    known = Known(
        streams,
        found.runs,
        [Late(*row) for row in late],
        _point_gaps(found, streams, device.expected_interval_ms),
        await select_downtimes(source.db, stretch[0], now_ms, now),
        joined(sorted((one.from_ms, one.to_ms) for one in found.damaged)),
        await store.select_released(source.db, device.factory_id),
    )
    asked = Asked(*period, now_ms, device.expected_interval_ms, late_ms)
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
    )


async def count_factory(
    source: Source, scope: Scope, factory_id: FactoryId, period: Span, now: datetime
) -> tuple[Span, list[DeviceCounts]]:
    """The counts of all devices of a factory, and the whole UTC days they are of."""
    days = period[0] // DAY_MS * DAY_MS, -(-period[1] // DAY_MS) * DAY_MS
    if factory_id not in scope.factory_ids:
        raise NotFound(f"There is no factory {factory_id} here.")
    async with (
        source.db.acquire() as db,
        db.transaction(isolation="repeatable_read", readonly=True),
    ):
        await lock_batches(db)
        return days, await store.select_device_counts(db, scope, factory_id, days, now)


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


def _stream(row: Any) -> Stream:
    received = [(part.lower, part.upper) for part in row["received"]]
    return Stream(
        row["epoch"],
        received,
        row["first_ms"],
        row["last_ms"],
        row["dropped"],
        row["reset"],
        row["quarantined"],
    )


def _touches(row: Any, period: Span) -> bool:
    return (
        row["first_ms"] is not None and row["first_ms"] < period[1] and row["last_ms"] >= period[0]
    )


def _point_gaps(found: Found, streams: Sequence[Stream], interval_ms: int) -> list[Span]:
    """Silences of a device of which nothing is numbered."""
    times = found.point_times_ms
    if times.size < 2 or any(one.epoch != POINTS for one in streams):
        return []
    places = np.flatnonzero(np.diff(times) > HOLD_INTERVALS * interval_ms)
    return [(int(times[place]), int(times[place + 1])) for place in places]


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
