"""Several series on one time axis."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from appliance.history import series
from appliance.history.readings import Asked, Source
from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.model.series import Chart, Columns, Series, Window
from appliance.store.readings import select_signal

_SAME = 2**15
"""More readings than are ever shown raw."""


class Wanted(NamedTuple):
    """A metric of a device."""

    device_id: DeviceId
    metric: str


async def chart(source: Source, scope: Scope, wanted: Sequence[Wanted], window: Window) -> Chart:
    """The series on the times that any of them has: raw if all are few, else all in buckets."""
    asked = [Asked(scope, *one) for one in wanted]
    signals = [await select_signal(source.db, *one) for one in asked]
    pairs = list(zip(asked, signals, strict=True))
    found = [await series.buckets(source, *pair, window) for pair in pairs]
    if all(series.is_few(one) for one in found):
        found = [await series.raw(source, *pair, window) for pair in pairs]
    return await source.run(_aligned, window, found)


def _aligned(window: Window, found: Sequence[Series]) -> Chart:
    keys = [_keys(one.times_ms) for one in found]
    axis = np.unique(np.concatenate(keys))
    return Chart(
        window=window,
        source=found[0].source,
        bucket_ms=found[0].bucket_ms,
        rollup=found[0].rollup,
        times_ms=axis // _SAME,
        series=tuple(
            structs.replace(
                one,
                times_ms=axis // _SAME,
                columns=_spread(one.columns, np.searchsorted(axis, own), axis.size),
            )
            for one, own in zip(found, keys, strict=True)
        ),
    )


def _keys(times_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Times made distinct: what a series has twice is twice on the axis."""
    place = np.arange(times_ms.size)
    return times_ms * _SAME + place - np.searchsorted(times_ms, times_ms)


def _spread(columns: Columns, places: NDArray[np.int64], size: int) -> Columns:
    def spread(column: NDArray[np.float64] | NDArray[np.int64]) -> Any:
        whole = np.full(size, np.nan if column.dtype == np.float64 else 0, column.dtype)
        whole[places] = column
        return whole

    return {name: spread(column) for name, column in columns.items()}
