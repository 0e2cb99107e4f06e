"""Seals days of a test's plant, as the archiver would: files, manifest, hot rows gone."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.archive.layout import Place
from appliance.archive.write import write_readings
from appliance.history.readings import Asked, Source, identified_pages
from appliance.model.ids import DeviceId
from appliance.model.sealed import Readings, SealedFile
from appliance.store.metrics import select_metrics
from appliance.store.readings import in_order
from appliance.store.sealed import insert_sealed_file
from tests.appliance.plant import DAY_MS, NOON, Plant, at


async def seal(
    plant: Plant,
    source: Source,
    device_ids: Sequence[DeviceId],
    first_ms: int,
    *,
    days: int = 1,
    generation: int = 1,
    metrics: Sequence[str] = ("temperature",),
) -> list[SealedFile]:
    """Seal whole UTC days from that of first_ms on; again, with what is sealed of them already."""
    first_ms -= first_ms % DAY_MS
    catalogue = {metric.name: metric.id for metric in await select_metrics(plant.pool)}
    files: list[SealedFile] = []
    for metric in metrics:
        place = Place(
            plant.factory_id,
            catalogue[metric],
            metric,
            at(first_ms).date(),
            (at(first_ms) + timedelta(days=days - 1)).date(),
            generation,
        )
        devices = [
            (device_id, f"node {device_id}", await _all(plant, source, device_id, metric, place))
            for device_id in sorted(device_ids)
        ]
        files += await asyncio.to_thread(
            write_readings, source.archive.folder, place, devices, NOON
        )
    async with plant.pool.acquire() as db, db.transaction():
        await db.execute(
            "update sealed_files set state = 'replaced' where first_day between $1 and $2",
            files[0].first_day,
            files[0].last_day,
        )
        for file in files:
            await insert_sealed_file(db, file)
        await db.execute(
            "delete from batches where device_id = any($1) and start_at >= $2 and start_at < $3",
            list(device_ids),
            at(first_ms),
            at(first_ms + days * DAY_MS),
        )
    return files


async def _all(
    plant: Plant, source: Source, device_id: DeviceId, metric: str, place: Place
) -> Readings:
    midnight = datetime(1970, 1, 1, tzinfo=UTC).date()
    first_ms = (place.first_day - midnight).days * DAY_MS
    last_ms = ((place.last_day - midnight).days + 1) * DAY_MS
    asked = Asked(plant.scope, device_id, metric)
    return in_order([p async for p in identified_pages(source, asked, first_ms, last_ms, [])])


def flip(path: Path, at: int) -> None:
    """Turn one bit of a file."""
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)
