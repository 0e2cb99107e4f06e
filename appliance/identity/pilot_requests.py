"""Takes requests for a pilot from people nobody knows yet, within bounds."""

from datetime import datetime, timedelta

from appliance.errors import TooMany
from appliance.identity import audit
from appliance.model.audit import Actor, AuditEntry
from appliance.model.pilot_request import PilotRequest
from appliance.model.session import Client
from appliance.store import pilot_requests
from appliance.store.pool import Pool

WINDOW = timedelta(hours=1)
MOST_FROM_ADDRESS = 5
MOST_FROM_ALL = 100
"""In one window: more is a program, not people."""


async def receive(db: Pool, asked: PilotRequest, client: Client, now: datetime) -> None:
    """Keep a request for the administrator; TooMany when many came within the hour.

    The same one again within the hour, as by a second click, is kept once.
    """
    async with db.acquire() as connection, connection.transaction():
        await pilot_requests.lock_pilot_requests(connection)
        if await pilot_requests.exists_pilot_request(connection, asked, now - WINDOW):
            return
        recent = await pilot_requests.select_recent_pilot_requests(
            connection, client.address, now - WINDOW
        )
        if recent.from_address >= MOST_FROM_ADDRESS or recent.from_all >= MOST_FROM_ALL:
            raise TooMany(retry_after_seconds=int(WINDOW.total_seconds()))
        made = await pilot_requests.insert_pilot_request(connection, asked, client.address, now)
        entry = AuditEntry(
            at=now,
            actor=Actor(asked.email, client.address),
            action="pilot.request",
            object=f"pilot request {made}",
        )
        await audit.record(connection, entry)
