"""Count, extremes and mean of a metric over many devices, out of the hours' roll-ups."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.archive.read import Archive, Unreadable
from appliance.errors import NotFound, Unprocessable
from appliance.history.readings import HOUR_MS, Asked, Source
from appliance.history.rolled import rollups
from appliance.model.ids import DeviceId
from appliance.model.metric import Metric
from appliance.model.scope import Scope
from appliance.model.sealed import FileKind, Located, Rollup
from appliance.model.series import Gap
from appliance.model.statistics import DeviceGap, Figures, Group, Statistics
from appliance.store import readings
from appliance.store.devices import select_devices
from appliance.store.metrics import select_metrics
from appliance.store.sealed import select_sealed

DAY_MS = 24 * HOUR_MS
MOST_GROUPS = 10_000
AT_ONCE = 4
"""Devices that are read side by side; each takes a connection."""


class _Part(NamedTuple):
    """Hours of a device."""

    device_id: DeviceId
    rollup: Rollup


async def statistics(
    source: Source, scope: Scope, metric: str, between: tuple[int, int], group: Group
) -> Statistics:
    """Over all devices in scope; the range is widened to whole hours."""
    known = {one.name: one for one in await select_metrics(source.db)}
    if metric not in known:
        raise NotFound(f"There is no metric {metric}.")
    from_ms, to_ms = between[0] // HOUR_MS * HOUR_MS, -(-between[1] // HOUR_MS) * HOUR_MS
    if group != "device" and (to_ms - from_ms) / _width_ms(group) > MOST_GROUPS:
        raise Unprocessable(f"Ask for at most {MOST_GROUPS:,} {group}s at once.")
    names = {one.id: one.name for one in await select_devices(source.db, scope)}
    gaps: list[DeviceGap] = []
    parts = await _parts(source, scope, metric, (from_ms, to_ms), names, gaps)
    figures = await source.run(_figures, parts, group, names)
    return _statistics(known[metric], (from_ms, to_ms), group, figures, gaps)


async def _parts(
    source: Source,
    scope: Scope,
    metric: str,
    between: tuple[int, int],
    names: Mapping[DeviceId, str],
    gaps: list[DeviceGap],
) -> list[_Part]:
    """The hours of all devices; from the first hour with hot readings on, device by device."""
    from_ms, to_ms = between
    async with readings.at_one_moment(source.db) as db:
        begins = await readings.select_hot_begins(db, scope, from_ms, to_ms)
        sealed = await select_sealed(db, scope, list(names), metric, FileKind.HOUR, from_ms, to_ms)
    begins = {one: max(from_ms, begin // HOUR_MS * HOUR_MS) for one, begin in begins.items()}
    by_file = sorted(sealed, key=lambda one: (one.path, one.group.row_group))
    reading = [
        source.run(_read, source.archive, list(located), begins, between)
        for _, located in groupby(by_file, key=lambda one: one.path)
    ]
    read = await asyncio.gather(*reading)
    spoiled = {one for _, unreadable in read for one in unreadable}
    begins |= dict.fromkeys(spoiled, from_ms)
    parts = [part for found, _ in read for part in found if part.device_id not in spoiled]
    few = asyncio.Semaphore(AT_ONCE)

    async def one(device_id: DeviceId, begin_ms: int) -> None:
        found: list[Gap] = []
        asked = Asked(scope, device_id, metric)
        async with few:
            hours = rollups(source, asked, begin_ms, to_ms, FileKind.HOUR, found)
            parts.extend([_Part(device_id, rollup) async for rollup in hours])
        gaps.extend(DeviceGap(gap.from_ms, gap.to_ms, gap.reason, device_id) for gap in found)

    async with asyncio.TaskGroup() as group:
        for device_id, begin_ms in begins.items():
            group.create_task(one(device_id, begin_ms))
    return parts


def _read(
    archive: Archive,
    located: Sequence[Located],
    begins: Mapping[DeviceId, int],
    between: tuple[int, int],
) -> tuple[list[_Part], set[DeviceId]]:
    """The hours of one file before each device's hot ones, or the devices that it held."""
    try:
        hours = archive.rollups(located)
    except Unreadable:
        return [], {one.group.device_id for one in located}
    parts = []
    for one, rollup in zip(located, hours, strict=True):
        bounds = between[0], begins.get(one.group.device_id, between[1])
        begin, end = np.searchsorted(rollup.times_ms, bounds).tolist()
        part = Rollup._make(column[begin:end] for column in rollup)
        parts.append(_Part(one.group.device_id, part))
    return parts, set()


def _figures(parts: Sequence[_Part], group: Group, names: Mapping[DeviceId, str]) -> list[Figures]:
    parts = sorted(
        (part for part in parts if part.rollup.times_ms.size),
        key=lambda part: (part.device_id, int(part.rollup.times_ms[0])),
    )
    if not parts:
        return []
    whole = Rollup._make(map(np.concatenate, zip(*(part.rollup for part in parts), strict=True)))
    keys, of = np.unique(_keys(parts, whole, group), return_inverse=True)
    counts = np.bincount(of, whole.counts)
    minima, maxima = np.full(keys.size, np.inf), np.full(keys.size, -np.inf)
    np.minimum.at(minima, of, whole.minima)
    np.maximum.at(maxima, of, whole.maxima)
    means = np.bincount(of, whole.sums) / counts
    columns = (counts.astype(np.int64), minima, maxima, means)
    rows = zip(keys.tolist(), *(column.tolist() for column in columns), strict=True)
    if group == "device":
        return [
            Figures(number, low, high, mean, device_id=key, device=names[key])
            for key, number, low, high, mean in rows
        ]
    return [Figures(number, low, high, mean, time=key) for key, number, low, high, mean in rows]


def _keys(parts: Sequence[_Part], whole: Rollup, group: Group) -> NDArray[np.int64]:
    if group == "device":
        sizes = [part.rollup.times_ms.size for part in parts]
        return np.repeat([part.device_id for part in parts], sizes)
    return whole.times_ms // _width_ms(group) * _width_ms(group)


def _width_ms(group: Group) -> int:
    return DAY_MS if group == "day" else HOUR_MS


def _statistics(
    metric: Metric,
    between: tuple[int, int],
    group: Group,
    figures: list[Figures],
    gaps: list[DeviceGap],
) -> Statistics:
    return Statistics(
        metric=metric.name,
        unit=metric.unit,
        unit_label=metric.unit_label,
        digits=metric.digits,
        from_ms=between[0],
        to_ms=between[1],
        group=group,
        groups=figures,
        gaps=gaps,
    )
