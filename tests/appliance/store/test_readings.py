"""One moment of hot and sealed readings, however its block ends."""

import pytest

from appliance.store.pool import TROUBLE, Pool
from appliance.store.readings import at_one_moment


async def test_a_moment_is_for_reading_and_no_sealed_row_leaves_it(pool: Pool) -> None:
    async with at_one_moment(pool) as db:
        assert await db.fetchval("show transaction_isolation") == "repeatable read"
        assert await db.fetchval("show transaction_read_only") == "on"
        held = await db.fetchval(
            """
            select mode from pg_locks
             where relation = 'batches'::regclass and pid = pg_backend_pid()"""
        )
        assert held == "AccessShareLock"
    async with pool.acquire() as after:
        assert not after.is_in_transaction()


async def test_a_moment_that_fails_leaves_its_connection_as_it_was(pool: Pool) -> None:
    with pytest.raises(ZeroDivisionError):
        async with at_one_moment(pool) as db:
            await db.fetch("select 1")
            1 / 0  # noqa: B018
    async with pool.acquire() as db:
        assert not db.is_in_transaction()


async def test_a_moment_whose_connection_ends_says_so(pool: Pool) -> None:
    with pytest.raises(TROUBLE):
        async with at_one_moment(pool) as db, pool.acquire() as other:
            await other.execute("select pg_terminate_backend($1)", db.get_server_pid())
            await db.fetch("select 1")
    async with at_one_moment(pool) as db:
        assert await db.fetchval("select 1") == 1
