"""Contacts and rosters of factories. What is secret of a contact comes and goes encrypted."""

from typing import NamedTuple

from appliance.model.ids import FactoryId
from appliance.model.notification import Channel, Contact, ContactGiven, Roster, RosterGiven
from appliance.model.scope import Scope
from appliance.store.pool import Db


class Reach(NamedTuple):
    """How a contact is reached: a user's own address where it names no other."""

    channel: Channel
    address: str | None
    secret: bytes | None
    disabled: bool


async def select_contacts(db: Db, scope: Scope) -> list[Contact]:
    """The contacts in scope, without their secrets."""
    rows = await db.fetch(
        """
        select id, factory_id, name, channel, user_id, address, secret is not null as has_secret,
               to_char(quiet_from, 'HH24:MI') as quiet_from,
               to_char(quiet_to, 'HH24:MI') as quiet_to, tell_cleared
          from contacts where factory_id = any($1::int[]) order by factory_id, name, id
        """,
        scope.factory_ids,
    )
    return [Contact(**{**row, "channel": Channel(row["channel"])}) for row in rows]


async def select_reach(db: Db, contact_id: int) -> Reach | None:
    """How to reach a contact, None if it is gone."""
    row = await db.fetchrow(
        """
        select c.channel, coalesce(c.address, u.email) as address, c.secret,
               u.disabled_at is not null as disabled
          from contacts c left join users u on u.id = c.user_id
         where c.id = $1
        """,
        contact_id,
    )
    if row is None:
        return None
    return Reach(Channel(row["channel"]), row["address"], row["secret"], row["disabled"])


async def insert_contact(
    db: Db, factory_id: FactoryId, given: ContactGiven, address: str | None, secret: bytes | None
) -> None:
    """Add a contact to a factory."""
    await db.execute(
        """
        insert into contacts (factory_id, name, channel, user_id, address, secret, quiet_from,
                              quiet_to, tell_cleared)
        values ($1, $2, $3, $4, $5, $6, $7::text::time, $8::text::time, $9)
        """,
        factory_id,
        given.name,
        given.channel.value,
        given.user_id,
        address,
        secret,
        given.quiet_from,
        given.quiet_to,
        given.tell_cleared,
    )


async def update_contact(
    db: Db, factory_id: FactoryId, given: ContactGiven, address: str | None, secret: bytes | None
) -> None:
    """Change a contact of a factory; without `secret` its own stays."""
    await db.execute(
        """
        update contacts
           set name = $3, user_id = $4, address = $5, secret = coalesce($6, secret),
               quiet_from = $7::text::time, quiet_to = $8::text::time, tell_cleared = $9
         where factory_id = $1 and id = $2
        """,
        factory_id,
        given.id,
        given.name,
        given.user_id,
        address,
        secret,
        given.quiet_from,
        given.quiet_to,
        given.tell_cleared,
    )


async def delete_contacts(db: Db, factory_id: FactoryId, contact_ids: list[int]) -> None:
    """Remove contacts of a factory, also from its rosters; a roster without any goes too."""
    await db.execute(
        "delete from contacts where factory_id = $1 and id = any($2::int[])",
        factory_id,
        contact_ids,
    )
    await db.execute(
        """
        update rosters
           set contact_ids = array(select id from unnest(contact_ids) with ordinality as c (id, n)
                                    where id <> all($2::int[]) order by n)
         where factory_id = $1 and contact_ids && $2::int[]
        """,
        factory_id,
        contact_ids,
    )
    await db.execute("delete from rosters where factory_id = $1 and contact_ids = '{}'", factory_id)


async def select_rosters(db: Db, scope: Scope) -> list[Roster]:
    """The rosters in scope: those told first come first."""
    rows = await db.fetch(
        """
        select id, factory_id, name, weekdays, to_char(begins, 'HH24:MI') as begins,
               to_char(ends, 'HH24:MI') as ends, lowest_priority, after_minutes, contact_ids
          from rosters where factory_id = any($1::int[])
         order by factory_id, after_minutes, rosters.begins, id
        """,
        scope.factory_ids,
    )
    return [Roster(**row) for row in rows]


async def delete_rosters(db: Db, factory_id: FactoryId) -> None:
    """Remove a factory's rosters."""
    await db.execute("delete from rosters where factory_id = $1", factory_id)


async def insert_roster(db: Db, factory_id: FactoryId, given: RosterGiven) -> None:
    """Add a roster to a factory."""
    await db.execute(
        """
        insert into rosters (factory_id, name, weekdays, begins, ends, lowest_priority,
                             after_minutes, contact_ids)
        values ($1, $2, $3, $4::text::time, $5::text::time, $6, $7, $8)
        """,
        factory_id,
        given.name,
        sorted(set(given.weekdays)),
        given.begins,
        given.ends,
        given.lowest_priority,
        given.after_minutes,
        list(dict.fromkeys(given.contact_ids)),
    )
