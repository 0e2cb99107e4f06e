import asyncio
from urllib.parse import urlsplit

import asyncpg
import pytest

from appliance.errors import DatabaseUnavailable
from appliance.store import pool as pools
from appliance.store.pool import open_pool, unavailable


@pytest.mark.parametrize(
    "value", [{"a": [1, None, "ü"]}, [], "text", 1.5, True, {"deep": {"er": {}}}]
)
async def test_jsonb_goes_in_and_out_as_data(pool, value):
    assert await pool.fetchval("select $1::jsonb", value) == value
    assert await pool.fetchval("select jsonb_build_array($1::jsonb)", value) == [value]


async def test_a_missing_jsonb_is_none(pool):
    assert await pool.fetchval("select $1::jsonb", None) is None


async def test_nobody_waits_for_ever_for_a_connection(database_url, monkeypatch):
    monkeypatch.setattr(pools, "ACQUIRE_SECONDS", 0.1)
    async with open_pool(database_url, size=1) as pool:
        async with pool.acquire():
            with pytest.raises(TimeoutError) as waited:
                await pool.fetchval("select 1")
        assert isinstance(unavailable(waited.value), DatabaseUnavailable)
        assert await pool.fetchval("select 1") == 1


async def test_a_statement_that_takes_too_long_is_given_up(database_url):
    async with open_pool(database_url, size=1, command_timeout_seconds=0.1) as pool:
        with pytest.raises(TimeoutError):
            await pool.execute("select pg_sleep(60)")
        assert await pool.fetchval("select 1") == 1
        assert await pool.fetchval("select 1 from pg_sleep(0.3)", timeout=30) == 1


@pytest.mark.parametrize("undo", [True, False])
async def test_a_transaction_left_open_ends_and_a_session_is_undone_if_asked(database_url, undo):
    async with open_pool(database_url, size=1, undo=undo) as pool:
        async with pool.acquire() as db:
            await db.execute("set lock_timeout = '7s'")
            await db.execute("begin; create table left_open ()")
            asyncio.get_running_loop().set_exception_handler(lambda _, context: None)
        assert await pool.fetchval("show lock_timeout") == ("0" if undo else "7s")
        assert await pool.fetchval("select to_regclass('left_open')") is None


async def test_a_server_that_is_not_there_is_unavailable(tmp_path):
    with pytest.raises(DatabaseUnavailable, match="No such file") as refused:
        async with open_pool(f"postgresql://a:b@/c?host={tmp_path}", size=1):
            pass
    assert refused.value.status == 503
    assert refused.value.retry_after_seconds


async def test_a_wrong_password_or_database_is_unavailable_and_says_why(database_url):
    address = urlsplit(database_url)
    for wrong, reason in (
        (address._replace(netloc="carbonseed:wrong@"), "password authentication failed"),
        (address._replace(path="/nowhere"), '"nowhere" does not exist'),
    ):
        with pytest.raises(DatabaseUnavailable, match=reason):
            async with open_pool(wrong.geturl(), size=1):
                pass


async def test_a_lost_connection_is_unavailable_and_the_next_query_works(pool):
    async with pool.acquire() as lost:
        pid = lost.get_server_pid()
        await pool.execute("select pg_terminate_backend($1)", pid)
        with pytest.raises(pools.UNREACHABLE) as first:
            while True:
                await lost.fetchval("select 1")
        with pytest.raises(pools.UNREACHABLE) as second:
            await lost.fetchval("select 1")
    for error in (first.value, second.value):
        assert unavailable(error)
    assert await pool.fetchval("select 1") == 1


@pytest.mark.parametrize(
    ("statement", "arguments"),
    [
        ("select $1::int", ["seven"]),
        ("select $1::text", ["nul\0"]),
        ("select 1 / $1::int", [0]),
        ("select * from nowhere", []),
        ("insert into metrics select * from metrics", []),
    ],
)
async def test_what_the_caller_did_wrong_is_not_blamed_on_the_server(pool, statement, arguments):
    with pytest.raises(asyncpg.PostgresError) as wrong:
        await pool.fetch(statement, *arguments)
    assert unavailable(wrong.value) is None


async def test_an_answer_means_on_the_disk_whatever_the_server_is_set_to(database_url, pool):
    database = urlsplit(database_url).path[1:]
    await pool.execute(f"alter database {database} set synchronous_commit = off")
    async with open_pool(database_url, size=1) as later:
        assert await later.fetchval("show synchronous_commit") == "on"
        assert await later.fetchval("show application_name") == "carbonseed"
        await later.execute(
            "set synchronous_commit = off"
        )  # lasts until the connection is released
        assert await later.fetchval("show synchronous_commit") == "on"


async def test_closing_does_not_wait_for_ever_for_those_who_hold_a_connection(
    database_url, monkeypatch, caplog
):
    monkeypatch.setattr(pools, "CLOSE_SECONDS", 0.1)
    async with open_pool(database_url, size=1) as pool:
        held = await pool.acquire()
    assert "still in use" in caplog.text
    with pytest.raises(asyncpg.InterfaceError):
        await held.fetchval("select 1")
