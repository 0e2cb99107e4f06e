"""A year of sealed history behind the product's own pages, over TLS on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance.api.app import create_app
from appliance.history.readings import Source
from appliance.http.context import Context
from appliance.identity import certificates
from appliance.identity.hasher import Hasher
from appliance.identity.keys import Keys
from appliance.listeners.people import PROTOCOLS, serve_people
from appliance.listeners.tls import server_context
from appliance.live import Hub
from appliance.model.scope import Scope
from appliance.model.user import Role
from appliance.settings import Settings
from appliance.store import users
from appliance.store.pool import Db
from tests.bench.sealed_year import Year, sealed_year
from webui.pages import create_pages

EMAIL, PASSWORD = "manager@bench.example", "seven walrus kettle"
METRICS = ("temperature", "gas", "vibration", "pressure")


@dataclass(frozen=True)
class Served:
    """Where the pages are, what they tell of, and who may sign in."""

    url: str
    year: Year
    context: Context


@asynccontextmanager
async def served(folder: Path, *, quick: bool) -> AsyncIterator[Served]:
    """The pages of a plant of some 200 nodes, each with its newest values."""
    async with sealed_year(folder, quick=quick) as year:
        await newest(year.source.db, METRICS)
        async with serving(folder, year.source, year.scope) as (url, context):
            yield Served(url, year, context)


@asynccontextmanager
async def serving(folder: Path, source: Source, scope: Scope) -> AsyncIterator[tuple[str, Context]]:
    """The pages of some factories, at an address."""
    keys = Keys(b"s" * 32, Hasher(b"p" * 32, cost=4))
    context = Context(
        db=source.db,
        keys=keys,
        live=Hub(),
        blocking=source.blocking,
        clock=lambda: datetime.now(UTC),
        settings=Settings(data_dir=folder),
        archive=source.archive,
    )
    await _people(context, scope)
    app = create_app(context)
    app.register_blueprint(create_pages())
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    port = listener.getsockname()[1]
    found = certificates.ensure(folder / "certificates", ["127.0.0.1"], datetime.now(UTC))
    tls = server_context(found.people.certificate, found.people.key, PROTOCOLS)
    stop = asyncio.Event()
    at_work = asyncio.create_task(serve_people(app, listener, tls, stop))
    try:
        yield f"https://127.0.0.1:{port}", context
    finally:
        context.live.close()
        stop.set()
        await at_work


async def _people(context: Context, scope: Scope) -> None:
    user_id = await users.insert_user(
        context.db,
        email=EMAIL,
        name="Manager",
        role=Role.MANAGER,
        password_hash=await context.keys.hasher.hash(context.blocking, PASSWORD),
        now=datetime.now(UTC),
    )
    await users.update_memberships(context.db, user_id, list(scope.factory_ids))


async def newest(db: Db, metrics: Sequence[str]) -> None:
    """What every node said a moment ago."""
    await db.execute(
        """
        insert into latest (device_id, received_at, metric_ids, times_ms, readings)
        select d.id, now(), m.ids, array_fill((extract(epoch from now()) * 1000)::bigint,
                                               array[cardinality(m.ids)]),
               array_fill(20.0 + d.id::float8 / 7, array[cardinality(m.ids)])
          from devices d,
               (select array_agg(id order by id) as ids from metrics where name = any($1)) as m
        """,
        list(metrics),
    )
