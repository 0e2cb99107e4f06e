"""Whether somebody is told of every alarm: said in plain words where nobody is."""

from collections.abc import Sequence

from appliance.alarms import roster
from appliance.model.factory import Factory
from appliance.model.notification import Channel, Contact, Roster
from appliance.model.scope import Scope
from appliance.store import contacts
from appliance.store.pool import Db


async def problems(db: Db, factories: Sequence[Factory], *, has_mail_server: bool) -> list[str]:
    """Who is not told of alarms and why, in plain words; nothing if all is well."""
    scope = Scope(tuple(factory.id for factory in factories))
    known = await contacts.select_contacts(db, scope)
    rosters = await contacts.select_rosters(db, scope)
    told: list[str] = []
    for factory in factories:
        here = [one for one in known if one.factory_id == factory.id]
        on = [one for one in rosters if one.factory_id == factory.id]
        told += _problems_of(factory.name, here, on)
    if not has_mail_server and any(one.channel is Channel.MAIL for one in known):
        told.append("Mail cannot be sent: no server is set (CARBONSEED_SMTP_HOST).")
    return told


def _problems_of(name: str, known: Sequence[Contact], rosters: Sequence[Roster]) -> list[str]:
    if not known:
        return [f"Nobody is told of alarms in {name}: there is no contact."]
    if not any(one.after_minutes == 0 for one in rosters):
        return [f"Nobody is told of alarms in {name}: no roster tells anybody at once."]
    hours, first = roster.uncovered(rosters, priority=1)
    if first is None:
        return []
    gap = f"In {hours:.4g} of a week's 168 hours nobody is told of critical alarms in {name}"
    return [f"{gap}: first on {first}."]
