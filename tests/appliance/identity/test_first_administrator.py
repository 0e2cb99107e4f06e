"""The first administrator and the code that lets them in."""

import asyncio

import pytest

from appliance.errors import Conflict, NotAllowed, TooMany, Unprocessable
from appliance.identity import first_administrator
from appliance.identity.first_administrator import FirstAdministrator
from appliance.model.session import Client
from appliance.model.user import Role
from appliance.store import factories

HERE = Client("192.0.2.1", "Firefox")
PASSWORD = "seven walrus kettle"


@pytest.fixture
def issue(context):
    async def do() -> str | None:
        return await first_administrator.issue_code(context.db, context.clock())

    return do


@pytest.fixture
def create(context):
    async def do(code: str, password: str = PASSWORD, **more: str):
        return await first_administrator.create(
            context.db,
            context.keys,
            context.blocking,
            FirstAdministrator(code, "Jane@North.example", "Jane", password, **more),
            HERE,
            context.clock(),
        )

    return do


async def test_a_new_appliance_has_no_account(context) -> None:
    assert await context.db.fetchval("select count(*) from users") == 0


async def test_the_code_makes_an_administrator_and_a_factory(context, issue, create) -> None:
    user = await create(await issue(), factory="North", time_zone="Europe/Istanbul")
    assert (user.email, user.role) == ("jane@north.example", Role.ADMINISTRATOR)
    (factory,) = await factories.select_all_factories(context.db)
    assert (factory.name, factory.time_zone) == ("North", "Europe/Istanbul")
    assert await context.db.fetchval("select count(*) from audit") == 1


async def test_without_a_name_the_factory_is_plant_1(context, issue, create) -> None:
    await create(await issue())
    assert [f.name for f in await factories.select_all_factories(context.db)] == ["Plant 1"]


async def test_a_factory_that_is_there_is_kept(context, issue, create, north) -> None:
    await create(await issue())
    assert await factories.select_all_factories(context.db) == [north]


async def test_a_code_is_easy_to_type(issue, create) -> None:
    code = await issue()
    assert [len(part) for part in code.split("-")] == [4, 4, 4]
    assert not set(code) & set("ILOU")
    typed = code.lower().replace("0", "o").replace("1", "l").replace("-", " ")
    assert await create(f" {typed} ")


async def test_a_code_works_once(issue, create) -> None:
    code = await issue()
    made = await asyncio.gather(create(code), create(code), return_exceptions=True)
    assert sum(isinstance(result, NotAllowed) for result in made) == 1
    with pytest.raises(NotAllowed):
        await create(code)


async def test_a_code_expires_after_a_day(issue, create, clock) -> None:
    code = await issue()
    clock.forward(hours=24)
    with pytest.raises(NotAllowed):
        await create(code)


async def test_a_new_code_replaces_the_old_one(issue, create) -> None:
    old, new = await issue(), await issue()
    with pytest.raises(NotAllowed):
        await create(old)
    assert await create(new)


async def test_with_an_administrator_there_is_no_code(context, issue, create) -> None:
    await create(await issue())
    assert await issue() is None


async def test_a_code_is_of_no_use_once_there_is_an_administrator(issue, create, sign_in) -> None:
    code = await issue()
    await sign_in(Role.ADMINISTRATOR)
    with pytest.raises(Conflict):
        await create(code)


async def test_a_mistake_leaves_the_code_good(context, issue, create) -> None:
    code = await issue()
    for _ in range(10):
        with pytest.raises(Unprocessable, match="an attacker tries"):
            await create(code, password="Jane2026!")
        with pytest.raises(Unprocessable, match="no time zone Mars/Base"):
            await create(code, time_zone="Mars/Base")
    assert await create(code)


async def test_codes_cannot_be_guessed_at_speed(create) -> None:
    for n in range(5):
        with pytest.raises(NotAllowed):
            await create(f"AAAA-AAAA-AAA{n}")
    with pytest.raises(TooMany):
        await create("AAAA-AAAA-AAA5")


async def test_the_code_is_not_in_the_database(context, issue) -> None:
    code = await issue()
    rows = await context.db.fetch("select one_time_codes::text from one_time_codes")
    assert code not in str(rows)
    assert code.replace("-", "") not in str(rows)
    assert code.encode().hex() not in str(rows)
