"""What an appliance holds before it is backed up, and what it should hold afterwards."""

import asyncio
from datetime import UTC, datetime

from appliance.identity import certificates, keys
from appliance.model.ids import DeviceId
from appliance.settings import Settings
from appliance.store import factories
from appliance.store.pool import Pool
from tests.appliance.plant import NOON_MS, Plant

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


async def rows(db: Pool) -> list[tuple[int, float]]:
    """Every row with its reading, as the database has them."""
    return [
        (row["row_number"], row["value"])
        for row in await db.fetch(
            "select row_number, value from sensor_readings order by row_number, value"
        )
    ]


async def send(db: Pool, first: int, stop: int) -> None:
    """Rows first .. stop - 1 of the one node, each a second after the one before."""
    device = DeviceId(await db.fetchval("select min(id) from devices"))
    plant = Plant(db, await db.fetchval("select factory_id from devices where id = $1", device))
    numbers = range(first, stop)
    times = [NOON_MS + 1000 * number for number in numbers]
    values = {"temperature": [number / 8 for number in numbers]}
    await plant.send(device, times, values, first_row=first)


def sent(*spans: range) -> list[tuple[int, float]]:
    return [(number, number / 8) for span in spans for number in span]


async def furnish(db: Pool, settings: Settings) -> None:
    """A factory, a node with rows 0 .. 9, certificates and secrets."""
    factory = await factories.insert_factory(db, "North", "UTC")
    await Plant(db, factory.id).device("node")
    await send(db, 0, 10)
    await asyncio.to_thread(certificates.ensure, settings.certificates_dir, [], NOON)
    await asyncio.to_thread(keys.load_or_create, settings.secrets_dir)
