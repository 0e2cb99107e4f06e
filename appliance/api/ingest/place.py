"""Makes a batch ready to be stored: metrics by their ids, rows at their place in time."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from appliance.api.ingest.decode import table
from appliance.errors import BadRequest, Unprocessable
from appliance.model.batch import PlacedBatch
from appliance.model.device import KeyHolder
from appliance.model.ids import Epoch, MetricId
from appliance.model.reading import WireBatch
from appliance.store import ledger
from appliance.store.ledger import Bounds
from appliance.store.pool import Db

MEASURED = 0
BOUNDED = 1


async def place(
    db: Db, holder: KeyHolder, metrics: Mapping[str, MetricId], sent: WireBatch, received_ms: int
) -> PlacedBatch:
    """The batch that a device has sent; only where nobody knows its time is the ledger asked."""
    metric_ids = identify(metrics, sent.metrics)
    uptimes, values = table(sent)
    epoch = signed(sent.epoch)
    base_ms = sent.base if sent.sent_up is None else received_ms - sent.sent_up
    if base_ms is None:
        bounds = await ledger.select_bounds(db, holder.device_id, epoch)
        base_ms = bounds.base_ms
    if base_ms is None:
        created_ms = int(holder.created_at.timestamp() * 1000)
        times, quality = between(bounds, uptimes, created_ms, received_ms), BOUNDED
    else:
        times, quality = base_ms + uptimes, MEASURED
    return PlacedBatch(
        holder.device_id,
        epoch,
        sent.boot,
        sent.first,
        metric_ids,
        times,
        values,
        quality,
        received_ms,
        base_ms,
        sent.dropped,
        sent.health,
        _reset(sent),
    )


def _reset(sent: WireBatch) -> str | None:
    """Why the node started; of an earlier start it can no longer tell."""
    told = (sent.health or {}).get("reset") if sent.sent_up is not None else None
    return told if isinstance(told, str) else None


def between(
    bounds: Bounds, uptimes_ms: NDArray[np.int64], created_ms: int, received_ms: int
) -> NDArray[np.int64]:
    """Times, int64[rows], for rows of an epoch of which nobody knows when it began.

    The node started after the last reading known before, or else after the device was made here:
    the rows are placed as early as that allows, but never after what is known to be later, their
    receipt above all. So all rows of the epoch keep their order however they are sent, and their
    spacing up to the time that nothing may pass.
    """
    latest = received_ms if bounds.after_ms is None else min(received_ms, bounds.after_ms)
    earliest = min(created_ms if bounds.before_ms is None else bounds.before_ms, received_ms)
    return np.clip(earliest + uptimes_ms, None, max(earliest, latest))


def identify(metrics: Mapping[str, MetricId], names: Sequence[str]) -> tuple[MetricId, ...]:
    """The ids of the metrics by name; one that is not there or named twice is refused."""
    ids: list[MetricId] = []
    for index, name in enumerate(names):
        metric_id = metrics.get(name)
        if metric_id is None:
            raise Unprocessable(
                f"There is no metric {name[:60]!r} (`$.metrics[{index}]`). There are: "
                f"{', '.join(metrics)}."
            )
        if metric_id in ids:
            raise BadRequest(f"`$.metrics[{index}]` names {name!r} a second time.")
        ids.append(metric_id)
    return tuple(ids)


def signed(epoch: str) -> Epoch:
    """The 64 bits of an epoch, sixteen hexadecimal digits, as PostgreSQL keeps them."""
    return Epoch(int.from_bytes(bytes.fromhex(epoch), signed=True))
