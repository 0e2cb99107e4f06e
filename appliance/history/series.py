"""One metric of one device over a stretch of time, as dense as a chart can show."""

import numpy as np

from appliance.analytics.buckets import Buckets
from appliance.history import rolled
from appliance.history.readings import Asked, Source, pages
from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.model.sealed import FileKind
from appliance.model.series import Columns, Gap, Series, Signal, Window
from appliance.store.readings import select_signal

_SECOND, _MINUTE, _HOUR, _DAY = 1000, 60_000, 3_600_000, 86_400_000
WIDTHS_MS = (
    *(1, 2, 5, 10, 20, 50, 100, 200, 500),
    *(number * _SECOND for number in (1, 2, 5, 10, 15, 20, 30)),
    *(number * _MINUTE for number in (1, 2, 5, 10, 15, 20, 30)),
    *(number * _HOUR for number in (1, 2, 3, 4, 6, 8, 12)),
    _DAY,
)
"""Bucket widths that divide a day, so that buckets begin at round times; then whole days."""


async def series(
    source: Source, scope: Scope, device_id: DeviceId, metric: str, window: Window
) -> Series:
    """Every reading if there are at most `window.points`, else buckets that keep the extremes.

    Buckets begin at multiples of their width since 1970 and are whole: panning does not move them.
    Of at least a minute, they are made of the minutes' or hours' roll-ups, whether these lie in the
    archive or are made of hot readings now: sealing a day does not change a digit.
    """
    signal = await select_signal(source.db, scope, device_id, metric)
    asked = Asked(scope, device_id, metric)
    found = await buckets(source, asked, signal, window)
    return await raw(source, asked, signal, window) if is_few(found) else found


async def buckets(source: Source, asked: Asked, signal: Signal, window: Window) -> Series:
    """The window in buckets, however few readings there are."""
    width_ms = bucket_width_ms(window)
    start_ms = window.from_ms // width_ms * width_ms
    number = -(-(window.to_ms - start_ms) // width_ms)
    stop_ms = start_ms + number * width_ms
    filled = Buckets(start_ms, width_ms, number)
    gaps: list[Gap] = []
    kind: rolled.Kind | None = None
    if width_ms < _MINUTE:
        async for rows in pages(source, *asked, start_ms, stop_ms, gaps):
            await source.run(filled.add, *rows)
    else:
        kind = FileKind.HOUR if width_ms >= _HOUR else FileKind.MINUTE
        async for rollup in rolled.rollups(source, asked, start_ms, stop_ms, kind, gaps):
            await source.run(filled.add_rolled, rollup)
    times_ms, columns = filled.columns()
    return Series(
        signal=signal,
        window=window,
        source="buckets",
        bucket_ms=width_ms,
        rollup=None if kind is None else "hour" if kind is FileKind.HOUR else "minute",
        gaps=_within(window, gaps),
        times_ms=times_ms,
        columns=columns,
    )


async def raw(source: Source, asked: Asked, signal: Signal, window: Window) -> Series:
    """Every reading of the window; only for where they are few."""
    gaps: list[Gap] = []
    times, values = [np.empty(0, np.int64)], [np.empty(0)]
    async for rows in pages(source, *asked, window.from_ms, window.to_ms, gaps):
        there = ~np.isnan(rows.values)
        times.append(rows.times_ms[there])
        values.append(rows.values[there])
    columns: Columns = {"value": np.concatenate(values)}
    return Series(
        signal=signal,
        window=window,
        source="raw",
        bucket_ms=None,
        rollup=None,
        gaps=_within(window, gaps),
        times_ms=np.concatenate(times),
        columns=columns,
    )


def is_few(found: Series) -> bool:
    """Whether there are so few readings in the buckets that each can be shown."""
    return int(found.columns["count"].sum()) <= found.window.points


def bucket_width_ms(window: Window) -> int:
    """The least round width of which `window.points` cover the window."""
    least = -(-(window.to_ms - window.from_ms) // window.points)
    return next((width for width in WIDTHS_MS if width >= least), -(-least // _DAY) * _DAY)


def _within(window: Window, gaps: list[Gap]) -> tuple[Gap, ...]:
    """The gaps as far as they lie in the window."""
    cut = (
        Gap(max(gap.from_ms, window.from_ms), min(gap.to_ms, window.to_ms), gap.reason)
        for gap in gaps
    )
    return tuple(gap for gap in cut if gap.from_ms < gap.to_ms)
