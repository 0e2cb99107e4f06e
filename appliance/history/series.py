"""One metric of one device over a stretch of time, as dense as a chart can show."""

import asyncio
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from appliance.analytics.buckets import Buckets, Columns
from appliance.errors import NotFound
from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.model.series import Series, Window
from appliance.store import readings
from appliance.store.pool import Db
from appliance.store.readings import Rows

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
    db: Db, blocking: Executor, scope: Scope, device_id: DeviceId, metric: str, window: Window
) -> Series:
    """Every reading if there are at most `window.points`, else buckets that keep the extremes.

    Buckets begin at multiples of their width since 1970 and are whole: panning does not move them.
    """
    measured = await readings.select_measured(db, scope, device_id, metric)
    if measured is None:
        raise NotFound(f"There is no device {device_id} with a metric {metric} here.")
    width_ms = bucket_width_ms(window)
    start_ms = window.from_ms // width_ms * width_ms
    number = -(-(window.to_ms - start_ms) // width_ms)
    stop_ms = start_ms + number * width_ms
    buckets = Buckets(start_ms, width_ms, number)
    raw = _Raw(window)
    async for rows in readings.select_readings(db, scope, device_id, metric, start_ms, stop_ms):
        raw.add(rows)
        await asyncio.get_running_loop().run_in_executor(blocking, buckets.add, *rows)
    times_ms, columns = raw.columns() or buckets.columns()
    return Series(
        device_id=device_id,
        metric=measured.name,
        unit=measured.unit,
        unit_label=measured.unit_label,
        digits=measured.digits,
        from_ms=window.from_ms,
        to_ms=window.to_ms,
        source="raw" if "value" in columns else "buckets",
        bucket_ms=None if "value" in columns else width_ms,
        times_ms=times_ms,
        columns=columns,
    )


def bucket_width_ms(window: Window) -> int:
    """The least round width of which `window.points` cover the window."""
    least = -(-(window.to_ms - window.from_ms) // window.points)
    return next((width for width in WIDTHS_MS if width >= least), -(-least // _DAY) * _DAY)


class _Raw:
    """The readings themselves, as long as there are few enough to show each."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._pages: list[Rows] = []
        self._left = window.points

    def add(self, rows: Rows) -> None:
        asked = (rows.times_ms >= self._window.from_ms) & (rows.times_ms < self._window.to_ms)
        asked &= ~np.isnan(rows.values)
        self._left -= int(np.count_nonzero(asked))
        if self._left >= 0:
            self._pages.append(Rows(rows.times_ms[asked], rows.values[asked]))

    def columns(self) -> tuple[NDArray[np.int64], Columns] | None:
        """Times and values in order of time, None if there are too many."""
        if self._left < 0:
            return None
        times_ms = np.concatenate([np.empty(0, np.int64), *(page.times_ms for page in self._pages)])
        values = np.concatenate([np.empty(0), *(page.values for page in self._pages)])
        order = np.argsort(times_ms, kind="stable")
        return times_ms[order], {"value": values[order]}
