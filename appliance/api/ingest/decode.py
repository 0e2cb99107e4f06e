"""Reads the native batch; whatever is wrong with it is refused by naming the place."""

from itertools import chain
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.api.ingest.json_body import read
from appliance.errors import BadRequest, TooLarge
from appliance.model.reading import WireBatch

VERSION = 1
LARGEST_ROWS = 2000
LARGEST_UPTIME_MS = 2.0**53
"""Up to here a double holds every whole number."""
NOBODYS_EPOCH = "0" * 16

_decoder = msgspec.json.Decoder(WireBatch)


def decode(body: bytes) -> WireBatch:
    """The batch in a body; BadRequest names what is wrong, TooLarge if it has too many rows."""
    batch = read(_decoder, body, "batch")
    if batch.v != VERSION:
        raise BadRequest(
            f"This appliance reads version {VERSION} of the batch, not {batch.v} (`$.v`)."
        )
    if batch.epoch == NOBODYS_EPOCH:
        raise BadRequest("`$.epoch` is all zeros: nothing random. Draw one at each start.")
    if len(batch.rows) > LARGEST_ROWS:
        raise TooLarge(f"`$.rows` has {len(batch.rows)} rows; at most {LARGEST_ROWS} are taken.")
    return batch


def table(batch: WireBatch) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Uptimes, int64[rows], ascending, and values, float64[metrics, rows], with NaN for null."""
    width = 1 + len(batch.metrics)
    if set(map(len, batch.rows)) - {width}:
        raise _ragged(batch)
    uptimes: list[Any] = [row[0] for row in batch.rows]
    if not _in_order(uptimes, LARGEST_UPTIME_MS if batch.sent_up is None else batch.sent_up):
        raise _wrong_uptime(batch)
    try:
        numbers = np.fromiter(chain.from_iterable(batch.rows), np.float64, len(uptimes) * width)
    except TypeError:  # nulls; this takes twice as long
        numbers = np.array(batch.rows, np.float64)
    columns = numbers.reshape(-1, width).T.copy()
    return columns[0].astype(np.int64), columns[1:]


def _in_order(uptimes: list[Any], latest: float) -> bool:
    """Whether these are whole numbers, not null, from 0 to the latest, none less than the last."""
    if not uptimes:
        return True
    try:
        return (
            uptimes == sorted(uptimes)
            and 0 <= uptimes[0] <= uptimes[-1] <= latest
            and all(map(float.is_integer, uptimes))
        )
    except TypeError:  # a null among them
        return False


def _ragged(batch: WireBatch) -> BadRequest:
    width = 1 + len(batch.metrics)
    place, row = next((i, row) for i, row in enumerate(batch.rows) if len(row) != width)
    return BadRequest(
        f"`$.rows[{place}]` has {len(row)} members; with {len(batch.metrics)} metrics it needs "
        f"{width}: the uptime, then a number or null for each metric."
    )


def _wrong_uptime(batch: WireBatch) -> BadRequest:
    before = 0.0
    for place, (uptime, *_) in enumerate(batch.rows):
        where = f"`$.rows[{place}][0]`"
        if uptime is None or not 0 <= uptime <= LARGEST_UPTIME_MS or uptime != int(uptime):
            return BadRequest(f"{where} must be an uptime: whole milliseconds, 0 to 2^53.")
        if uptime < before:
            return BadRequest(f"{where} is less than the uptime of the row before it.")
        if batch.sent_up is not None and uptime > batch.sent_up:
            return BadRequest(f"{where} is more than `$.sent_up`: taken after it was sent.")
        before = uptime
    raise AssertionError("every row's uptime is in order")
