import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from appliance.errors import DatabaseUnavailable
from appliance.store.migrate import Migration, MigrationError, migrate, packaged
from appliance.store.postgres.cluster import Cluster, open_cluster

ONE = Migration(1, "machines", "create table machines (name text); -- ü\ncreate table areas ();")
TWO = Migration(2, "first_machine", "insert into machines values ('Press 1');")
THREE = Migration(3, "paint", "alter table machines add paint text;")


@pytest.fixture
async def empty_url(cluster: Cluster) -> AsyncIterator[str]:
    """The address of a database without any table."""
    name = f"test_{uuid4().hex}"
    superuser = await asyncpg.connect(cluster.superuser_url)
    await superuser.execute(f"create database {name} owner carbonseed")
    yield urlsplit(cluster.url)._replace(path=f"/{name}").geturl()
    await superuser.execute(f"drop database {name} with (force)")
    await superuser.close()


@pytest.fixture
async def db(empty_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(empty_url)
    yield connection
    await connection.close()


async def test_steps_are_applied_once_and_in_order(empty_url, db):
    assert await migrate(empty_url, [ONE, TWO]) == [ONE, TWO]
    assert await migrate(empty_url, [ONE, TWO]) == []
    assert await migrate(empty_url, [ONE, TWO, THREE]) == [THREE]
    assert await db.fetchval("select name from machines where paint is null") == "Press 1"
    recorded = await db.fetch("select number, name, sha256, applied_at from migrations")
    assert [tuple(row)[:3] for row in recorded] == [
        (*step[:2], step.sha256) for step in (ONE, TWO, THREE)
    ]
    assert all(row["applied_at"].tzinfo for row in recorded)


async def test_a_step_that_fails_leaves_nothing_of_itself_and_all_before_it(empty_url, db):
    half = Migration(2, "half", "insert into machines values ('Mill'); select 1 / 0;")
    with pytest.raises(MigrationError, match=r"2 \(half\) failed and changed nothing: division by"):
        await migrate(empty_url, [ONE, half, THREE])
    assert await db.fetchval("select count(*) from machines") == 0
    assert await db.fetchval("select array_agg(number) from migrations") == [1]
    assert await migrate(empty_url, [ONE, TWO, THREE]) == [TWO, THREE]


async def test_a_step_and_its_record_are_one(empty_url, db):
    thief = "insert into migrations (number, name, sha256) values (2, 'thief', '');"
    step = Migration(2, "half", f"insert into machines values ('Mill'); {thief}")
    with pytest.raises(MigrationError, match="duplicate key"):
        await migrate(empty_url, [ONE, step])
    assert await db.fetchval("select count(*) from machines") == 0
    assert await db.fetchval("select max(number) from migrations") == 1


async def test_a_step_changed_after_it_was_applied_is_refused(empty_url, db):
    await migrate(empty_url, [ONE, TWO])
    changed = ONE._replace(sql=ONE.sql + " ")
    with pytest.raises(MigrationError, match=r"1 \(machines\) of this database is not the one"):
        await migrate(empty_url, [changed, TWO, THREE])
    assert await db.fetchval("select count(*) from migrations") == 2


async def test_a_database_of_a_newer_version_is_refused(empty_url):
    await migrate(empty_url, [ONE, TWO, THREE])
    with pytest.raises(MigrationError, match="at migration 3, this version knows 1"):
        await migrate(empty_url, [ONE])


async def test_two_that_start_at_once_apply_each_step_once(empty_url, db):
    slow = Migration(1, "slow", "create table machines (name text); select pg_sleep(0.2);")
    done = await asyncio.gather(*(migrate(empty_url, [slow, TWO]) for _ in range(4)))
    assert sorted(map(len, done)) == [0, 0, 0, 2]
    assert await db.fetchval("select count(*) from machines") == 1


async def test_no_step_waits_for_ever_for_a_lock_or_to_finish(empty_url, db):
    limits = "current_setting('lock_timeout') a, current_setting('statement_timeout') b"
    await migrate(empty_url, [Migration(1, "limits", f"create table limits as select {limits};")])
    assert tuple(await db.fetchrow("select * from limits")) == ("10s", "30min")


async def test_a_server_that_is_not_there_is_unavailable(tmp_path):
    with pytest.raises(DatabaseUnavailable):
        await migrate(f"postgresql://a:b@/c?host={tmp_path}", [ONE])


def test_the_steps_of_this_version_are_numbered_without_a_gap():
    assert [step.number for step in packaged()] == list(range(1, len(packaged()) + 1))
    assert all(step.sql.strip() for step in packaged())


async def test_the_steps_of_this_version_work_on_the_postgresql_of_this_machine(folder):
    async with open_cluster(folder, settings={"fsync": "off"}) as cluster:
        assert await migrate(cluster.url) == await asyncio.to_thread(packaged)
        assert await migrate(cluster.url) == []
