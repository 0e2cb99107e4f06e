"""Whom alarms are told to: set by administrators, with a record of who did it."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from appliance.errors import NotFound, Unprocessable
from appliance.identity import audit
from appliance.identity.vault import Vault
from appliance.model.audit import Actor, AuditEntry
from appliance.model.ids import FactoryId
from appliance.model.notification import (
    Channel,
    Contact,
    ContactGiven,
    Contacts,
    Delivery,
    Roster,
    Rosters,
)
from appliance.model.scope import Scope
from appliance.model.user import Role
from appliance.notify import service
from appliance.notify.webhook import LEAST_SECRET, refused_address
from appliance.store import contacts, deliveries, users
from appliance.store.pool import Connection, Pool

_MAIL = re.compile(r"[!-?A-~]{1,64}@[!-?A-~]{1,189}")


class _Kept(NamedTuple):
    """What of a contact is stored beside what was given."""

    address: str | None
    secret: bytes | None


async def replace_contacts(
    db: Pool, scope: Scope, actor: Actor, vault: Vault, asked: Contacts, now: datetime
) -> None:
    """Make these the contacts of a factory in scope; Unprocessable names the one that is wrong."""
    factory_id = _in_scope(scope, asked.factory_id)
    kinds = await asyncio.to_thread(_kinds, asked)  # loads plug-ins from disk
    one_factory = Scope((factory_id,))
    async with db.acquire() as connection, connection.transaction():
        old = {one.id: one for one in await contacts.select_contacts(connection, one_factory)}
        given_ids = [one.id for one in asked.contacts if one.id is not None]
        if len(set(given_ids)) < len(given_ids) or set(given_ids) - set(old):
            raise NotFound("Of a contact's ids one is given twice or is none of this factory.")
        for given in asked.contacts:
            known = None if given.id is None else old[given.id]
            kept = _kept(vault, given, known, kinds)
            await _refuse_stranger(connection, factory_id, given)
            store = contacts.insert_contact if known is None else contacts.update_contact
            await store(connection, factory_id, given, *kept)
        await contacts.delete_contacts(connection, factory_id, list(set(old) - set(given_ids)))
        new = await contacts.select_contacts(connection, one_factory)
        entry = _entry(actor, "notifications.contacts", factory_id, now, list(old.values()), new)
        await audit.record(connection, entry)


async def replace_rosters(
    db: Pool, scope: Scope, actor: Actor, asked: Rosters, now: datetime
) -> None:
    """Make these the rosters of a factory in scope."""
    factory_id = _in_scope(scope, asked.factory_id)
    one_factory = Scope((factory_id,))
    async with db.acquire() as connection, connection.transaction():
        known = {one.id for one in await contacts.select_contacts(connection, one_factory)}
        for given in asked.rosters:
            if missing := set(given.contact_ids) - known:
                raise Unprocessable(f"“{given.name}” names contact {min(missing)}: there is none.")
        old = await contacts.select_rosters(connection, one_factory)
        await contacts.delete_rosters(connection, factory_id)
        for given in asked.rosters:
            await contacts.insert_roster(connection, factory_id, given)
        new = await contacts.select_rosters(connection, one_factory)
        entry = _entry(actor, "notifications.rosters", factory_id, now, old, new)
        await audit.record(connection, entry)


async def test(db: Pool, scope: Scope, actor: Actor, contact_id: int, now: datetime) -> Delivery:
    """Queue a message that shows whether a contact in scope can be reached."""
    async with db.acquire() as connection, connection.transaction():
        found = [
            one for one in await contacts.select_contacts(connection, scope) if one.id == contact_id
        ]
        if not found:
            raise NotFound("There is no such contact.")
        delivery = await deliveries.insert_test(connection, found[0], now)
        entry = AuditEntry(
            at=now,
            actor=actor,
            action="notifications.test",
            object=f"contact {contact_id}",
            factory_ids=[found[0].factory_id],
        )
        await audit.record(connection, entry)
    return delivery


def _kinds(asked: Contacts) -> dict[str, str | None]:
    return {
        one.secret: service.kind(one.secret)
        for one in asked.contacts
        if one.channel is Channel.APPRISE and one.secret is not None
    }


def _kept(
    vault: Vault, given: ContactGiven, known: Contact | None, kinds: Mapping[str, str | None]
) -> _Kept:
    def refuse(reason: str) -> Unprocessable:
        return Unprocessable(f"“{given.name}”: {reason}")

    if (given.quiet_from is None) != (given.quiet_to is None):
        raise refuse("quiet hours need both quiet_from and quiet_to.")
    if known is not None and known.channel is not given.channel:
        raise refuse("a contact keeps its channel; remove it and add another.")
    sealed = None if given.secret is None else vault.seal(given.secret)
    has_secret = sealed is not None or (known is not None and known.has_secret)
    reason: str | None = None
    address = given.address
    match given.channel:
        case Channel.MAIL:
            reason, sealed = _refused_mail(given), None
        case Channel.WEBHOOK:
            reason = refused_address(given.address or "")
            if not has_secret or (given.secret and len(given.secret) < LEAST_SECRET):
                reason = reason or f"a webhook needs a secret of {LEAST_SECRET} characters or more."
        case Channel.APPRISE:
            kind = None if given.secret is None else kinds[given.secret]
            address = kind or (known.address if known else None)
            if not has_secret or (given.secret is not None and kind is None):
                reason = "its secret is no address that Apprise knows; see its list of services."
    if reason is not None:
        raise refuse(reason)
    return _Kept(address, sealed)


def _refused_mail(given: ContactGiven) -> str | None:
    if given.address is None:
        return None if given.user_id is not None else "mail needs an address, or a user."
    return None if _MAIL.fullmatch(given.address) else "this is no mail address."


async def _refuse_stranger(db: Connection, factory_id: FactoryId, given: ContactGiven) -> None:
    if given.user_id is None:
        return
    user = await users.select_user(db, given.user_id)
    if user is None or not (user.role is Role.ADMINISTRATOR or factory_id in user.factory_ids):
        raise Unprocessable(f"“{given.name}”: there is no such user in this factory.")


def _in_scope(scope: Scope, factory_id: FactoryId) -> FactoryId:
    if factory_id not in scope.factory_ids:
        raise NotFound("There is no such factory.")
    return factory_id


def _entry(
    actor: Actor,
    action: str,
    factory_id: FactoryId,
    now: datetime,
    old: Sequence[Contact | Roster],
    new: Sequence[Contact | Roster],
) -> AuditEntry:
    return AuditEntry(
        at=now,
        actor=actor,
        action=action,
        object=f"factory {factory_id}",
        factory_ids=[factory_id],
        old={"list": msgspec.to_builtins(old)},
        new={"list": msgspec.to_builtins(new)},
    )
