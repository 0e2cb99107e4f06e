"""One-time codes by their hashes."""

from datetime import datetime
from typing import Final

import msgspec

from appliance.model.ids import UserId
from appliance.store.pool import Db

FIRST_ADMINISTRATOR: Final = "first-administrator"
RESET_PASSWORD: Final = "reset-password"  # noqa: S105  a purpose, no secret


class Code(msgspec.Struct, frozen=True):
    """An unused code that has not expired."""

    user_id: UserId | None


async def select_code(db: Db, sha256: bytes, purpose: str, now: datetime) -> Code | None:
    """A code that may still be used for this purpose."""
    row = await db.fetchrow(
        """
        select user_id from one_time_codes
         where sha256 = $1 and purpose = $2 and used_at is null and expires_at > $3
        """,
        sha256,
        purpose,
        now,
    )
    return None if row is None else Code(**row)


async def insert_code(
    db: Db, sha256: bytes, purpose: str, user_id: UserId | None, expires_at: datetime
) -> None:
    """Store a new code's hash."""
    await db.execute(
        """
        insert into one_time_codes (sha256, purpose, user_id, expires_at) values ($1, $2, $3, $4)
        """,
        sha256,
        purpose,
        user_id,
        expires_at,
    )


async def update_code_used(db: Db, sha256: bytes, now: datetime) -> bool:
    """Use a code up; False if it was used before or has expired."""
    used = await db.fetchval(
        """
        update one_time_codes set used_at = $2
         where sha256 = $1 and used_at is null and expires_at > $2 returning true
        """,
        sha256,
        now,
    )
    return used is not None


async def delete_first_administrator_codes(db: Db) -> None:
    """Take back the first administrator's unused codes."""
    await db.execute(
        "delete from one_time_codes where purpose = 'first-administrator' and used_at is null"
    )


async def delete_reset_codes(db: Db, user_id: UserId) -> None:
    """Take back a user's unused codes."""
    await db.execute("delete from one_time_codes where user_id = $1 and used_at is null", user_id)
