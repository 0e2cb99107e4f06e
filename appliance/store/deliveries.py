"""Deliveries: queued with the event they tell of, taken by one sender at a time, kept as record.

Taking one is a lease: a sender that dies leaves it to be tried again, with the same key.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from appliance.model.ids import AlertId, FactoryId
from appliance.model.notification import Channel, Contact, Delivery, DeliveryState
from appliance.model.scope import Scope
from appliance.store.pool import Db

CHANNEL = "deliveries"
LEASE = timedelta(minutes=2)


class Taken(NamedTuple):
    """A delivery that is this sender's to make until its lease is over."""

    id: int
    key: UUID
    factory_id: FactoryId
    time_zone: str
    alert_id: AlertId | None
    contact_id: int | None
    occasion: str
    attempts: int
    created_at: datetime


async def insert_deliveries(
    db: Db,
    event_id: int,
    occasion: str,
    alert_id: AlertId,
    contacts: Mapping[int, datetime],
    now: datetime,
) -> None:
    """Queue a message of an event to contacts, each not before its time."""
    await db.execute(
        """
        with queued as (
            insert into deliveries (factory_id, alert_id, event_id, contact_id, contact, channel,
                                    occasion, created_at, next_try_at)
            select c.factory_id, $3, $1, c.id, c.name, c.channel, $2, $6, t.not_before
              from unnest($4::int[], $5::timestamptz[]) as t (id, not_before)
              join contacts c on c.id = t.id
            on conflict (event_id, contact_id) do nothing
            returning id
        )
        select pg_notify($7, '') from queued limit 1
        """,
        event_id,
        occasion,
        alert_id,
        list(contacts),
        list(contacts.values()),
        now,
        CHANNEL,
    )


async def select_told_contacts(db: Db, alert_id: AlertId) -> list[int]:
    """Who was told of an alert, or is about to be, and wants to know of its end."""
    rows = await db.fetch(
        """
        select distinct c.id from deliveries d join contacts c on c.id = d.contact_id
         where d.alert_id = $1 and c.tell_cleared and d.state <> 'dropped'
        """,
        alert_id,
    )
    return [row["id"] for row in rows]


async def insert_test(db: Db, contact: Contact, now: datetime) -> Delivery:
    """Queue a test to a contact."""
    delivery_id: int = await db.fetchval(
        """
        with queued as (
            insert into deliveries (factory_id, contact_id, contact, channel, occasion, created_at,
                                    next_try_at)
            values ($1, $2, $3, $4, 'test', $5, $5) returning id
        )
        select id, pg_notify($6, '') from queued
        """,
        contact.factory_id,
        contact.id,
        contact.name,
        contact.channel.value,
        now,
        CHANNEL,
    )
    [made] = await select_deliveries(db, Scope((contact.factory_id,)), delivery_id=delivery_id)
    return made


async def select_deliveries(
    db: Db,
    scope: Scope,
    *,
    delivery_id: int | None = None,
    alert_id: AlertId | None = None,
    state: DeliveryState | None = None,
    limit: int = 200,
) -> list[Delivery]:
    """Deliveries in scope, the newest first."""
    rows = await db.fetch(
        """
        select id, factory_id, alert_id, contact_id, contact, channel, occasion, state, reason,
               attempts, created_at, case when state = 'queued' then next_try_at end as next_try_at,
               sent_at
          from deliveries
         where factory_id = any($1::int[]) and ($2::bigint is null or id = $2)
           and ($3::bigint is null or alert_id = $3) and ($4::text is null or state = $4)
         order by id desc limit $5
        """,
        scope.factory_ids,
        delivery_id,
        alert_id,
        None if state is None else state.value,
        limit,
    )
    return [
        Delivery(
            **{**row, "channel": Channel(row["channel"]), "state": DeliveryState(row["state"])}
        )
        for row in rows
    ]


async def update_deliveries_taken(db: Db, now: datetime, limit: int) -> list[Taken]:
    """Take those that are due and that nobody else holds; each counts as an attempt."""
    rows = await db.fetch(
        """
        with due as (
            select id from deliveries where state = 'queued' and next_try_at <= $1
             order by next_try_at, id limit $3 for update skip locked
        )
        update deliveries d set attempts = attempts + 1, next_try_at = $2
          from due, factories f
         where d.id = due.id and f.id = d.factory_id
        returning d.id, d.key, d.factory_id, f.time_zone, d.alert_id, d.contact_id, d.occasion,
                  d.attempts, d.created_at
        """,
        now,
        now + LEASE,
        limit,
    )
    return [Taken(*row.values()) for row in rows]


async def update_delivery_done(
    db: Db, taken: Taken, state: DeliveryState, reason: str | None, now: datetime
) -> None:
    """Record how a delivery ended."""
    await db.execute(
        """
        update deliveries
           set state = $2, reason = $3, sent_at = case when $2 = 'sent' then $4::timestamptz end
         where id = $1 and state = 'queued'
        """,
        taken.id,
        state.value,
        reason,
        now,
    )


async def update_delivery_postponed(
    db: Db, taken: Taken, reason: str, next_try_at: datetime
) -> None:
    """Record why an attempt failed, and when to try again."""
    await db.execute(
        """
        update deliveries set reason = $2, next_try_at = $3
         where id = $1 and state = 'queued' and attempts = $4
        """,
        taken.id,
        reason,
        next_try_at,
        taken.attempts,
    )
