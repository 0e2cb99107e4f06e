import asyncio

import pytest

from appliance.store.notifications import listen
from appliance.store.pool import Pool


async def test_what_is_told_is_taken_once(pool: Pool) -> None:
    async with pool.acquire() as db, listen(db, "one", "other") as news:
        for channel, payload in (("one", "1"), ("one", "1"), ("one", "2"), ("other", "3")):
            await pool.execute("select pg_notify($1, $2)", channel, payload)
        await news.wait(20)
        told = news.take()
        while "other" not in told:
            await news.wait(20)
            told = {**told, **news.take()}
        assert told == {"one": {"1", "2"}, "other": {"3"}}
        await news.wait(0.01)
        assert news.take() == {}


async def test_nothing_is_told_before_the_commit(pool: Pool) -> None:
    async with pool.acquire() as db, listen(db, "one") as news, pool.acquire() as other:
        async with other.transaction():
            await other.execute("select pg_notify('one', '')")
            await news.wait(0.05)
            assert news.take() == {}
        await news.wait(20)
        assert news.take() == {"one": {""}}


async def test_the_connection_goes_back_without_its_listeners(pool: Pool) -> None:
    async with pool.acquire() as db:
        async with listen(db, "one") as news:
            pass
        await pool.execute("select pg_notify('one', '')")
        assert await db.fetchval("select count(*) from pg_listening_channels()") == 0
        assert news.take() == {}


async def test_whoever_waits_is_told_that_the_connection_is_lost(pool: Pool) -> None:
    async with pool.acquire() as db, listen(db, "one") as news:
        waiting = asyncio.create_task(news.wait(20))
        await pool.fetchval("select pg_terminate_backend($1)", db.get_server_pid())
        with pytest.raises(ConnectionError):
            await waiting
        with pytest.raises(ConnectionError):
            await news.wait(20)
