import asyncpg
import pytest
from quart import Quart

from appliance.api.app import create_app
from appliance.api.health import create_health
from appliance.http.context import Context
from appliance.store import cursors
from appliance.store.pool import Pool
from tests.appliance.conftest import Clock
from tests.appliance.plant import NOON_MS, Plant


@pytest.fixture
def trouble() -> list[str]:
    """What keeps readings from being stored."""
    return []


@pytest.fixture(autouse=True)
def health(app: Quart, pool: Pool, trouble: list[str], clock: Clock) -> None:
    app.register_blueprint(create_health(pool, lambda: next(iter(trouble), None), clock))


async def checks(app: Quart) -> tuple[int, dict[str, str]]:
    response = await app.test_client().get("/healthz/ready")
    told = await response.get_json()
    assert told["ready"] is (response.status_code == 200)
    return response.status_code, told["checks"]


async def test_it_lives_whatever_is_missing(app: Quart, trouble: list[str]) -> None:
    trouble.append("full")
    response = await app.test_client().get("/healthz/live")
    assert (response.status_code, await response.get_json()) == (200, {"live": True})


async def test_it_is_ready_while_an_engine_works(app: Quart, pool: Pool) -> None:
    async with pool.acquire() as engine:
        assert await cursors.try_lead(engine)
        everything = dict.fromkeys(("writer", "database", "migrations", "engine"), "ok")
        assert await checks(app) == (200, everything)
        await engine.execute("select pg_advisory_unlock_all()")
    status, told = await checks(app)
    assert status == 503
    assert "no engine works" in told["engine"]


async def test_an_engine_that_does_not_keep_up_is_told(
    app: Quart, pool: Pool, plant: Plant, clock: Clock
) -> None:
    await plant.send(await plant.device("a"), [NOON_MS], {"gas": [1.0]})
    async with pool.acquire() as engine:
        assert await cursors.try_lead(engine)
        clock.forward(seconds=60)
        assert (await checks(app))[0] == 200
        clock.forward(seconds=1)
        assert await checks(app) == (503, {
            "writer": "ok", "database": "ok", "migrations": "ok",
            "engine": "alerts are late: readings of 2026-11-23 12:00:00 UTC wait",
        })  # fmt: skip
        assert await cursors.update_cursor(engine, cursors.ENGINE, 0, 10**12)
        assert (await checks(app))[0] == 200
        await engine.execute("select pg_advisory_unlock_all()")


async def test_an_engine_of_another_appliance_on_the_server_does_not_count(
    app: Quart, database_url: str
) -> None:
    elsewhere = await asyncpg.connect(database_url, database="carbonseed")
    try:
        assert await cursors.try_lead(elsewhere)
        status, told = await checks(app)
    finally:
        await elsewhere.close()
    assert status == 503
    assert "no engine works" in told["engine"]


async def test_what_keeps_readings_from_being_stored_is_told(
    app: Quart, trouble: list[str]
) -> None:
    trouble.append("2000 batches wait")
    status, told = await checks(app)
    assert (status, told["writer"]) == (503, "2000 batches wait")


async def test_a_database_of_an_older_version_is_told(app: Quart, pool: Pool) -> None:
    await pool.execute("delete from migrations where number = (select max(number) from migrations)")
    status, told = await checks(app)
    assert (status, told["migrations"]) == (503, "1 are not applied")


async def test_a_database_that_gives_no_connection_is_told(app: Quart, pool: Pool) -> None:
    taken = [await pool.acquire() for _ in range(pool.get_max_size())]
    status, told = await checks(app)
    for connection in taken:
        await pool.release(connection)
    assert status == 503
    assert told["database"].startswith("does not answer")


@pytest.fixture
def warned(context: Context) -> Quart:
    app = create_app(context)
    health = create_health(context.db, lambda: None, context.clock, ["The key is missing."])
    app.register_blueprint(health)
    return app


async def test_what_somebody_must_see_to_is_told(warned: Quart) -> None:
    response = await warned.test_client().get("/healthz/ready")
    assert (await response.get_json())["warnings"] == ["The key is missing."]
