"""People: who may be there, what changes end their sessions, and that somebody keeps the keys."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from appliance.errors import Conflict, NotFound, Unprocessable
from appliance.identity import audit, codes
from appliance.identity.passwords import UNUSABLE
from appliance.model.audit import Actor, AuditEntry
from appliance.model.ids import FactoryId, GivenFactoryId, UserId
from appliance.model.text import Email, Name
from appliance.model.user import Role, User
from appliance.store import sessions, users
from appliance.store.pool import Connection, Pool

FactoryIds = Annotated[list[GivenFactoryId], msgspec.Meta(max_length=1000)]


class NewUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person to be added."""

    email: Email
    name: Name
    role: Role
    factory_ids: FactoryIds = []


class UserChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shall be different; what is not given stays."""

    email: Email | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    factory_ids: FactoryIds | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET


class Invitation(msgspec.Struct, frozen=True):
    """A person and the one-time code with which they set their password."""

    user: User
    code: str


async def create(db: Pool, actor: Actor, asked: NewUser, now: datetime) -> Invitation:
    """Add a person, who chooses a password with the code."""
    _refuse_homeless(asked.role, asked.factory_ids)
    async with db.acquire() as connection, connection.transaction():
        user_id = await users.insert_user(
            connection,
            email=asked.email.lower(),
            name=asked.name,
            role=asked.role,
            password_hash=UNUSABLE,
            now=now,
        )
        await users.update_memberships(connection, user_id, asked.factory_ids)
        code = await codes.issue_reset(connection, user_id, now)
        user = await _one(connection, user_id)
        await _record(connection, actor, "user.create", user, now, new=user)
    return Invitation(user, code)


async def change(
    db: Pool, actor: Actor, user_id: UserId, asked: UserChanges, now: datetime
) -> User:
    """Change a person. Another role or being disabled ends their sessions."""
    async with db.acquire() as connection, connection.transaction():
        administrators = await users.select_administrators_for_update(connection)
        old = await _one(connection, user_id)
        new = _changed(old, asked, now)
        _refuse_homeless(new.role, new.factory_ids)
        if administrators == [user_id] and not _administers(new):
            raise Conflict("This is the last administrator. Make somebody else one first.")
        await users.update_user(connection, new)
        await users.update_memberships(connection, user_id, new.factory_ids)
        if new.role != old.role or new.disabled_at is not None:
            await sessions.update_sessions_ended(connection, user_id, now)
        await _record(connection, actor, "user.change", new, now, old, new)
    return new


async def reset(db: Pool, actor: Actor, user_id: UserId, now: datetime) -> Invitation:
    """Take a person's password away and give a code to set the next one; their sessions end."""
    async with db.acquire() as connection, connection.transaction():
        user = await _one(connection, user_id)
        await users.update_password_hash(connection, user_id, UNUSABLE)
        await sessions.update_sessions_ended(connection, user_id, now)
        code = await codes.issue_reset(connection, user_id, now)
        await _record(connection, actor, "user.reset", user, now)
    return Invitation(user, code)


async def _one(db: Connection, user_id: UserId) -> User:
    user = await users.select_user(db, user_id)
    if user is None:
        raise NotFound("There is no such user.")
    return user


def _changed(old: User, asked: UserChanges, now: datetime) -> User:
    given = msgspec.structs.asdict(asked)
    disabled = given.pop("disabled")
    fields = {name: value for name, value in given.items() if value is not UNSET}
    if "email" in fields:
        fields["email"] = fields["email"].lower()
    if disabled is not UNSET:
        fields["disabled_at"] = (old.disabled_at or now) if disabled else None
    return msgspec.structs.replace(old, **fields)


def _administers(user: User) -> bool:
    return user.role is Role.ADMINISTRATOR and user.disabled_at is None


def _refuse_homeless(role: Role, factory_ids: list[FactoryId]) -> None:
    if role is not Role.ADMINISTRATOR and not factory_ids:
        raise Unprocessable(f"Choose the factories in which this person is {role}.")


async def _record(
    db: Connection,
    actor: Actor,
    action: str,
    subject: User,
    now: datetime,
    old: User | None = None,
    new: User | None = None,
) -> None:
    entry = AuditEntry(
        at=now,
        actor=actor,
        action=action,
        object=f"user {subject.id}",
        factory_ids=sorted({*subject.factory_ids, *(old.factory_ids if old else ())}),
        old=_told(old),
        new=_told(new),
    )
    await audit.record(db, entry)


def _told(user: User | None) -> dict[str, object] | None:
    if user is None:
        return None
    told: dict[str, object] = msgspec.to_builtins(user)
    return {name: told[name] for name in ("email", "name", "role", "factory_ids", "disabled_at")}
