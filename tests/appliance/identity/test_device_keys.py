"""Device keys: only the right one opens, and a revoked one no longer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest

from appliance.errors import Conflict, DatabaseUnavailable, NotFound
from appliance.identity import device_keys
from appliance.identity.device_keys import KeyRing, issue, make, matches, parse
from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.store import device_keys as stored
from appliance.store import outage
from appliance.store.pool import UNREACHABLE, Pool, open_pool
from tests.appliance.conftest import Clock
from tests.appliance.plant import NOON, Plant


@pytest.fixture
async def device(plant: Plant) -> DeviceId:
    return DeviceId(await plant.device("one"))


@pytest.fixture
async def ring(pool: Pool, clock: Clock) -> AsyncIterator[KeyRing]:
    made = KeyRing(pool, clock)
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def test_a_key_is_made_of_an_id_and_a_secret_that_is_not_kept() -> None:
    key_id, key, sha256 = make()
    assert parse(key) is not None
    parsed_id, secret = parse(key) or ("", "")
    assert parsed_id == key_id
    assert matches(secret, sha256)
    assert not matches(secret[:-1] + ("A" if secret[-1] != "A" else "B"), sha256)
    assert not matches(secret, None)
    assert len({make()[1] for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "text",
    [
        "",
        "csk_",
        "csk_aaaaaaaaaa_" + "A" * 42,
        "csk_aaaaaaaaaa_" + "A" * 44,
        "csk_AAAAAAAAAA_" + "A" * 43,
        "csk_aaaaaaaaa1_" + "A" * 43,
        "csk_aaaaaaaaaa_" + "A" * 42 + "+",
        "csk_aaaaaaaaaa_" + "A" * 43 + "\n",
        " csk_aaaaaaaaaa_" + "A" * 43,
        "csk_aaaaaaaaaa_" + "\u00c4" * 43,
    ],
)
def test_what_is_not_shaped_like_a_key_is_none(text: str) -> None:
    assert parse(text) is None


async def test_a_device_has_at_most_two_live_keys(
    pool: Pool, plant: Plant, device: DeviceId, ring: KeyRing
) -> None:
    async def give() -> tuple[str, str]:
        async with pool.acquire() as db, db.transaction():
            return await issue(db, plant.scope, device, NOON)

    given = await asyncio.gather(*(give() for _ in range(4)), return_exceptions=True)
    live = [each for each in given if not isinstance(each, BaseException)]
    assert len(live) == 2
    assert sum(isinstance(each, Conflict) for each in given) == 2
    assert all([await ring.recognise(key) for _, key in live])
    await stored.update_device_key_revoked(pool, plant.scope, device, live[0][0], NOON)  # type: ignore[arg-type]
    await give()


async def test_no_key_is_given_to_a_device_out_of_scope(pool: Pool, device: DeviceId) -> None:
    with pytest.raises(NotFound):
        await issue(pool, Scope(()), device, NOON)


async def test_a_key_is_remembered_and_forgotten_when_it_is_revoked(
    pool: Pool, plant: Plant, device: DeviceId, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_keys, "CACHE_SECONDS", 1e9)
    key_id, key = await issue(pool, plant.scope, device, NOON)
    await until_listening(pool)
    holder = await ring.recognise(key)
    assert holder is not None
    assert holder.device_id == device
    await pool.execute("delete from device_keys")  # behind its back
    assert await ring.recognise(key) == holder
    await stored.insert_device_key(pool, plant.scope, device, key_id, holder.sha256, NOON)
    await stored.update_device_key_revoked(pool, plant.scope, device, key_id, NOON)
    assert await soon(lambda: ring.recognise(key), None)


async def test_a_key_that_is_remembered_is_looked_up_again_after_a_while(
    pool: Pool, plant: Plant, device: DeviceId, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_keys, "CACHE_SECONDS", 0.05)
    _, key = await issue(pool, plant.scope, device, NOON)
    await until_listening(pool)
    assert await ring.recognise(key)
    await pool.execute("delete from device_keys")
    assert await soon(lambda: ring.recognise(key), None)


async def test_nothing_is_remembered_while_nobody_listens(
    pool: Pool, plant: Plant, device: DeviceId, clock: Clock
) -> None:
    ring = KeyRing(pool, clock)
    _, key = await issue(pool, plant.scope, device, NOON)
    assert await ring.recognise(key)
    await pool.execute("delete from device_keys")
    assert await ring.recognise(key) is None


async def test_the_ring_listens_again_after_its_connection_ended_and_says_so(
    pool: Pool,
    ring: KeyRing,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(outage, "LONGEST_SECONDS", 0.01)
    first = await until_listening(pool)
    await pool.execute("select pg_terminate_backend($1, 5000)", first)
    assert await until_listening(pool) != first
    assert "The listener for revoked keys waits for PostgreSQL" in caplog.text


async def test_a_database_that_takes_no_writes_does_not_end_the_ring(
    pool: Pool, database_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "LONGEST_SECONDS", 0.01)
    name = await pool.fetchval("select current_database()")
    await pool.execute(f"alter database {name} set default_transaction_read_only = on")
    async with open_pool(database_url, size=1) as its_own:
        running = asyncio.create_task(KeyRing(its_own, clock).run())
        await until_listening(pool)
        await pool.execute("select pg_notify('keys', 'aaaaaaaaaa')")  # ends the wait for the minute
        done, _ = await asyncio.wait([running], timeout=0.5)
        assert not done
        running.cancel()
        await asyncio.wait([running])


async def test_the_last_use_is_noted(
    pool: Pool, plant: Plant, device: DeviceId, ring: KeyRing, clock: Clock
) -> None:
    _, key = await issue(pool, plant.scope, device, NOON)
    await until_listening(pool)
    assert await ring.recognise(key)
    await pool.execute("select pg_notify('keys', 'aaaaaaaaaa')")  # ends the wait for the minute
    last_used = "select last_used_at from device_keys"
    assert await soon(lambda: pool.fetchval(last_used), clock.now)


async def test_a_quiet_minute_changes_nothing(
    pool: Pool, plant: Plant, device: DeviceId, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_keys, "USED_SECONDS", 0.01)
    ring = KeyRing(pool, clock)
    running = asyncio.create_task(ring.run())
    _, key = await issue(pool, plant.scope, device, NOON)
    noted = """
        select count(*) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()
           and query like '%update device_keys%'"""
    assert await soon(lambda: pool.fetchval(noted), 1)
    assert await ring.recognise(key)
    assert not running.done()
    running.cancel()


async def test_a_key_cannot_be_judged_while_the_database_is_away(pool: Pool, clock: Clock) -> None:
    await pool.close()
    with pytest.raises(UNREACHABLE):
        await KeyRing(pool, clock).recognise(make()[1])
    assert DatabaseUnavailable in UNREACHABLE


async def until_listening(pool: Pool) -> int:
    """The server process of the connection that listens for revoked keys."""
    listening = """
        select min(pid) from pg_stat_activity
         where datname = current_database() and query = 'LISTEN "keys"'"""
    assert await soon(lambda: pool.fetchval(f"select count(({listening}))"), 1)
    pid: int = await pool.fetchval(listening)
    return pid


async def soon(ask: Callable[[], Awaitable[object]], expected: object) -> bool:
    """Ask until the answer is what is expected."""
    async with asyncio.timeout(10):
        while await ask() != expected:
            await asyncio.sleep(0.01)
    return True
