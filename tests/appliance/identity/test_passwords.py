"""People set their own passwords, by the current one or by a code."""

import pytest

from appliance.errors import NotAllowed, NotSignedIn, TooMany, Unprocessable
from appliance.identity import passwords, sessions, users
from appliance.identity.passwords import PasswordChange, Reset
from appliance.identity.sessions import Credentials
from appliance.model.audit import Actor
from appliance.model.session import Client
from appliance.model.user import Role

HERE = Client("192.0.2.1", "Firefox")
OLD = "seven walrus kettle"
NEW = "nine badger teapot"


@pytest.fixture
def login(context):
    async def do(email: str, password: str):
        return await sessions.login(
            context.db,
            context.keys,
            context.blocking,
            Credentials(email, password),
            HERE,
            context.clock(),
        )

    return do


@pytest.fixture
async def operator(sign_in):
    return await sign_in(Role.OPERATOR)


@pytest.fixture
def caller_of(context):
    async def do(access: str):
        return await sessions.authenticate(context.db, context.keys, access, context.clock())

    return do


@pytest.fixture
async def change(context, caller_of, operator):
    caller = await caller_of(operator.access)

    async def do(current: str, new: str) -> None:
        await passwords.change(
            context.db,
            context.keys,
            context.blocking,
            caller,
            PasswordChange(current, new),
            HERE,
            context.clock(),
        )

    return do


@pytest.fixture
def reset(context):
    async def do(code: str, password: str) -> None:
        await passwords.reset(
            context.db,
            context.keys,
            context.blocking,
            Reset(code, password),
            HERE,
            context.clock(),
        )

    return do


@pytest.fixture
async def code(context, operator) -> str:
    user_id = await context.db.fetchval("select id from users where email = $1", operator.email)
    actor = Actor("administrator@north.example", "192.0.2.1")
    return (await users.reset(context.db, actor, user_id, context.clock())).code


async def test_a_changed_password_ends_the_other_sessions(
    change, login, operator, caller_of
) -> None:
    other = await login(operator.email, OLD)
    await change(OLD, NEW)
    assert await caller_of(operator.access)
    assert await caller_of(other.access) is None
    with pytest.raises(NotSignedIn):
        await login(operator.email, OLD)
    assert await login(operator.email, NEW)


async def test_the_current_password_is_needed_and_cannot_be_guessed(change) -> None:
    for _ in range(5):
        with pytest.raises(NotAllowed, match="current password is wrong"):
            await change("wrong", NEW)
    with pytest.raises(TooMany):
        await change(OLD, NEW)


@pytest.mark.parametrize("weak", ["short", "Furnace2026!", "operator2026", "North-2026"])
async def test_a_weak_password_is_refused(change, login, operator, weak) -> None:
    with pytest.raises(Unprocessable):
        await change(OLD, weak)
    assert await login(operator.email, OLD)


async def test_a_code_sets_a_password_once(reset, login, operator, code) -> None:
    await reset(code, NEW)
    assert await login(operator.email, NEW)
    with pytest.raises(NotAllowed):
        await reset(code, OLD)


async def test_a_code_survives_a_weak_password(reset, code) -> None:
    for _ in range(10):
        with pytest.raises(Unprocessable):
            await reset(code, "operator2026")
    await reset(code, NEW)


async def test_a_code_expires(reset, code, clock) -> None:
    clock.forward(hours=25)
    with pytest.raises(NotAllowed):
        await reset(code, NEW)


async def test_the_first_administrators_code_resets_nothing(context, reset) -> None:
    from appliance.identity import first_administrator

    with pytest.raises(NotAllowed):
        await reset(await first_administrator.issue_code(context.db, context.clock()), NEW)


async def test_a_password_set_by_code_ends_all_sessions(
    context, reset, operator, caller_of, code
) -> None:
    await context.db.execute("update sessions set ended_at = null")
    assert await caller_of(operator.access)
    await reset(code, NEW)
    assert await caller_of(operator.access) is None
