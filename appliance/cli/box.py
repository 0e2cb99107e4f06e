"""The way commands on the box reach its data, whether the appliance runs or not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from appliance.settings import Settings
from appliance.store.database import place_of, reach_database
from appliance.store.migrate import migrate
from appliance.store.pool import Pool, open_pool

POOL_SIZE = 2


@asynccontextmanager
async def box(settings: Settings) -> AsyncIterator[Pool]:
    """The appliance's database; where nothing runs, its server runs until the block is left."""
    async with reach_database(place_of(settings)) as database:
        if database.cluster or settings.database_url:
            await migrate(database.url)
        async with open_pool(database.url, size=POOL_SIZE) as pool:
            yield pool
