"""The composition root: settings → resources → workers → listeners; nothing else starts any."""

import asyncio
import logging
import os
import resource
import signal
import time
import traceback
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Coroutine,
    Iterator,
    Sequence,
)
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

import uvloop

from appliance import analytics
from appliance.api.app import create_app
from appliance.api.health import create_health
from appliance.api.ingest.application import create_ingest
from appliance.api.node.application import create_node
from appliance.archive.read import Archive
from appliance.errors import CarbonseedError
from appliance.history.readings import Source
from appliance.http.context import Context
from appliance.identity import first_administrator, keys
from appliance.identity.device_keys import KeyRing
from appliance.identity.vault import Vault
from appliance.listeners.asgi import App
from appliance.listeners.doors import open_doors
from appliance.listeners.people import quieten
from appliance.listeners.trust import Trust
from appliance.live import Hub
from appliance.nodes.rollouts import Pace
from appliance.notify.mail import mail_server
from appliance.reports import lost_keys
from appliance.running import Running, remove_running, write_running
from appliance.settings import Settings
from appliance.store.database import Database, open_database, place_of
from appliance.store.metrics import select_metrics
from appliance.store.migrate import migrate
from appliance.store.pool import Pool, open_pool
from appliance.workers.archiver import run_archiver
from appliance.workers.archiving import Archiving, open_mirror
from appliance.workers.commands import run_commands
from appliance.workers.engine import run_engine
from appliance.workers.escalator import run_escalator
from appliance.workers.health import run_health
from appliance.workers.learner import run_learner
from appliance.workers.mirroring import run_mirroring
from appliance.workers.models import run_models
from appliance.workers.notifier import run_notifier
from appliance.workers.partitions import run_partitions
from appliance.workers.relay import run_relay
from appliance.workers.rollouts import run_rollouts
from appliance.workers.runs import run_runs
from appliance.workers.scrubber import run_scrubber
from appliance.workers.sealed_points import SealedPoints
from appliance.workers.space import Space
from appliance.workers.writer import Writer
from webui.pages import create_pages

WORKERS_POOL_SIZE = 16
BLOCKING_THREADS = 4
REFUSE_SECONDS = 0.05
"""Before the live views are closed, the doors must refuse those that come back at once."""
END_SECONDS = 4.0
"""How long a worker or a guest may take to end."""

log = logging.getLogger(__name__)


class Role(StrEnum):
    """Which part of the appliance a process is."""

    API = "api"
    ENGINE = "engine"
    ALL = "all"


class WorkerFailed(CarbonseedError):
    """A worker has ended, and the appliance with it."""

    code = "worker-failed"


@dataclass(frozen=True)
class Started:
    """What whoever started the appliance may want to know and use."""

    context: Context
    running: Running
    authority: Path
    """The plant's CA certificate."""
    setup_code: str | None
    """Makes the first administrator; None where there is one."""


Work: TypeAlias = Coroutine[Any, Any, None]
Workers: TypeAlias = dict[str, Callable[[], Work]]
Beside: TypeAlias = Callable[[Started], Work]


@dataclass(frozen=True)
class _Ground:
    """What every role stands on."""

    settings: Settings
    blocking: ThreadPoolExecutor
    database: Database
    pool: Pool
    """The workers' own: people's questions take none of its connections."""
    space: Space


@dataclass(frozen=True)
class _Api:
    """What the doors serve, and the workers behind it."""

    context: Context
    pages: App
    ingest: App
    trust: Trust
    workers: Workers


class _Serving(NamedTuple):
    """The open doors, and the live views to be closed before them."""

    serve: Callable[[asyncio.Event], Work]
    live: Hub


def run(settings: Settings, role: Role, *beside: Beside) -> None:
    """Run the appliance until SIGTERM or SIGINT; a second one ends it at once.

    beside: what shall run next to it once it serves, such as a demo.
    """
    _raise_file_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(_until_asked(serve(settings, role, *beside)))
        except BaseExceptionGroup as group:
            raise _first(group) from group


async def serve(settings: Settings, role: Role, *beside: Beside) -> None:
    """Run the appliance until cancelled; then end everything in order, within seconds.

    The data folder is there already: data_dir.prepare().
    """
    async with AsyncExitStack() as stack:
        doors = None if role is Role.ENGINE else stack.enter_context(open_doors(settings))
        ground = await stack.enter_async_context(_lay(settings))
        vault = Vault((await asyncio.to_thread(keys.load_or_create, settings.secrets_dir)).signing)
        workers = {} if role is Role.API else _engine(ground, vault)
        if ground.database.cluster:
            workers["postgres"] = ground.database.cluster.supervise
        if doors is None:
            log.info("The engine works")
            await _work(workers)
            return
        api = await stack.enter_async_context(_build_api(ground))
        running = doors.running(settings.host)
        await asyncio.to_thread(write_running, settings.running_file, running)
        stack.push_async_callback(asyncio.to_thread, remove_running, settings.running_file, running)
        if not os.isatty(0):  # a service; else a hangup says that the terminal is gone
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, api.trust.look_now)
        log.info("Serving people on port %d", running.people_port)
        started = Started(
            api.context,
            running,
            api.trust.authority,
            await first_administrator.issue_code(api.context.db, _now()),
        )
        await _work(
            workers | api.workers,
            [one(started) for one in beside],
            _Serving(doors.serve(api.pages, api.ingest, api.trust), api.context.live),
        )


@asynccontextmanager
async def _lay(settings: Settings) -> AsyncIterator[_Ground]:
    async with AsyncExitStack() as stack:
        blocking = ThreadPoolExecutor(BLOCKING_THREADS, thread_name_prefix="blocking")
        stack.callback(blocking.shutdown, wait=False, cancel_futures=True)
        database = await stack.enter_async_context(open_database(place_of(settings)))
        await migrate(database.url)
        warm = asyncio.get_running_loop().run_in_executor(blocking, _warm_up)
        pool = await stack.enter_async_context(open_pool(database.url, size=WORKERS_POOL_SIZE))
        await warm
        folders = (settings.archive_dir, settings.cluster_dir)
        space = Space(folders, settings.reserve_bytes, blocking)
        yield _Ground(settings, blocking, database, pool, space)


@asynccontextmanager
async def _build_api(ground: _Ground) -> AsyncIterator[_Api]:
    settings = ground.settings
    trust = await asyncio.to_thread(Trust, settings, _now)
    secrets = await asyncio.to_thread(keys.load_or_create, settings.secrets_dir)
    space = ground.space
    archive = Archive(settings.archive_dir)
    writer = Writer(
        ground.pool,
        settings.writer_queue_batches,
        lambda: space.trouble,
        SealedPoints(archive, ground.blocking),
        round(settings.late_seconds * 1000),
    )
    ring = KeyRing(ground.pool, _now)
    ingest = create_ingest(
        db=ground.pool,
        keys=ring,
        store=writer.store,
        metrics=await select_metrics(ground.pool),
        clock=_now,
        requests_per_minute=settings.device_requests_per_minute,
    )
    node = create_node(
        ingest,
        db=ground.pool,
        keys=ring,
        clock=_now,
        requests_per_minute=settings.device_requests_per_minute,
    )
    async with open_pool(ground.database.url, size=settings.api_pool_size, undo=False) as pool:
        context = Context(
            pool,
            secrets,
            Hub(),
            ground.blocking,
            _now,
            settings,
            archive,
        )
        app = create_app(context)
        lost = await lost_keys.find(ground.pool, settings.secrets_dir)
        for said in lost:
            log.warning("%s", said)
        health = create_health(ground.pool, lambda: writer.trouble, _now, lost)
        app.register_blueprint(health)
        app.register_blueprint(await asyncio.to_thread(create_pages))
        workers: Workers = {
            "space": space.run,
            "writer": writer.run,
            "relay": partial(run_relay, ground.pool, context.live, _now),
            "keys": ring.run,
            "runs": partial(run_runs, ground.pool, _now),
            "certificates": trust.keep,
        }
        yield _Api(context, cast(App, app), node, trust, workers)


def _engine(ground: _Ground, vault: Vault) -> Workers:
    settings, space = ground.settings, ground.space
    archiving = Archiving(
        settings.archive_dir,
        timedelta(hours=settings.seal_grace_hours),
        ground.blocking,
        _now,
        settings.backups_dir,
        lambda: space.short,
        open_mirror(settings),
    )
    mirroring: Workers = {}
    if archiving.mirror:
        mirroring["mirroring"] = partial(run_mirroring, ground.pool, archiving, archiving.mirror)
    source = Source(ground.pool, ground.blocking, Archive(settings.archive_dir))
    return mirroring | {
        "learner": partial(run_learner, source, _now),
        "health": partial(run_health, source, _now),
        "models": partial(run_models, source, _now),
        "space": space.run,
        "partitions": partial(run_partitions, ground.pool, _now),
        "commands": partial(
            run_commands, ground.pool, timedelta(hours=settings.command_expiry_hours), _now
        ),
        "rollouts": partial(run_rollouts, ground.pool, _pace(settings), _now),
        "engine": partial(run_engine, source, _now),
        "escalator": partial(run_escalator, ground.pool, _now),
        "notifier": partial(run_notifier, ground.pool, vault, mail_server(settings), _now),
        "archiver": partial(run_archiver, ground.pool, archiving),
        "scrubber": partial(run_scrubber, ground.pool, archiving),
    }


def _pace(settings: Settings) -> Pace:
    return Pace(
        timedelta(minutes=settings.rollout_soak_minutes),
        timedelta(minutes=settings.rollout_patience_minutes),
    )


async def _work(
    workers: Workers, guests: Sequence[Work] = (), doors: _Serving | None = None
) -> None:
    """Run everything until cancelled, or until a worker ends, which none may."""
    async with asyncio.TaskGroup() as group:
        working = [group.create_task(_last(name, work())) for name, work in workers.items()]
        visiting = [group.create_task(guest) for guest in guests]
        stop = asyncio.Event()
        serving = group.create_task(doors.serve(stop)) if doors else None
        try:
            await asyncio.Event().wait()
        finally:
            await _end(visiting)
            if doors and serving:
                stop.set()
                await asyncio.sleep(REFUSE_SECONDS)
                doors.live.close()
                await asyncio.wait({serving})
            await _end(working)


async def _last(name: str, work: Work) -> None:
    try:
        await work
    except Exception as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise WorkerFailed(f"The worker {name} has failed: {said} ({_place(error)})") from error
    raise WorkerFailed(f"The worker {name} has ended by itself.")


def _place(error: Exception) -> str:
    """Where it arose: the innermost place in our own code."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(str(Path(__file__).parent))]
    return f"{(ours or frames)[-1].filename}:{(ours or frames)[-1].lineno}"


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=END_SECONDS)


async def _until_asked(work: Work) -> None:
    """Run until SIGTERM or SIGINT; at the second one end on the spot."""
    loop = asyncio.get_running_loop()
    quieten(loop)
    running = loop.create_task(work)

    def ask() -> None:
        if running.cancelling():
            os._exit(130)
        log.info("Stopping")
        running.cancel()

    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(name, ask)
    with suppress(asyncio.CancelledError):
        await running
    log.info("Stopped")


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Of what went wrong together, that which is written for people, or the first."""
    errors = list(_leaves(group))
    return next((error for error in errors if isinstance(error, CarbonseedError)), errors[0])


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _raise_file_limit() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _warm_up() -> None:
    begun = time.monotonic()
    analytics.warm_up()
    log.info("Kernels ready in %.1f s", time.monotonic() - begun)


def _now() -> datetime:
    return datetime.now(UTC)
