"""Which passwords are good enough, and how people set their own."""

from concurrent.futures import Executor
from datetime import datetime

import msgspec

from appliance.errors import NotAllowed, NotSignedIn, Unprocessable
from appliance.identity import attempts, audit, codes, common_passwords
from appliance.identity.keys import Keys
from appliance.model.audit import Actor, AuditEntry
from appliance.model.session import Client
from appliance.model.text import Code, Password
from appliance.model.user import Caller
from appliance.store import sessions, users
from appliance.store.pool import Pool

MIN_CHARACTERS = 8
UNUSABLE = "!"
"""Stands where a hash would: no password signs in until one is set by code."""


class PasswordChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One's own password, and the next."""

    current: Password
    new: Password


class Reset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A one-time code from an administrator, and the password it sets."""

    code: Code
    password: Password


def refuse_weak(password: str, *personal: str) -> None:
    """Refuse a password that is too short or among the first that anybody tries.

    `personal`: what an attacker knows of the person, such as name, e-mail address and factory.
    """
    if len(password) < MIN_CHARACTERS:
        raise Unprocessable(
            f"The password has {len(password)} characters; it needs {MIN_CHARACTERS}, better 15. "
            "A few unrelated words make a good one."
        )
    if common_passwords.is_common(password, *personal):
        raise Unprocessable(
            "This password is among the first an attacker tries. Take a few unrelated words."
        )


async def change(
    db: Pool,
    keys: Keys,
    blocking: Executor,
    caller: Caller,
    asked: PasswordChange,
    client: Client,
    now: datetime,
) -> None:
    """Change one's own password; one's other sessions end."""
    refuse_weak(asked.new, caller.name, caller.email, *(f.name for f in caller.factories))
    await attempts.take(db, caller.email, client.address, now)
    found = await users.select_login(db, caller.email)
    stored = None if found is None else found.password_hash
    if not await keys.hasher.matches(blocking, asked.current, stored):
        raise NotAllowed("The current password is wrong.")
    await attempts.forgive(db, caller.email, client.address)
    hashed = await keys.hasher.hash(blocking, asked.new)
    async with db.acquire() as connection, connection.transaction():
        if found is None or not await users.update_login(connection, found, hashed, now):
            raise NotSignedIn
        await sessions.update_sessions_ended(
            connection, caller.user_id, now, except_id=caller.session_id
        )
        entry = AuditEntry(
            at=now,
            actor=Actor(caller.email, client.address),
            action="password.change",
            object=f"user {caller.user_id}",
            factory_ids=caller.scope.factory_ids,
        )
        await audit.record(connection, entry)


async def reset(
    db: Pool, keys: Keys, blocking: Executor, asked: Reset, client: Client, now: datetime
) -> None:
    """Set a password by a one-time code; all sessions of its user end."""
    await attempts.take(db, "", client.address, now)
    user_id = await codes.find_reset(db, asked.code, now)
    await attempts.forgive(db, "", client.address)
    user = await users.select_user(db, user_id)
    if user is None:
        raise NotAllowed
    refuse_weak(asked.password, user.name, user.email)
    hashed = await keys.hasher.hash(blocking, asked.password)
    async with db.acquire() as connection, connection.transaction():
        await codes.use(connection, asked.code, now)
        await users.update_password_hash(connection, user_id, hashed)
        await sessions.update_sessions_ended(connection, user_id, now)
        entry = AuditEntry(
            at=now,
            actor=Actor(user.email, client.address),
            action="password.reset",
            object=f"user {user_id}",
            factory_ids=user.factory_ids,
            reason="By a one-time code.",
        )
        await audit.record(connection, entry)
