"""Connections to PostgreSQL: bounded in number and in every wait; jsonb goes in and out as data."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
import msgspec
from asyncpg.pool import PoolAcquireContext, PoolConnectionProxy

from appliance.errors import DatabaseUnavailable

if TYPE_CHECKING:
    _Pool = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:  # asyncpg's classes take type parameters in their stubs alone
    _Pool = asyncpg.Pool
    Connection = asyncpg.Connection | PoolConnectionProxy

UNREACHABLE: tuple[type[Exception], ...] = (
    DatabaseUnavailable,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, starting up, cancelled
    asyncpg.InsufficientResourcesError,  # disk full, too many connections
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
    TimeoutError,
)
"""What a query raises when PostgreSQL is gone, ends, starts or is too slow: worth another try."""
DAMAGED: tuple[type[Exception], ...] = (
    asyncpg.InternalServerError,  # a page or an index that cannot be read
    asyncpg.ProgramLimitExceededError,
)
"""What writing raises because of a row that is there already: other rows can be written."""
TROUBLE: tuple[type[Exception], ...] = (
    *UNREACHABLE,
    *DAMAGED,
    asyncpg.TransactionRollbackError,  # deadlock
    asyncpg.ObjectNotInPrerequisiteStateError,  # lock not available
    asyncpg.ReadOnlySQLTransactionError,  # another server has taken over
    asyncpg.PostgresSystemError,  # I/O error
)
"""What a worker must bear and try again: the server's state, never a mistake in the program."""
REFUSED: tuple[type[Exception], ...] = (
    *UNREACHABLE,
    OSError,  # no such socket
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)

CONNECT_SECONDS = 5.0
ACQUIRE_SECONDS = 2.0
CLOSE_SECONDS = 10.0

log = logging.getLogger(__name__)


class Pool(_Pool):
    """asyncpg's pool, except that nobody waits for ever for a free connection."""

    def acquire(self, *, timeout: float | None = None) -> "PoolAcquireContext[asyncpg.Record]":
        """Take a connection; after `timeout` seconds without a free one: TimeoutError."""
        return super().acquire(timeout=ACQUIRE_SECONDS if timeout is None else timeout)


Db: TypeAlias = Connection | Pool
"""What store functions take: a connection (in the caller's transaction) or the pool."""


def unavailable(error: BaseException) -> DatabaseUnavailable | None:
    """Return what to tell the caller if this error means that PostgreSQL is unreachable."""
    if isinstance(error, DatabaseUnavailable):
        return error
    if isinstance(error, UNREACHABLE):
        return DatabaseUnavailable(retry_after_seconds=5)
    return None


async def connect(dsn: str | None = None, **options: Any) -> "asyncpg.Connection[asyncpg.Record]":
    """Connect within CONNECT_SECONDS; a server that cannot be reached or refuses us says why."""
    settings = {"application_name": "carbonseed", "timezone": "UTC", "synchronous_commit": "on"}
    try:
        return await asyncpg.connect(
            dsn, **{"timeout": CONNECT_SECONDS, "server_settings": settings, **options}
        )
    except REFUSED as error:
        raise DatabaseUnavailable(
            f"PostgreSQL does not let us in: {error or type(error).__name__}",
            retry_after_seconds=5,
        ) from error


@asynccontextmanager
async def open_pool(
    url: str, *, size: int, command_timeout_seconds: float = 5.0, undo: bool = True
) -> AsyncIterator[Pool]:
    """Keep at most `size` connections open until the block is left.

    undo: what the last user did to a session (locks, settings) is undone before the next one has
    it: a question more each time. Without, nobody may do such a thing outside a transaction.
    """
    pool = Pool(
        url,
        min_size=0,  # asyncpg tells of every failed try to keep a minimum, traceback and all
        max_size=size,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        connect=connect,
        init=_teach_json,
        reset=None if undo else _leave,
        loop=asyncio.get_running_loop(),
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        command_timeout=command_timeout_seconds,
    )
    try:
        await pool
        async with pool.acquire():
            pass  # a wrong address or password shows at the start
        yield pool
    finally:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await pool.close()
        except TimeoutError:
            log.warning("Connections to PostgreSQL were still in use after %g s", CLOSE_SECONDS)
            pool.terminate()


async def _leave(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Nothing: asyncpg itself ends a transaction that is open."""


async def _teach_json(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda data: msgspec.json.decode(data[1:]),
        format="binary",
    )
