"""Signing in, staying signed in, signing out.

A session lives in the database; tokens only point at it. An access token is good for ten minutes,
a refresh token for one renewal: used twice, somebody else holds a copy, and the session ends.
"""

import hashlib
import secrets
from collections.abc import Sequence
from concurrent.futures import Executor
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from appliance.errors import NotFound, NotSignedIn
from appliance.identity import attempts, audit, tokens
from appliance.identity.keys import Keys
from appliance.model.audit import Actor, AuditEntry
from appliance.model.ids import FactoryId, SessionId, UserId
from appliance.model.session import Client, Session
from appliance.model.user import Caller, Tokens
from appliance.store import sessions, users
from appliance.store.pool import Connection, Db, Pool
from appliance.store.sessions import RefreshToken

IDLE = timedelta(hours=12)
"""A session not used for a whole shift is over."""
LIFETIME = timedelta(days=30)
"""However busy, a session is over after a month: the password is asked for again."""
SIBLINGS = timedelta(seconds=10)
"""Two tabs may renew with the same refresh token at about the same time."""

WRONG = "The e-mail address or the password is wrong."


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who somebody says they are."""

    email: Annotated[str, msgspec.Meta(max_length=254)]
    password: Annotated[str, msgspec.Meta(max_length=1024)]


async def login(
    db: Pool,
    keys: Keys,
    blocking: Executor,
    credentials: Credentials,
    client: Client,
    now: datetime,
) -> Tokens:
    """Begin a session. A wrong pair is NotSignedIn in the same words, too many tries TooMany."""
    email = credentials.email.strip().lower()
    await attempts.take(db, email, client.address, now)
    found = await users.select_login(db, email)
    stored = None if found is None else found.password_hash
    matches = await keys.hasher.matches(blocking, credentials.password, stored)
    actor = Actor(email, client.address)
    if found is None or not matches or found.disabled:
        async with db.acquire() as connection, connection.transaction():
            factory_ids = () if found is None else found.factory_ids
            await _record(connection, actor, "session.refuse", email, factory_ids, now)
        raise NotSignedIn(WRONG)
    await attempts.forgive(db, email, client.address)
    hashed = await _strengthened(keys, blocking, found.password_hash, credentials.password)
    async with db.acquire() as connection, connection.transaction():
        await sessions.delete_sessions(connection, now - LIFETIME)
        if not await users.update_login(connection, found, hashed, now):
            raise NotSignedIn(WRONG)  # disabled or reset while the password was checked
        session_id = await sessions.insert_session(
            connection, found.user_id, client, now, now + LIFETIME
        )
        issued = await _issue(connection, keys, found.user_id, session_id, now)
        await _record(connection, actor, "session.begin", found.email, found.factory_ids, now)
    return issued


async def refresh(db: Pool, keys: Keys, token: str, now: datetime) -> Tokens:
    """New tokens for a refresh token, once. NotSignedIn if the session is over."""
    sha256 = _hash(token)
    async with db.acquire() as connection, connection.transaction():
        found = await sessions.select_refresh_token_for_update(connection, sha256, now)
        if found is not None and found.usable and found.last_used_at + IDLE > now:
            if found.used_at is None or now - found.used_at <= SIBLINGS:
                await sessions.update_refresh_token_used(connection, sha256, now)
                await sessions.update_session_used(connection, found.session_id, now)
                return await _issue(connection, keys, found.user_id, found.session_id, now)
            await _end_stolen(connection, found, now)
    raise NotSignedIn("The session is over. Sign in again.")


async def authenticate(db: Db, keys: Keys, token: str, now: datetime) -> Caller | None:
    """Who holds this access token, with the role and the factories they have now."""
    named = tokens.verify(keys, token, now)
    return None if named is None else await sessions.select_caller(db, *named, now)


async def current(db: Db, caller: Caller, now: datetime) -> Caller | None:
    """The caller as they are now, None once the session has ended: for answers that last."""
    return await sessions.select_caller(db, caller.user_id, caller.session_id, now)


async def living(db: Db, user_id: UserId, now: datetime) -> list[Session]:
    """Where a user is signed in."""
    return await sessions.select_sessions(db, user_id, now, now - IDLE)


async def end(
    db: Pool, caller: Caller, session_id: SessionId, client: Client, now: datetime
) -> None:
    """End one of the caller's own sessions."""
    async with db.acquire() as connection, connection.transaction():
        if not await sessions.update_session_ended(connection, caller.user_id, session_id, now):
            raise NotFound("You have no such session.")
        actor = Actor(caller.email, client.address)
        await _record(connection, actor, "session.end", caller.email, caller.scope.factory_ids, now)


async def logout(db: Pool, caller: Caller, client: Client, now: datetime) -> None:
    """End the session that the caller came with."""
    await end(db, caller, caller.session_id, client, now)


async def _issue(
    db: Connection, keys: Keys, user_id: UserId, session_id: SessionId, now: datetime
) -> Tokens:
    token = secrets.token_urlsafe(32)
    await sessions.insert_refresh_token(db, _hash(token), session_id, now)
    access = tokens.sign(keys, user_id, session_id, now)
    return Tokens(access, token, int(tokens.ACCESS_LIFETIME.total_seconds()))


async def _strengthened(keys: Keys, blocking: Executor, stored: str, password: str) -> str:
    """The hash to keep: a stronger one if the cost has risen, now that the password is at hand."""
    if keys.hasher.is_outdated(stored):
        return await keys.hasher.hash(blocking, password)
    return stored


async def _end_stolen(db: Connection, found: RefreshToken, now: datetime) -> None:
    await sessions.update_session_ended(db, found.user_id, found.session_id, now)
    entry = AuditEntry(
        at=now,
        actor=Actor(found.email, found.address),
        action="session.end",
        object=f"user {found.email}",
        factory_ids=found.factory_ids,
        reason="A refresh token was used twice: somebody else may hold a copy.",
    )
    await audit.record(db, entry)


async def _record(
    db: Connection,
    actor: Actor,
    action: str,
    email: str,
    factory_ids: Sequence[FactoryId],
    now: datetime,
) -> None:
    entry = AuditEntry(
        at=now, actor=actor, action=action, object=f"user {email}", factory_ids=factory_ids
    )
    await audit.record(db, entry)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
