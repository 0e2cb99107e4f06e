"""The way commands on the box reach its data, whether the appliance runs or not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from appliance.errors import AlreadyRunning, NotFound
from appliance.settings import Settings
from appliance.store.database import Place, open_database
from appliance.store.migrate import migrate
from appliance.store.pool import Pool, open_pool
from appliance.store.postgres.layout import APPLICATION, Layout

POOL_SIZE = 2


@asynccontextmanager
async def box(settings: Settings) -> AsyncIterator[Pool]:
    """The appliance's database; where nothing runs, its server runs until the block is left."""
    place = Place(
        settings.cluster_dir,
        settings.pg_bin,
        settings.database_url,
        settings.database_password_file,
    )
    there = bool(place.url) or await asyncio.to_thread((place.folder / "data").exists)
    if not there:
        raise NotFound(
            f"There is no appliance in {settings.data_dir}. Name its folder with --data-dir, or "
            "start one with `carbonseed up`."
        )
    async with AsyncExitStack() as stack:
        try:
            database = await stack.enter_async_context(open_database(place))
        except AlreadyRunning:
            url = await asyncio.to_thread(_url_of_running, place.folder)
        else:
            url = database.url
            await migrate(url)
        yield await stack.enter_async_context(open_pool(url, size=POOL_SIZE))


def _url_of_running(folder: Path) -> str:
    layout = Layout(folder.resolve())
    return layout.url(APPLICATION, layout.secret(APPLICATION).read_text(), APPLICATION)
