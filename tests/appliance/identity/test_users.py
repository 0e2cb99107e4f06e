"""People: added, changed, and never the last administrator lost."""

import asyncio

import pytest
from msgspec import UNSET

from appliance.errors import Conflict, NotFound, Unprocessable
from appliance.identity import sessions, users
from appliance.identity.sessions import Credentials
from appliance.identity.users import NewUser, UserChanges
from appliance.model.audit import Actor
from appliance.model.ids import FactoryId, UserId
from appliance.model.session import Client
from appliance.model.user import Role

ACTOR = Actor("administrator@north.example", "192.0.2.1")


@pytest.fixture
def create(context):
    async def do(role: Role, *factory_ids: FactoryId, email: str = "Joe@North.example"):
        asked = NewUser(email, "Joe", role, list(factory_ids))
        return await users.create(context.db, ACTOR, asked, context.clock())

    return do


@pytest.fixture
def change(context):
    async def do(user_id: UserId, **changes: object):
        return await users.change(
            context.db, ACTOR, user_id, UserChanges(**changes), context.clock()
        )

    return do


async def test_a_new_person_has_no_password_but_a_code(context, create, north) -> None:
    made = await create(Role.OPERATOR, north.id)
    assert made.user.email == "joe@north.example"
    assert made.user.factory_ids == [north.id]
    assert len(made.code) == 14
    assert await context.db.fetchval("select password_hash from users") == "!"


async def test_an_email_address_belongs_to_one_person(create, change, north) -> None:
    await create(Role.OPERATOR, north.id)
    with pytest.raises(Conflict, match=r"joe@north\.example is there already"):
        await create(Role.MANAGER, north.id, email="JOE@north.example")
    other = await create(Role.MANAGER, north.id, email="ann@north.example")
    with pytest.raises(Conflict, match=r"joe@north\.example"):
        await change(other.user.id, email="joe@north.example")


async def test_whoever_is_no_administrator_has_factories(create, change, north) -> None:
    with pytest.raises(Unprocessable, match="Choose the factories"):
        await create(Role.OPERATOR)
    made = await create(Role.OPERATOR, north.id)
    with pytest.raises(Unprocessable, match="Choose the factories"):
        await change(made.user.id, factory_ids=[])


async def test_a_factory_that_is_not_there_is_refused(create) -> None:
    with pytest.raises(Unprocessable, match="no such factory"):
        await create(Role.OPERATOR, FactoryId(4711))


async def test_only_what_is_given_changes(context, create, change, north, south) -> None:
    made = await create(Role.OPERATOR, north.id)
    changed = await change(made.user.id, factory_ids=[south.id], name="Joe S.")
    assert (changed.name, changed.role, changed.factory_ids, changed.email) == (
        "Joe S.",
        Role.OPERATOR,
        [south.id],
        "joe@north.example",
    )
    (stored,) = await context.db.fetch("select old, new from audit where action = 'user.change'")
    assert (stored["old"]["name"], stored["new"]["name"]) == ("Joe", "Joe S.")


async def test_nobody_who_is_not_there_can_be_changed(context, change) -> None:
    with pytest.raises(NotFound):
        await change(UserId(4711), name="Nobody")
    with pytest.raises(NotFound):
        await users.reset(context.db, ACTOR, UserId(4711), context.clock())


@pytest.mark.parametrize(
    ("changes", "stays"),
    [
        ({"role": Role.TECHNICIAN}, False),
        ({"disabled": True}, False),
        ({"name": "Otto"}, True),
        ({"role": Role.OPERATOR}, True),
        ({"disabled": False}, True),
    ],
)
async def test_what_changes_a_persons_rights_ends_their_sessions(
    context, sign_in, change, changes, stays
) -> None:
    operator = await sign_in(Role.OPERATOR)
    user_id = await context.db.fetchval("select id from users where email = $1", operator.email)
    await change(user_id, **changes)
    caller = await sessions.authenticate(context.db, context.keys, operator.access, context.clock())
    assert (caller is not None) == stays


async def test_whoever_is_let_in_again_starts_without_sessions(context, sign_in, change) -> None:
    operator = await sign_in(Role.OPERATOR)
    user_id = await context.db.fetchval("select id from users where email = $1", operator.email)
    assert (await change(user_id, disabled=True)).disabled_at == context.clock()
    assert (await change(user_id, disabled=False)).disabled_at is None
    now = context.clock()
    assert await sessions.authenticate(context.db, context.keys, operator.access, now) is None
    assert await sign_in(Role.OPERATOR)


@pytest.mark.parametrize("changes", [{"role": Role.MANAGER}, {"disabled": True}])
async def test_the_last_administrator_stays(context, sign_in, change, changes) -> None:
    await sign_in(Role.ADMINISTRATOR)
    last = await context.db.fetchval("select id from users")
    with pytest.raises(Conflict, match="last administrator"):
        await change(last, **changes)


async def test_of_two_administrators_who_remove_each_other_one_stays(
    context, sign_in, change
) -> None:
    await sign_in(Role.ADMINISTRATOR)
    await sign_in(Role.ADMINISTRATOR, email="second@north.example")
    ids = [row["id"] for row in await context.db.fetch("select id from users order by id")]
    done = await asyncio.gather(
        *(change(user_id, disabled=True) for user_id in ids), return_exceptions=True
    )
    assert sum(isinstance(result, Conflict) for result in done) == 1
    assert await context.db.fetchval("select count(*) from users where disabled_at is null") == 1


async def test_a_disabled_administrator_does_not_count(context, sign_in, change) -> None:
    await sign_in(Role.ADMINISTRATOR)
    await sign_in(Role.ADMINISTRATOR, email="second@north.example")
    one, two = [row["id"] for row in await context.db.fetch("select id from users order by id")]
    await change(two, disabled=True)
    with pytest.raises(Conflict):
        await change(one, role=Role.MANAGER)


async def test_a_reset_takes_the_password_and_the_sessions_away(context, sign_in) -> None:
    operator = await sign_in(Role.OPERATOR)
    user_id = await context.db.fetchval("select id from users where email = $1", operator.email)
    first = await users.reset(context.db, ACTOR, user_id, context.clock())
    second = await users.reset(context.db, ACTOR, user_id, context.clock())
    assert first.code != second.code
    assert await context.db.fetchval("select count(*) from one_time_codes") == 1
    now = context.clock()
    assert await sessions.authenticate(context.db, context.keys, operator.access, now) is None
    with pytest.raises(Exception, match="password is wrong"):
        await sessions.login(
            context.db,
            context.keys,
            context.blocking,
            Credentials(operator.email, "seven walrus kettle"),
            Client("192.0.2.1", ""),
            now,
        )


def test_a_change_that_says_nothing_changes_nothing() -> None:
    changes = UserChanges()
    assert {getattr(changes, name) for name in UserChanges.__struct_fields__} == {UNSET}
