"""The counts of completeness of all devices of a factory, by day: from ledger and manifest alone.

What is missing the ledger tells. Of what came, no reading is read: hot batches are counted, sealed
days have their numbers in the manifest, and days within a month's file in its hours.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from appliance.archive.read import Archive, Unreadable
from appliance.errors import NotFound
from appliance.history.certificate import stream_of
from appliance.history.evidence import Asked, Known
from appliance.history.identities import DAY_MS
from appliance.history.missing import by_part, never_received
from appliance.history.plan import HOLD_INTERVALS, read_plans
from appliance.history.readings import Source
from appliance.history.spans import Span
from appliance.model.batch import POINTS
from appliance.model.completeness import DayCounts, DeviceCounts, FactoryTotals
from appliance.model.ids import DeviceId, FactoryId
from appliance.model.scope import Scope
from appliance.model.sealed import Located
from appliance.store import certificate as store
from appliance.store.certificate import SealedStretch
from appliance.store.readings import at_one_moment

Days = dict[int, int]
"""Rows by day since 1970."""
_NUMBERS = re.compile("([0-9]+)")


class _Found(NamedTuple):
    """What there is of a factory: rows by device and day."""

    received: dict[DeviceId, Days]
    damaged: dict[DeviceId, Days]


async def count_factory(
    source: Source, scope: Scope, factory_id: FactoryId, period: Span, now: datetime
) -> tuple[Span, list[DeviceCounts]]:
    """The counts of all devices of a factory, and the whole UTC days they are of."""
    days = period[0] // DAY_MS * DAY_MS, -(-period[1] // DAY_MS) * DAY_MS
    if factory_id not in scope.factory_ids:
        raise NotFound(f"There is no factory {factory_id} here.")
    # The ledger first: a row that comes meanwhile is found and not counted as missing.
    ledger = await store.select_factory_streams(source.db, factory_id, *days)
    counts = await store.select_device_counts(source.db, scope, factory_id, days)
    plans = await read_plans(source.db, factory_id)
    async with at_one_moment(source.db) as db:
        hot = await store.select_hot_days(db, factory_id, *days)
        sealed = _fullest(await store.select_sealed_stretches(db, factory_id, *days))
        wide = [one for one in sealed if one.first_day < one.last_day and not one.damaged]
        series = sorted({(one.device_id, one.metric_id) for one in wide})
        hours = await store.select_sealed_hours(db, series, *days) if series else {}
    by_hour = await source.run(_hours, source.archive, hours)
    found = _sum_up(hot, sealed, by_hour)
    streams = {
        device_id: list(rows) for device_id, rows in groupby(ledger, lambda row: row["device_id"])
    }
    now_ms = round(now.timestamp() * 1000)

    def each() -> list[DeviceCounts]:
        return [
            _counts(
                row,
                Known([stream_of(one) for one in streams.get(row["device_id"], [])]),
                Asked(*days, now_ms, plans[row["device_id"]], 0),
                found,
            )
            for row in counts
        ]

    return days, await source.run(each)


def worst_first(devices: Iterable[DeviceCounts]) -> list[DeviceCounts]:
    """By the share that is there, then by name, numbers in it by their size; those of which nothing
    was expected last."""

    def key(one: DeviceCounts) -> tuple[float, list[tuple[int, str]], int]:
        share = one.received / one.expected if one.expected else math.inf
        parts = _NUMBERS.split(one.device.casefold())
        name = [(int(part) if place % 2 else 0, part) for place, part in enumerate(parts)]
        return share, name, one.device_id

    return sorted(devices, key=key)


def totals(devices: Sequence[DeviceCounts]) -> FactoryTotals:
    """The sums of a factory's devices."""
    return FactoryTotals(
        devices=len(devices),
        short=sum(one.received < one.expected for one in devices),
        silent=sum(one.expected == 0 for one in devices),
        expected=sum(one.expected for one in devices),
        received=sum(one.received for one in devices),
        missing=sum(one.missing for one in devices),
    )


def _counts(row: Any, known: Known, asked: Asked, found: _Found) -> DeviceCounts:
    edges = range(asked.from_ms, asked.to_ms + 1, DAY_MS)
    received, damaged = (
        [days.get(row["device_id"], {}).get(edge // DAY_MS, 0) for edge in edges[:-1]]
        for days in found
    )
    there = [a + b for a, b in zip(received, damaged, strict=True)]
    if any(one.epoch == POINTS for one in known.streams):
        missing = _by_interval(known, asked, there)
    else:
        missing = by_part(never_received(known, asked), edges)
    days = [
        DayCounts(begin, begin + DAY_MS, sum(rows), rows[0])
        for begin, *rows in zip(edges[:-1], received, damaged, missing, strict=True)
    ]
    return DeviceCounts(
        **row,
        expected=sum(there) + sum(missing) + row["quarantined"],
        received=sum(received),
        missing=sum(missing),
        damaged=sum(damaged),
        days=days,
    )


def _by_interval(known: Known, asked: Asked, there: Sequence[int]) -> list[int]:
    """Of a sender that numbers nothing: what its interval gives beyond what is there, by day."""
    firsts = [one.first_ms for one in known.streams if one.first_ms is not None]
    if not firsts:
        return [0] * len(there)
    plan = asked.plan
    until = asked.now_ms - HOLD_INTERVALS * plan.interval_ms(asked.now_ms)
    begins = range(asked.from_ms, asked.to_ms, DAY_MS)
    return [
        max(0, int(plan.rows(max(begin, min(firsts)), min(begin + DAY_MS, until))) - rows)
        for begin, rows in zip(begins, there, strict=True)
    ]


def _fullest(stretches: Sequence[SealedStretch]) -> list[SealedStretch]:
    """Of each device and file day, those of the metric with the most rows, whole ones first."""
    rows: dict[tuple[DeviceId, int], dict[tuple[bool, int], int]] = {}
    for one in stretches:
        metrics = rows.setdefault((one.device_id, one.file_day), defaultdict(int))
        metrics[not one.damaged, one.metric_id] += one.rows
    best = {
        key: max(metrics, key=lambda each: (each[0], metrics[each], -each[1]))
        for key, metrics in rows.items()
    }
    return [
        one
        for one in stretches
        if best[one.device_id, one.file_day] == (not one.damaged, one.metric_id)
    ]


def _hours(archive: Archive, hours: dict[DeviceId, list[Located]]) -> dict[DeviceId, Days]:
    """Rows by day of devices, of the hours that can be read."""
    found: dict[DeviceId, Days] = {device_id: defaultdict(int) for device_id in hours}
    every = sorted(
        (one for each in hours.values() for one in each),
        key=lambda one: (one.path, one.group.row_group),
    )
    for _, groups in groupby(every, lambda one: one.path):
        located = list(groups)
        try:
            read = archive.rollups(located)
        except Unreadable:
            continue
        for one, rollup in zip(located, read, strict=True):
            days = found[one.group.device_id]
            numbers, places = np.unique(rollup.times_ms // DAY_MS, return_inverse=True)
            sums = np.bincount(places, rollup.counts)
            for day, rows in zip(numbers.tolist(), sums.tolist(), strict=True):
                days[day] += int(rows)
    return found


def _sum_up(
    hot: Sequence[tuple[DeviceId, int, int]],
    sealed: Sequence[SealedStretch],
    by_hour: dict[DeviceId, Days],
) -> _Found:
    found = _Found(defaultdict(lambda: defaultdict(int)), defaultdict(lambda: defaultdict(int)))
    for device_id, day, rows in hot:
        found.received[device_id][day] += rows
    for one in sealed:
        into = (found.damaged if one.damaged else found.received)[one.device_id]
        for day, rows in _split(one, by_hour.get(one.device_id, {})).items():
            into[day] += rows
    return found


def _split(one: SealedStretch, by_hour: Days) -> Days:
    """Rows by day: as the hours say where they hold all of them, else evenly over its time."""
    days = range(one.first_day, one.last_day + 1)
    if len(days) == 1:
        return {one.first_day: one.rows}
    told = {day: by_hour.get(day, 0) for day in days}
    if sum(told.values()) == one.rows:
        return told
    length = one.last_ms + 1 - one.first_ms
    shares = [min(1.0, ((day + 1) * DAY_MS - one.first_ms) / length) for day in days]
    sums = [0, *(round(one.rows * share) for share in shares)]
    return {day: sums[n + 1] - sums[n] for n, day in enumerate(days)}
