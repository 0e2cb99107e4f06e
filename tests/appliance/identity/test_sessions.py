"""Signing in, staying signed in, and what ends it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from appliance.errors import NotFound, NotSignedIn, TooMany
from appliance.identity import sessions
from appliance.identity.hasher import Hasher
from appliance.identity.keys import Keys
from appliance.identity.sessions import Credentials
from appliance.model.session import Client
from appliance.model.user import Role

HERE = Client("192.0.2.1", "Firefox")
THERE = Client("192.0.2.2", "curl")
PASSWORD = "seven walrus kettle"


@pytest.fixture
async def person(sign_in) -> str:
    """The e-mail address of an operator who has signed in before."""
    return (await sign_in(Role.OPERATOR)).email


@pytest.fixture
def login(context, person):
    async def do(password: str = PASSWORD, email: str = person, client: Client = HERE):
        return await sessions.login(
            context.db,
            context.keys,
            context.blocking,
            Credentials(email, password),
            client,
            context.clock(),
        )

    return do


@pytest.fixture
def caller_of(context):
    async def do(tokens):
        return await sessions.authenticate(context.db, context.keys, tokens.access, context.clock())

    return do


@pytest.fixture
def refresh(context):
    async def do(tokens):
        return await sessions.refresh(context.db, context.keys, tokens.refresh, context.clock())

    return do


async def test_the_right_password_begins_a_session(login, caller_of, person) -> None:
    caller = await caller_of(await login())
    assert (caller.email, caller.role) == (person, Role.OPERATOR)
    assert [factory.name for factory in caller.factories] == ["North"]


async def test_an_email_address_is_read_whatever_its_case(login, caller_of, person) -> None:
    assert await caller_of(await login(email=f" {person.upper()} "))


async def test_administrators_see_every_factory(sign_in, south, caller_of, login) -> None:
    await sign_in(Role.ADMINISTRATOR)
    caller = await caller_of(await login(email="administrator@north.example"))
    assert [factory.name for factory in caller.factories] == ["North", "South"]


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + " ", PASSWORD.upper(), "x" * 1024])
async def test_a_wrong_password_is_refused(login, password: str) -> None:
    with pytest.raises(NotSignedIn, match="The e-mail address or the password is wrong"):
        await login(password)


class Counting(ThreadPoolExecutor):
    """Counts the passwords that are checked."""

    checked = 0

    def submit(self, fn, /, *args, **kwargs):
        self.checked += 1
        return super().submit(fn, *args, **kwargs)


async def test_nobody_can_tell_an_unknown_person_from_a_wrong_password(context, person) -> None:
    """Same words, same record, and one password hashed for either."""
    refused = []
    for email in (person, "nobody@north.example"):
        with Counting(1) as blocking, pytest.raises(NotSignedIn) as error:
            await sessions.login(
                context.db,
                context.keys,
                blocking,
                Credentials(email, "wrong"),
                HERE,
                context.clock(),
            )
        action = await context.db.fetchval("select action from audit order by id desc limit 1")
        refused.append((str(error.value), blocking.checked, action))
    assert refused == [(sessions.WRONG, 1, "session.refuse")] * 2


async def test_a_disabled_person_is_refused_like_an_unknown_one(context, login) -> None:
    tokens = await login()
    await context.db.execute("update users set disabled_at = now()")
    with pytest.raises(NotSignedIn, match="or the password is wrong"):
        await login()
    caller = sessions.authenticate(context.db, context.keys, tokens.access, context.clock())
    assert await caller is None


async def test_a_password_is_hashed_again_when_the_cost_has_risen(context, login) -> None:
    stronger = Keys(context.keys.signing, Hasher(context.keys.hasher.pepper, cost=5))
    for _ in range(2):
        await sessions.login(
            context.db,
            stronger,
            context.blocking,
            Credentials("operator@north.example", PASSWORD),
            HERE,
            context.clock(),
        )
        assert (await context.db.fetchval("select password_hash from users")).startswith("$2b$05$")


class _Meanwhile(ThreadPoolExecutor):
    """Lets something happen while a password is being hashed."""

    def __init__(self, happens) -> None:
        super().__init__(1)
        self.happens = happens

    def submit(self, fn, /, *args, **kwargs):
        def work():
            asyncio.run_coroutine_threadsafe(self.happens(), loop).result(5)
            return fn(*args, **kwargs)

        loop = asyncio.get_running_loop()
        return super().submit(work)


async def test_a_password_taken_away_while_it_is_checked_begins_no_session(context, person) -> None:
    with (
        _Meanwhile(lambda: context.db.execute("update users set password_hash = '!'")) as blocking,
        pytest.raises(NotSignedIn),
    ):
        await sessions.login(
            context.db,
            context.keys,
            blocking,
            Credentials(person, PASSWORD),
            HERE,
            context.clock(),
        )


async def test_a_session_lives_on_by_being_renewed(login, refresh, caller_of, clock) -> None:
    tokens = await login()
    for _ in range(5):
        clock.forward(hours=11)
        assert await caller_of(tokens) is None
        tokens = await refresh(tokens)
        assert await caller_of(tokens)


async def test_a_session_ends_when_it_is_not_used_for_twelve_hours(login, refresh, clock) -> None:
    tokens = await login()
    clock.forward(hours=12)
    with pytest.raises(NotSignedIn):
        await refresh(tokens)


async def test_a_session_ends_after_thirty_days_however_busy(
    login, refresh, caller_of, clock
) -> None:
    tokens = await login()
    for _ in range(30 * 24 // 10 - 1):
        clock.forward(hours=10)
        tokens = await refresh(tokens)
    assert await caller_of(tokens)
    clock.forward(hours=10)
    with pytest.raises(NotSignedIn):
        await refresh(tokens)


async def test_a_refresh_token_used_again_ends_the_session(
    context, login, refresh, caller_of, clock
) -> None:
    stolen = await login()
    other = await login(client=THERE)
    fresh = await refresh(stolen)
    clock.forward(seconds=11)
    with pytest.raises(NotSignedIn):
        await refresh(stolen)
    assert await caller_of(fresh) is None
    with pytest.raises(NotSignedIn):
        await refresh(fresh)
    assert await caller_of(other), "other sessions are left alone"
    reason = await context.db.fetchval("select reason from audit order by id desc limit 1")
    assert "used twice" in reason


async def test_two_tabs_may_renew_at_the_same_time(login, refresh, caller_of, clock) -> None:
    tokens = await login()
    one, two = await asyncio.gather(refresh(tokens), refresh(tokens))
    clock.forward(seconds=10)
    three = await refresh(tokens)
    assert len({one.refresh, two.refresh, three.refresh}) == 3
    assert all([await caller_of(one), await caller_of(two), await caller_of(three)])
    clock.forward(minutes=10)
    assert await refresh(two)


async def test_an_unknown_refresh_token_is_refused(context) -> None:
    for token in ("", "x", "\0", "é" * 500):
        with pytest.raises(NotSignedIn):
            await sessions.refresh(context.db, context.keys, token, context.clock())


async def test_no_token_can_be_read_from_the_database(context, login) -> None:
    tokens = await login()
    rows = await context.db.fetch(
        "select refresh_tokens::text, sessions::text, audit::text "
        "from refresh_tokens, sessions, audit"
    )
    assert rows
    dump = str(rows)
    for secret in (tokens.refresh, tokens.access, tokens.refresh.encode().hex(), PASSWORD):
        assert secret not in dump


async def test_logging_out_ends_this_session_alone(context, login, caller_of, refresh) -> None:
    here, there = await login(), await login(client=THERE)
    await sessions.logout(context.db, await caller_of(here), HERE, context.clock())
    assert await caller_of(here) is None
    assert await caller_of(there)
    with pytest.raises(NotSignedIn):
        await refresh(here)


async def test_people_see_and_end_their_own_sessions_only(
    context, login, caller_of, sign_in
) -> None:
    mine = await caller_of(await login())
    theirs = await sign_in(Role.MANAGER)
    stranger = await caller_of(theirs)
    living = await sessions.living(context.db, mine.user_id, context.clock())
    assert mine.session_id in {session.id for session in living}
    assert stranger.session_id not in {session.id for session in living}
    with pytest.raises(NotFound):
        await sessions.end(context.db, mine, stranger.session_id, HERE, context.clock())
    await sessions.end(context.db, mine, mine.session_id, HERE, context.clock())
    assert await sessions.current(context.db, mine, context.clock()) is None
    assert await sessions.current(context.db, stranger, context.clock()) == stranger


async def test_sessions_that_are_long_over_are_forgotten(context, login, clock) -> None:
    await login()
    clock.forward(days=61)
    await login()
    assert await context.db.fetchval("select count(*) from sessions") == 1
    assert await context.db.fetchval("select count(*) from refresh_tokens") == 1


async def test_fifty_wrong_passwords_slow_the_guesser_and_not_the_victim(login, clock) -> None:
    refused, tried = [], 0
    for _ in range(50):
        try:
            await login("wrong", client=THERE)
        except NotSignedIn:
            tried += 1
        except TooMany as error:
            refused.append(error.retry_after_seconds)
        clock.forward(seconds=1)
    assert tried < 10
    assert refused[0] == 14
    assert max(refused) > refused[0]
    with pytest.raises(TooMany):
        await login(client=THERE)
    assert await login(client=HERE)
    clock.forward(minutes=15)
    assert await login(client=THERE), "the wait is over"


async def test_a_hundred_guesses_at_once_are_not_all_the_first(context, login) -> None:
    tried = await asyncio.gather(*(login("wrong") for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(error, NotSignedIn) for error in tried) == 5
    assert sum(isinstance(error, TooMany) for error in tried) == 15


async def test_many_people_tried_from_one_address_are_too_many(login, clock) -> None:
    tried = []
    for n in range(35):
        with pytest.raises((NotSignedIn, TooMany)) as error:
            await login("wrong", email=f"somebody{n}@north.example", client=THERE)
        tried.append(error.type)
    assert tried.count(NotSignedIn) == 30
    assert await login(client=HERE)
    clock.forward(minutes=15)
    assert await login(client=THERE), "an address is not held against its people for long"


async def test_failures_outlive_a_restart_and_are_forgotten_after_a_day(
    context, database_url, login, clock
) -> None:
    from appliance.store.pool import open_pool

    for _ in range(5):
        with pytest.raises(NotSignedIn):
            await login("wrong")
    async with open_pool(database_url, size=1) as restarted:
        with pytest.raises(TooMany):
            await sessions.login(
                restarted,
                context.keys,
                context.blocking,
                Credentials("operator@north.example", PASSWORD),
                HERE,
                clock(),
            )
    clock.forward(hours=25)
    await login()
    assert await context.db.fetchval("select count(*) from login_failures") == 0


async def test_signing_in_is_recorded_whether_it_succeeds_or_not(context, login) -> None:
    with pytest.raises(NotSignedIn):
        await login("wrong")
    await login()
    rows = await context.db.fetch(
        "select actor, address, action from audit order by id desc limit 2"
    )
    assert [tuple(row) for row in rows] == [
        ("operator@north.example", "192.0.2.1", "session.begin"),
        ("operator@north.example", "192.0.2.1", "session.refuse"),
    ]
