"""Which PostgreSQL the appliance works on: a server of the plant's, or its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from appliance.errors import CarbonseedError
from appliance.store.postgres.cluster import Cluster, open_cluster


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


@asynccontextmanager
async def open_database(place: Place) -> AsyncIterator[Database]:
    """The database, until the block is left; our own server runs as long."""
    if place.url:
        yield Database(with_password(place.url, place.password_file), None)
        return
    async with open_cluster(place.folder, binaries=place.binaries) as cluster:
        yield Database(cluster.url, cluster)


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
