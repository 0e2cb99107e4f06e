"""Factories: added by administrators, each with the time zone its people live in."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from appliance.errors import Unprocessable
from appliance.identity import audit
from appliance.model.audit import Actor, AuditEntry
from appliance.model.factory import Factory
from appliance.model.text import Name
from appliance.store import factories
from appliance.store.pool import Pool


class NewFactory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A factory to be added; `time_zone` is an IANA name such as Europe/Istanbul."""

    name: Name
    time_zone: Name = "UTC"


async def create(db: Pool, actor: Actor, asked: NewFactory, now: datetime) -> Factory:
    """Add a factory."""
    await refuse_unknown_time_zone(asked.time_zone)
    async with db.acquire() as connection, connection.transaction():
        factory = await factories.insert_factory(connection, asked.name, asked.time_zone)
        entry = AuditEntry(
            at=now,
            actor=actor,
            action="factory.create",
            object=f"factory {factory.id}",
            factory_ids=[factory.id],
            new=msgspec.to_builtins(factory),
        )
        await audit.record(connection, entry)
    return factory


async def refuse_unknown_time_zone(name: str) -> None:
    """Refuse a name that the time zone database does not have."""
    try:
        await asyncio.to_thread(ZoneInfo, name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Unprocessable(
            f"There is no time zone {name}. Write it like Europe/Istanbul or UTC."
        ) from error
