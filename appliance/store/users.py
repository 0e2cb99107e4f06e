"""People, the factories they belong to, and their passwords' hashes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from appliance.errors import Conflict, Unprocessable
from appliance.model.ids import FactoryId, UserId
from appliance.model.user import Role, User
from appliance.store.pool import Db


class Login(msgspec.Struct, frozen=True):
    """What a sign-in is checked against."""

    user_id: UserId
    email: str
    name: str
    password_hash: str
    disabled: bool
    factory_ids: list[FactoryId]


async def select_users(db: Db) -> list[User]:
    """Everybody, by name."""
    rows = await db.fetch(
        """
        select u.id, u.email, u.name, u.role, u.created_at, u.disabled_at, u.last_login_at,
               array(select m.factory_id from memberships m
                      where m.user_id = u.id order by m.factory_id) as factory_ids
          from users u
         order by lower(u.name), u.id
        """
    )
    return [_user(row) for row in rows]


async def select_user(db: Db, user_id: UserId) -> User | None:
    """One person."""
    row = await db.fetchrow(
        """
        select u.id, u.email, u.name, u.role, u.created_at, u.disabled_at, u.last_login_at,
               array(select m.factory_id from memberships m
                      where m.user_id = u.id order by m.factory_id) as factory_ids
          from users u
         where u.id = $1
        """,
        user_id,
    )
    return None if row is None else _user(row)


async def select_user_id(db: Db, email: str) -> UserId | None:
    """Who has this e-mail address (in lower case)."""
    found: UserId | None = await db.fetchval("select id from users where email = $1", email)
    return found


async def select_login(db: Db, email: str) -> Login | None:
    """What to check a sign-in with this e-mail address (in lower case) against."""
    row = await db.fetchrow(
        """
        select id as user_id, email, name, password_hash, disabled_at is not null as disabled,
               array(select m.factory_id from memberships m
                      where m.user_id = users.id order by m.factory_id) as factory_ids
          from users where email = $1
        """,
        email,
    )
    return None if row is None else Login(**row)


async def select_administrators_for_update(db: Db) -> list[UserId]:
    """The administrators who can sign in, held until the transaction ends."""
    rows = await db.fetch(
        """
        select id from users where role = 'administrator' and disabled_at is null
         order by id for update
        """
    )
    return [row["id"] for row in rows]


async def exists_administrator(db: Db) -> bool:
    """Whether there is an administrator who can sign in."""
    found: bool = await db.fetchval(
        "select exists (select from users where role = 'administrator' and disabled_at is null)"
    )
    return found


async def insert_user(
    db: Db, *, email: str, name: str, role: Role, password_hash: str, now: datetime
) -> UserId:
    """Add a person; an e-mail address that is taken is a Conflict."""
    try:
        made: UserId = await db.fetchval(
            """
            insert into users (email, name, role, password_hash, created_at)
            values ($1, $2, $3, $4, $5) returning id
            """,
            email,
            name,
            role.value,
            password_hash,
            now,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"Somebody with the e-mail address {email} is there already.") from error
    return made


async def update_user(db: Db, user: User) -> None:
    """Store a person's e-mail address, name, role and whether they may sign in."""
    try:
        await db.execute(
            "update users set email = $2, name = $3, role = $4, disabled_at = $5 where id = $1",
            user.id,
            user.email,
            user.name,
            user.role.value,
            user.disabled_at,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(
            f"Somebody with the e-mail address {user.email} is there already."
        ) from error


async def update_memberships(db: Db, user_id: UserId, factory_ids: Sequence[FactoryId]) -> None:
    """Make a person belong to exactly these factories."""
    await db.execute(
        "delete from memberships where user_id = $1 and factory_id <> all ($2::int[])",
        user_id,
        factory_ids,
    )
    try:
        await db.execute(
            """
            insert into memberships (user_id, factory_id)
            select $1, unnest($2::int[]) on conflict do nothing
            """,
            user_id,
            factory_ids,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise Unprocessable("There is no such factory.") from error


async def update_password_hash(db: Db, user_id: UserId, password_hash: str) -> None:
    """Store the hash of a new password."""
    await db.execute("update users set password_hash = $2 where id = $1", user_id, password_hash)


async def update_login(db: Db, checked: Login, password_hash: str, now: datetime) -> bool:
    """Note a sign-in; False if the password or the right to sign in has changed since `checked`."""
    done = await db.fetchval(
        """
        update users set last_login_at = $4, password_hash = $3
         where id = $1 and password_hash = $2 and disabled_at is null returning true
        """,
        checked.user_id,
        checked.password_hash,
        password_hash,
        now,
    )
    return done is not None


def _user(row: Any) -> User:
    return User(**{**row, "role": Role(row["role"])})
