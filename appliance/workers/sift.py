"""Sifts points, which carry no row numbers, by their times: what is new is numbered, once each."""

import struct
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise
from math import isnan
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.model.batch import POINTS, PlacedBatch, Stored
from appliance.model.ids import DeviceId
from appliance.store import points
from appliance.store.points import SLOT_MS, Known, PointStream
from appliance.store.pool import Db
from appliance.store.quarantine import CONFLICTING, SetAside
from appliance.workers.cut import TOO_NEW, TOO_OLD, Cut, believed
from appliance.workers.sealed_points import SealedPoints


class Sifted(NamedTuple):
    """The new points of a batch as rows with their numbers, those cut up, what became of all."""

    batch: PlacedBatch
    cut: Cut
    stored: Stored


async def sift_points(
    db: Db, batches: Sequence[PlacedBatch], sealed: SealedPoints | None
) -> dict[DeviceId, Sifted]:
    """Sift the batches of points among these, one of a device; their streams stay locked."""
    told = [batch for batch in batches if batch.epoch == POINTS]
    if not told:
        return {}
    await points.lock_batches(db)  # nothing is sealed between the look at hot and at sealed rows
    streams = await points.select_point_streams_for_update(db, [one.device_id for one in told])
    sifted = {}
    for batch in told:
        stream = streams.get(batch.device_id, PointStream(0, None))
        sifted[batch.device_id] = one = sift(
            batch, await select_known(db, batch, stream, sealed), stream.next_row
        )
        if one.stored.duplicate:
            await points.update_duplicates(db, batch.device_id, one.stored.duplicate)
    return sifted


async def select_known(
    db: Db, batch: PlacedBatch, stream: PointStream, sealed: SealedPoints | None
) -> Known:
    """Which points at the times of a batch the device has told before, wherever they lie.

    Called with the stream locked. Nothing is asked where all times are later than any before.
    """
    good = believed(batch)
    times_ms = batch.times_ms[good.start : good.stop]
    if stream.last_ms is None or not len(times_ms) or times_ms.item(0) > stream.last_ms:
        return {}
    times_ms = times_ms[: int(times_ms.searchsorted(stream.last_ms, "right"))]
    known = await points.select_points(db, batch.device_id, times_ms)
    if sealed:
        known |= await sealed.select(db, batch.device_id, batch.metric_ids, times_ms)
    return known


def sift(batch: PlacedBatch, known: Known, next_row: int) -> Sifted:
    """Take out of a batch what is known, and set aside what is beyond belief or conflicts."""
    good = believed(batch)
    values = batch.values.copy()
    set_aside: list[SetAside] = []

    def take_out(row: int, column: int, reason: str) -> None:
        set_aside.append(_set_aside(batch, row, column, reason))
        values[row, column] = np.nan

    for column in (*range(good.start), *range(good.stop, len(batch.times_ms))):
        for row in np.flatnonzero(~np.isnan(values[:, column])).tolist():
            take_out(row, column, TOO_OLD if column < good.start else TOO_NEW)
    beyond = len(set_aside)
    duplicate = 0
    for row, column, value in _meeting(batch, known):
        if values.item(row, column) == value:
            duplicate += 1
            values[row, column] = np.nan
        else:
            take_out(row, column, CONFLICTING)
    there = ~np.isnan(values)
    new = there.any(axis=0)
    rest = msgspec.structs.replace(
        batch, first_row=next_row, times_ms=batch.times_ms[new], values=values[:, new]
    )
    stored = Stored(int(there.sum()), duplicate, len(set_aside) - beyond, beyond)
    return Sifted(rest, Cut(_pieces(rest), set_aside, len(rest.times_ms)), stored)


def _meeting(batch: PlacedBatch, known: Known) -> Iterator[tuple[int, int, float]]:
    """The points of a batch that are known: row and column of its values, and the value known."""
    if known:
        rows = {metric_id: row for row, metric_id in enumerate(batch.metric_ids)}
        columns = {time_ms: column for column, time_ms in enumerate(batch.times_ms.tolist())}
        for (metric_id, time_ms), value in known.items():
            row, column = rows.get(metric_id), columns[time_ms]
            if row is not None and not isnan(batch.values.item(row, column)):
                yield row, column, value


def _pieces(rest: PlacedBatch) -> list[PlacedBatch]:
    """The rows in runs of the same metrics, each within one slot: what was not told leaves none."""
    if not len(rest.times_ms):
        return []
    there = ~np.isnan(rest.values)
    parted = np.diff(rest.times_ms // SLOT_MS) != 0
    parted |= (there[:, 1:] != there[:, :-1]).any(axis=0)
    ends = [*(np.flatnonzero(parted) + 1).tolist(), len(rest.times_ms)]
    return [_piece(rest, there[:, start], start, stop) for start, stop in pairwise([0, *ends])]


def _piece(rest: PlacedBatch, told: NDArray[np.bool_], start: int, stop: int) -> PlacedBatch:
    return msgspec.structs.replace(
        rest,
        first_row=rest.first_row + start,
        metric_ids=tuple(np.array(rest.metric_ids)[told].tolist()),
        times_ms=rest.times_ms[start:stop],
        values=rest.values[told, start:stop],
    )


def _set_aside(batch: PlacedBatch, row: int, column: int, reason: str) -> SetAside:
    """A point to be kept aside; its number is made of it, so that it is there once."""
    metric_id, time_ms = batch.metric_ids[row], batch.times_ms.item(column)
    value = batch.values.item(row, column)
    digest = blake2b(struct.pack(">qqd", metric_id, time_ms, value), digest_size=8).digest()
    return SetAside(
        batch.device_id,
        POINTS,
        int.from_bytes(digest, signed=True),
        batch.received_ms,
        reason,
        {"time_ms": time_ms, "metric_ids": [metric_id], "readings": [value]},
    )
