"""Which PostgreSQL the appliance works on: a server of the plant's, or its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from appliance.errors import AlreadyRunning, CarbonseedError, NotFound
from appliance.settings import Settings
from appliance.store.postgres.cluster import Cluster, open_cluster
from appliance.store.postgres.layout import APPLICATION, Layout


class Database(NamedTuple):
    """Its address, and the appliance's own server if it is that."""

    url: str
    cluster: Cluster | None


class Place(NamedTuple):
    """What says where the database is: `url` of a server, or the `folder` of our own."""

    folder: Path
    binaries: Path | None = None
    url: str | None = None
    password_file: Path | None = None


def place_of(settings: Settings) -> Place:
    """What the settings say of it."""
    return Place(
        settings.cluster_dir,
        settings.pg_bin,
        settings.database_url,
        settings.database_password_file,
    )


@asynccontextmanager
async def open_database(place: Place) -> AsyncIterator[Database]:
    """The database, until the block is left; our own server runs as long."""
    if place.url:
        yield Database(with_password(place.url, place.password_file), None)
        return
    async with open_cluster(place.folder, binaries=place.binaries) as cluster:
        yield Database(cluster.url, cluster)


@asynccontextmanager
async def reach_database(place: Place) -> AsyncIterator[Database]:
    """The database that is there, also while an appliance runs it; else its server runs here.

    NotFound: there is none.
    """
    there = bool(place.url) or await asyncio.to_thread((place.folder / "data").exists)
    if not there:
        raise NotFound(
            f"There is no appliance in {place.folder.parent}. Name its folder with --data-dir, or "
            "start one with `carbonseed up`."
        )
    async with AsyncExitStack() as stack:
        try:
            database = await stack.enter_async_context(open_database(place))
        except AlreadyRunning:
            database = Database(await asyncio.to_thread(_url_of_running, place.folder), None)
        yield database


def _url_of_running(folder: Path) -> str:
    layout = Layout(folder.resolve())
    return layout.url(APPLICATION, layout.secret(APPLICATION).read_text(), APPLICATION)


def with_password(url: str, file: Path | None) -> str:
    """The address with the password that the file holds."""
    if file is None:
        return url
    try:
        password = file.read_text().strip()
    except OSError as error:
        raise CarbonseedError(f"The password file {file} cannot be read: {error}.") from error
    parts = urlsplit(url)
    user, _, hosts = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    if not name:
        raise CarbonseedError("CARBONSEED_DATABASE_URL names no user: postgresql://USER@HOST/NAME.")
    return parts._replace(netloc=f"{name}:{quote(password, safe='')}@{hosts}").geturl()
