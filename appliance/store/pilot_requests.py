"""Requests for a pilot."""

from datetime import datetime

import msgspec

from appliance.model.pilot_request import PilotRequest, StoredPilotRequest
from appliance.store.pool import Connection, Db


class Recent(msgspec.Struct, frozen=True):
    """How many requests came since a time: from one address, and from all."""

    from_address: int
    from_all: int


async def lock_pilot_requests(db: Connection) -> None:
    """Let one request at a time count those before it, until the transaction ends."""
    await db.execute("select pg_advisory_xact_lock(hashtextextended('pilot_requests', 0))")


async def select_recent_pilot_requests(db: Db, address: str, since: datetime) -> Recent:
    """How many there were since a time."""
    rows = await db.fetch(
        """
        select count(*) filter (where address = $1) as from_address, count(*) as from_all
          from pilot_requests where at > $2
        """,
        address,
        since,
    )
    return Recent(**rows[0])


async def exists_pilot_request(db: Db, asked: PilotRequest, since: datetime) -> bool:
    """Whether the very same was asked since a time."""
    asked_before: bool = await db.fetchval(
        """
        select exists (
            select from pilot_requests
             where at > $1 and name = $2 and email = $3 and company = $4 and message = $5
        )
        """,
        since,
        asked.name,
        asked.email,
        asked.company,
        asked.message,
    )
    return asked_before


async def insert_pilot_request(db: Db, asked: PilotRequest, address: str, at: datetime) -> int:
    """Keep a request; its number comes back."""
    made: int = await db.fetchval(
        """
        insert into pilot_requests (at, address, name, email, company, message)
        values ($1, $2, $3, $4, $5, $6) returning id
        """,
        at,
        address,
        asked.name,
        asked.email,
        asked.company,
        asked.message,
    )
    return made


async def select_pilot_requests(db: Db, limit: int) -> list[StoredPilotRequest]:
    """The newest requests, newest first."""
    rows = await db.fetch(
        """
        select id, at, address, name, email, company, message
          from pilot_requests order by id desc limit $1
        """,
        limit,
    )
    return [
        StoredPilotRequest(
            id=row["id"],
            at=row["at"],
            address=row["address"],
            asked=PilotRequest(row["name"], row["email"], row["company"], row["message"]),
        )
        for row in rows
    ]
