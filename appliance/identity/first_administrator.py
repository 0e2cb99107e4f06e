"""The first administrator: no default password, but a code shown at the first start."""

from concurrent.futures import Executor
from datetime import datetime

import msgspec

from appliance.errors import Conflict
from appliance.identity import attempts, audit, codes, factories, passwords
from appliance.identity.keys import Keys
from appliance.model.audit import Actor, AuditEntry
from appliance.model.session import Client
from appliance.model.text import Code, Email, Name, Password
from appliance.model.user import Role, User
from appliance.store import factories as stored
from appliance.store import users
from appliance.store.pool import Connection, Pool


class FirstAdministrator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code, the person, and their plant."""

    code: Code
    email: Email
    name: Name
    password: Password
    factory: Name | None = None
    """None: "Plant 1", unless there is a factory already."""
    time_zone: Name = "UTC"


async def issue_code(db: Pool, now: datetime) -> str | None:
    """A code good for a day, the only one; None if there is an administrator already."""
    async with db.acquire() as connection, connection.transaction():
        if await users.exists_administrator(connection):
            return None
        return await codes.issue_first_administrator(connection, now)


async def create(
    db: Pool,
    keys: Keys,
    blocking: Executor,
    asked: FirstAdministrator,
    client: Client,
    now: datetime,
) -> User:
    """Add the first administrator and the first factory."""
    await attempts.take(db, "", client.address, now)
    await codes.find_first_administrator(db, asked.code, now)
    await attempts.forgive(db, "", client.address)
    passwords.refuse_weak(asked.password, asked.name, asked.email, asked.factory or "")
    await factories.refuse_unknown_time_zone(asked.time_zone)
    hashed = await keys.hasher.hash(blocking, asked.password)
    async with db.acquire() as connection, connection.transaction():
        await codes.use(connection, asked.code, now)
        if await users.exists_administrator(connection):
            raise Conflict("There is an administrator already. Ask them to add you.")
        return await _insert(connection, asked, hashed, client, now)


async def _insert(
    db: Connection, asked: FirstAdministrator, hashed: str, client: Client, now: datetime
) -> User:
    email = asked.email.lower()
    actor = Actor(email, client.address)
    there_are = await stored.select_all_factories(db)
    name = asked.factory or (None if there_are else "Plant 1")
    factory = name and await stored.insert_factory(db, name, asked.time_zone)
    user_id = await users.insert_user(
        db, email=email, name=asked.name, role=Role.ADMINISTRATOR, password_hash=hashed, now=now
    )
    entry = AuditEntry(
        at=now,
        actor=actor,
        action="user.create",
        object=f"user {user_id}",
        new={"email": email, "name": asked.name, "factory": msgspec.to_builtins(factory)},
        reason="The first administrator, by the code shown at the first start.",
    )
    await audit.record(db, entry)
    return User(user_id, email, asked.name, Role.ADMINISTRATOR, [], now)
