"""Time's part in the life of alerts: shelves end, alarms are told again, steps are taken, and for
each event it is decided whom to tell. Any number of processes may do so at once."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from appliance.alarms import roster
from appliance.model.notification import Channel, Contact
from appliance.model.rule import AlarmClass
from appliance.model.scope import Scope
from appliance.store import alert_deeds, alert_events, alerts, contacts, deliveries
from appliance.store.alert_events import Pending
from appliance.store.notifications import listen
from appliance.store.outage import Outage
from appliance.store.pool import TROUBLE, Connection, Pool

TICK_SECONDS = 1.0
CHUNK_EVENTS = 200


async def run_escalator(pool: Pool, clock: Callable[[], datetime]) -> None:
    """Do what is due, for ever; holds one connection of the pool."""
    outage = Outage("The escalation of alarms")
    while True:
        try:
            async with pool.acquire() as db, listen(db, alerts.CHANNEL) as news:
                while True:
                    news.take()
                    await pass_time(db, clock())
                    while await decide(db, clock()) >= CHUNK_EVENTS:
                        pass
                    outage.over()
                    await news.wait(TICK_SECONDS)
        except TROUBLE as error:
            await outage.wait(error)


async def pass_time(db: Connection, now: datetime) -> None:
    """End shelves, alarm again, escalate: each statement is whole by itself."""
    await alert_deeds.delete_expired_shelves(db, now)
    await alert_deeds.update_alerts_realarmed(db, now)
    await alert_deeds.update_alerts_escalated(db, now)


async def decide(db: Connection, now: datetime) -> int:
    """Queue messages about the next events in one transaction; how many events there were."""
    async with db.transaction():
        pending = await alert_events.select_pending_for_update(db, now, CHUNK_EVENTS)
        if not pending:
            return 0
        scope = Scope(tuple({event.factory_id for event in pending}))
        known = {one.id: one for one in await contacts.select_contacts(db, scope)}
        rosters = await contacts.select_rosters(db, scope)
        names = {event.time_zone for event in pending}
        zones = {name: await asyncio.to_thread(ZoneInfo, name) for name in names}
        for event in pending:
            if not event.waits or event.stale:
                continue
            if event.what == "cleared":
                ids = await deliveries.select_told_contacts(db, event.alert_id)
            else:
                here = [one for one in rosters if one.factory_id == event.factory_id]
                step = int(event.value or 0) if event.what == "escalated" else 0
                ids = roster.on_at(here, event.priority, now, zones[event.time_zone], step)
            called = {one: known[one] for one in ids if one in known}
            whom = _when(event, called, now, zones[event.time_zone])
            await deliveries.insert_deliveries(
                db, event.event_id, event.what, event.alert_id, whom, now
            )
        await alert_events.update_events_decided(db, [one.event_id for one in pending], now)
    return len(pending)


def _when(
    event: Pending, called: Mapping[int, Contact], now: datetime, zone: ZoneInfo
) -> dict[int, datetime]:
    """Not before when each is told: quiet hours hold for all but the first priority; an advisory
    goes by mail alone."""
    return {
        contact_id: (event.priority > 1 and roster.quiet_until(contact, now, zone)) or now
        for contact_id, contact in called.items()
        if event.alarm_class is AlarmClass.ALARM or contact.channel is Channel.MAIL
    }
