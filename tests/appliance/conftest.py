"""The application on a database of its own, with people of every role in two factories."""

from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from quart import Quart
from quart.typing import TestClientProtocol
from werkzeug.datastructures import Headers

from appliance.api.app import create_app
from appliance.archive.read import Archive
from appliance.history.readings import Source
from appliance.http.context import Context
from appliance.identity import sessions
from appliance.identity.hasher import Hasher
from appliance.identity.keys import Keys
from appliance.identity.sessions import Credentials
from appliance.live import Hub
from appliance.model.factory import Factory
from appliance.model.ids import RuleId
from appliance.model.scope import Scope
from appliance.model.session import Client
from appliance.model.user import Role
from appliance.settings import Settings
from appliance.store import alerts, factories, rules, users
from appliance.store.pool import Pool
from tests.appliance.plant import Plant

PASSWORD = "seven walrus kettle"
SOMEWHERE = Client("192.0.2.7", "a test")


@dataclass
class Clock:
    """A clock that stands until it is set."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 23, 12, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass(frozen=True)
class SignedIn:
    """A client that is signed in with a bearer token; paths and JSON as the API takes them."""

    client: TestClientProtocol
    email: str
    role: Role
    access: str

    def __getattr__(self, verb: str) -> Callable[..., Awaitable[Any]]:
        call = getattr(self.client, verb)

        async def with_token(path: str, **options: Any) -> Any:
            headers = Headers(options.pop("headers", {}))
            headers["Authorization"] = f"Bearer {self.access}"
            return await call(path, headers=headers, **options)

        return with_token


SignIn = Callable[..., Awaitable[SignedIn]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys() -> Keys:
    return Keys(b"s" * 32, Hasher(b"p" * 32, cost=4))


@pytest.fixture
def blocking() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture
def context(
    pool: Pool, keys: Keys, blocking: ThreadPoolExecutor, clock: Clock, tmp_path: Path
) -> Context:
    return Context(
        db=pool,
        keys=keys,
        live=Hub(),
        blocking=blocking,
        clock=clock,
        settings=Settings(data_dir=tmp_path),
        archive=Archive(tmp_path / "archive"),
    )


@pytest.fixture
def source(context: Context) -> Source:
    """Where readings lie."""
    return context.source


@pytest.fixture
def app(context: Context) -> Quart:
    return create_app(context)


@pytest.fixture
def client(app: Quart) -> TestClientProtocol:
    """A client that nobody is signed in with."""
    return app.test_client()


@pytest.fixture
async def north(pool: Pool) -> Factory:
    """The factory in which `sign_in` puts people."""
    return await factories.insert_factory(pool, "North", "Europe/Istanbul")


@pytest.fixture
async def south(pool: Pool, north: Factory) -> Factory:
    """The other factory."""
    return await factories.insert_factory(pool, "South", "UTC")


@pytest.fixture
def plant(pool: Pool, north: Factory) -> Plant:
    """The machines, nodes and rules of North."""
    return Plant(pool, north.id)


@pytest.fixture
async def sign_in(context: Context, app: Quart, north: Factory) -> SignIn:
    """`await sign_in(Role.OPERATOR)`: a person of that role, in North unless told otherwise."""
    hashed = await context.keys.hasher.hash(context.blocking, PASSWORD)

    async def do(role: Role, *, factory: Factory = north, email: str | None = None) -> SignedIn:
        email = email or f"{role}@{factory.name.lower()}.example"
        if await users.select_user_id(context.db, email) is None:
            user_id = await users.insert_user(
                context.db,
                email=email,
                name=role.title(),
                role=role,
                password_hash=hashed,
                now=context.clock(),
            )
            await users.update_memberships(context.db, user_id, [factory.id])
        tokens = await sessions.login(
            context.db,
            context.keys,
            context.blocking,
            Credentials(email, PASSWORD),
            SOMEWHERE,
            context.clock(),
        )
        return SignedIn(app.test_client(), email, role, tokens.access)

    return do


@pytest.fixture
def raise_alert(pool: Pool, clock: Clock) -> Callable[[int], Awaitable[int]]:
    """`await raise_alert(rule_id)`: an alert of that rule stands from now on; returns its id."""

    async def do(rule_id: int) -> int:
        factory_id = await pool.fetchval("select factory_id from rules where id = $1", rule_id)
        rule = await rules.select_rule(pool, Scope((factory_id,)), RuleId(rule_id))
        assert rule is not None
        raised = await alerts.insert_alert(
            pool, rule, "h", clock(), None, getattr(rule.look, "h", None)
        )
        assert raised is not None
        return raised

    return do
