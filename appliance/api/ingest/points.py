"""Makes a batch of points: what senders tell that number no rows, each value with its own time."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import NamedTuple

import numpy as np

from appliance.api.ingest.units import Conversion, conversion
from appliance.errors import BadRequest, TooLarge, Unprocessable
from appliance.model.batch import POINTS, PlacedBatch
from appliance.model.ids import DeviceId
from appliance.model.metric import Metric

LARGEST_POINTS = 5000
LATEST_MS = 2**53
"""No time is further from 1970, on either side; a double holds every whole number up to here."""

Catalogue = Mapping[str, Metric]


class Point(NamedTuple):
    """A value of a metric as it was told.

    place: where it stands in the body, for people. unit: its UCUM code; None: the metric's own.
    time_ms: UTC milliseconds; None: it is from when it was received.
    """

    place: str
    metric: str
    value: float
    unit: str | None
    time_ms: int | None


def gather(
    points: Sequence[Point], catalogue: Catalogue, device_id: DeviceId, received_ms: int
) -> PlacedBatch:
    """One batch of all points, converted into the metrics' own units.

    A metric or a unit that is not known, and one metric at one time with two values, are refused.
    """
    if len(points) > LARGEST_POINTS:
        raise TooLarge(f"The body has {len(points)} points; at most {LARGEST_POINTS} are taken.")
    canonical = _Canonical(catalogue)
    cells: dict[tuple[int, int], Point] = {}
    for told in points:
        metric, value = canonical.of(told)
        time_ms = received_ms if told.time_ms is None else told.time_ms
        point = told._replace(value=value, time_ms=time_ms)
        before = cells.setdefault((metric.id, time_ms), point)
        if before.value != value:
            raise Unprocessable(
                f"{told.place}: {metric.name} at {time_ms} ms is {value:g}, but {before.value:g} "
                f"at {before.place}. A device has one value of a metric in a millisecond; of line "
                "protocol, no tag but `unit` is read. What else it measures is another device."
            )
    return _batch(cells, device_id, received_ms)


class _Canonical:
    """Metrics by name and values in their units; what a body repeats is looked up once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._known: dict[tuple[str, str | None], tuple[Metric, Conversion | None]] = {}

    def of(self, point: Point) -> tuple[Metric, float]:
        """A point's metric, and its value in the unit of that metric."""
        known = self._known.get((point.metric, point.unit))
        if known is None:
            known = self._known[point.metric, point.unit] = self._look_up(point)
        metric, convert = known
        value = convert(point.value) if convert else point.value
        if not isfinite(value):
            raise BadRequest(f"{point.place}: the value of {metric.name} is not a finite number.")
        return metric, value

    def _look_up(self, point: Point) -> tuple[Metric, Conversion | None]:
        metric = self._catalogue.get(point.metric)
        if metric is None:
            raise Unprocessable(
                f"{point.place}: there is no metric {point.metric[:60]!r}. There are: "
                f"{', '.join(self._catalogue)}."
            )
        try:
            return metric, None if point.unit is None else conversion(point.unit, metric)
        except Unprocessable as error:
            raise Unprocessable(f"{point.place}: {error}") from error


def _batch(
    cells: Mapping[tuple[int, int], Point], device_id: DeviceId, received_ms: int
) -> PlacedBatch:
    metric_ids = sorted({metric_id for metric_id, _ in cells})
    times_ms = sorted({time_ms for _, time_ms in cells})
    rows = {metric_id: row for row, metric_id in enumerate(metric_ids)}
    columns = {time_ms: column for column, time_ms in enumerate(times_ms)}
    values = np.full((len(metric_ids), len(times_ms)), np.nan)
    for (metric_id, time_ms), point in cells.items():
        values[rows[metric_id], columns[time_ms]] = point.value
    return PlacedBatch(
        device_id=device_id,
        epoch=POINTS,
        boot=None,
        first_row=0,
        metric_ids=tuple(metric_ids),
        times_ms=np.array(times_ms, np.int64),
        values=values,
        quality=0,
        received_ms=received_ms,
        base_ms=None,
        dropped=0,
    )


def believable(place: str, time_ms: float) -> int:
    """A time in UTC milliseconds, rounded to a whole one, if it can be any at all."""
    if not -LATEST_MS <= time_ms <= LATEST_MS:
        raise BadRequest(f"{place}: its time is too far from 1970.")
    return round(time_ms)
