"""Sessions and the refresh tokens that keep them alive."""

from datetime import datetime
from typing import Any

import msgspec

from appliance.model.factory import Factory
from appliance.model.ids import FactoryId, SessionId, UserId
from appliance.model.session import Client, Session
from appliance.model.user import Caller, Role
from appliance.store.pool import Db


class RefreshToken(msgspec.Struct, frozen=True):
    """A refresh token as stored, with the session and the user it belongs to."""

    session_id: SessionId
    user_id: UserId
    email: str
    factory_ids: list[FactoryId]
    address: str
    used_at: datetime | None
    last_used_at: datetime
    usable: bool
    """The session has not ended and its user may sign in."""


async def select_caller(
    db: Db, user_id: UserId, session_id: SessionId, now: datetime
) -> Caller | None:
    """Who is signed in by this session, with the factories they may see; None if nobody is."""
    rows = await db.fetch(
        """
        select u.email, u.name, u.role, f.id as factory_id, f.name as factory, f.time_zone
          from sessions s
          join users u on u.id = s.user_id and u.disabled_at is null
          left join factories f
            on u.role = 'administrator'
            or exists (select from memberships m where m.user_id = u.id and m.factory_id = f.id)
         where s.id = $2 and s.user_id = $1 and s.ended_at is null and s.expires_at > $3
         order by f.name
        """,
        user_id,
        session_id,
        now,
    )
    if not rows:
        return None
    return Caller(
        user_id=user_id,
        session_id=session_id,
        email=rows[0]["email"],
        name=rows[0]["name"],
        role=Role(rows[0]["role"]),
        factories=[
            Factory(FactoryId(row["factory_id"]), row["factory"], row["time_zone"])
            for row in rows
            if row["factory_id"] is not None
        ],
    )


async def select_sessions(
    db: Db, user_id: UserId, now: datetime, idle_since: datetime
) -> list[Session]:
    """A user's living sessions, the one used last first."""
    rows = await db.fetch(
        """
        select id, created_at, last_used_at, expires_at, address, user_agent
          from sessions
         where user_id = $1 and ended_at is null and expires_at > $2 and last_used_at > $3
         order by last_used_at desc
        """,
        user_id,
        now,
        idle_since,
    )
    return [_session(row) for row in rows]


async def insert_session(
    db: Db, user_id: UserId, client: Client, now: datetime, expires_at: datetime
) -> SessionId:
    """Begin a session."""
    made = await db.fetchval(
        """
        insert into sessions (user_id, created_at, last_used_at, expires_at, address, user_agent)
        values ($1, $2, $2, $3, $4, $5) returning id
        """,
        user_id,
        now,
        expires_at,
        client.address,
        client.user_agent,
    )
    return SessionId(str(made))


async def update_session_used(db: Db, session_id: SessionId, now: datetime) -> None:
    """Note that a session has been used."""
    await db.execute("update sessions set last_used_at = $2 where id = $1", session_id, now)


async def update_session_ended(
    db: Db, user_id: UserId, session_id: SessionId, now: datetime
) -> bool:
    """End one session of a user; False if there is no such living session."""
    ended = await db.fetchval(
        """
        update sessions set ended_at = $3
         where id = $2 and user_id = $1 and ended_at is null returning id
        """,
        user_id,
        session_id,
        now,
    )
    return ended is not None


async def update_sessions_ended(
    db: Db, user_id: UserId, now: datetime, *, except_id: SessionId | None = None
) -> None:
    """End all sessions of a user, or all but one."""
    await db.execute(
        """
        update sessions set ended_at = $2
         where user_id = $1 and ended_at is null and ($3::uuid is null or id <> $3)
        """,
        user_id,
        now,
        except_id,
    )


async def delete_sessions(db: Db, before: datetime) -> None:
    """Forget sessions, and their refresh tokens, that were over before a time."""
    await db.execute("delete from sessions where coalesce(ended_at, expires_at) < $1", before)


async def select_refresh_token_for_update(
    db: Db, sha256: bytes, now: datetime
) -> RefreshToken | None:
    """A refresh token by its hash; it and its session are held until the transaction ends."""
    row = await db.fetchrow(
        """
        select t.session_id, s.user_id, u.email, s.address, t.used_at, s.last_used_at,
               array(select m.factory_id from memberships m where m.user_id = u.id) as factory_ids,
               s.ended_at is null and s.expires_at > $2 and u.disabled_at is null as usable
          from refresh_tokens t
          join sessions s on s.id = t.session_id
          join users u on u.id = s.user_id
         where t.sha256 = $1
           for update of t, s
        """,
        sha256,
        now,
    )
    return None if row is None else RefreshToken(**{**row, "session_id": str(row["session_id"])})


async def insert_refresh_token(db: Db, sha256: bytes, session_id: SessionId, now: datetime) -> None:
    """Store the hash of a new refresh token."""
    await db.execute(
        "insert into refresh_tokens (sha256, session_id, issued_at) values ($1, $2, $3)",
        sha256,
        session_id,
        now,
    )


async def update_refresh_token_used(db: Db, sha256: bytes, now: datetime) -> None:
    """Note the first use of a refresh token."""
    await db.execute(
        "update refresh_tokens set used_at = $2 where sha256 = $1 and used_at is null", sha256, now
    )


def _session(row: Any) -> Session:
    return Session(**{**row, "id": str(row["id"])})
