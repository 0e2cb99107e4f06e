"""Sends what is queued, one sender for each message at a time, until it is out or a day has gone.

A message goes out at least once: who dies between sending and recording leaves it to be sent again
under the same key.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx

from appliance.identity.vault import Unreadable, Vault
from appliance.model.alert import Alert, AlertState
from appliance.model.notification import Channel, DeliveryState, Message
from appliance.model.scope import Scope
from appliance.notify import mail, service, webhook, words
from appliance.notify.failure import NotSent
from appliance.notify.mail import MailServer
from appliance.store import alerts, contacts, deliveries
from appliance.store.contacts import Reach
from appliance.store.deliveries import Taken
from appliance.store.notifications import listen
from appliance.store.outage import Outage
from appliance.store.pool import TROUBLE, Pool

TICK_SECONDS = 2.0
AT_ONCE = 8
SEND_SECONDS = 60.0
"""For one attempt; less than a lease."""
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(hours=1)
GIVE_UP = timedelta(days=1)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ways:
    """What messages go out with."""

    vault: Vault
    mail_server: MailServer | None
    client: httpx.AsyncClient
    threads: Executor


async def run_notifier(
    pool: Pool, vault: Vault, mail_server: MailServer | None, clock: Callable[[], datetime]
) -> None:
    """Send for ever; holds one connection of the pool."""
    outage = Outage("The notifier")
    threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="notifier")
    try:
        loop = asyncio.get_running_loop()
        async with await loop.run_in_executor(threads, webhook.webhook_client) as client:
            ways = Ways(vault, mail_server, client, threads)
            while True:
                try:
                    await _send_on(pool, ways, clock, outage)
                except TROUBLE as error:
                    await outage.wait(error)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)  # a mail on its way holds up no stop


async def _send_on(pool: Pool, ways: Ways, clock: Callable[[], datetime], outage: Outage) -> None:
    async with pool.acquire() as db, listen(db, deliveries.CHANNEL) as news:
        while True:
            news.take()
            while await send_due(pool, ways, clock) >= AT_ONCE:
                pass
            outage.over()
            await news.wait(TICK_SECONDS)


async def send_due(pool: Pool, ways: Ways, clock: Callable[[], datetime]) -> int:
    """Try the next messages that are due, side by side; how many there were."""
    taken = await deliveries.update_deliveries_taken(pool, clock(), AT_ONCE)
    await asyncio.gather(*(_deliver(pool, ways, one, clock) for one in taken))
    return len(taken)


async def _deliver(pool: Pool, ways: Ways, taken: Taken, clock: Callable[[], datetime]) -> None:
    alert = await _alert(pool, taken)
    reach = (
        None if taken.contact_id is None else await contacts.select_reach(pool, taken.contact_id)
    )
    if reach is None or (needless := _needless(taken, alert)):
        reason = "The contact was removed." if reach is None else needless
        await deliveries.update_delivery_done(pool, taken, DeliveryState.DROPPED, reason, clock())
        return
    zone = await asyncio.to_thread(ZoneInfo, taken.time_zone)
    message = (
        words.trial(taken.key)
        if alert is None
        else words.about(alert, taken.occasion, taken.key, zone)
    )
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await _send(ways, reach, message, clock())
    except (NotSent, Unreadable, TimeoutError) as error:
        await _put_off(pool, taken, error, clock())
    else:
        await deliveries.update_delivery_done(pool, taken, DeliveryState.SENT, None, clock())


async def _send(ways: Ways, reach: Reach, message: Message, now: datetime) -> None:
    loop = asyncio.get_running_loop()
    secret = ways.vault.open(reach.secret) if reach.secret is not None else ""
    if reach.disabled:
        raise NotSent("This person is disabled.", lasting=True)
    match reach.channel:
        case Channel.MAIL:
            address = reach.address or ""
            await loop.run_in_executor(
                ways.threads, mail.send_mail, ways.mail_server, address, message
            )
        case Channel.WEBHOOK:
            await webhook.post(ways.client, reach.address or "", secret, message, now)
        case Channel.APPRISE:
            await loop.run_in_executor(ways.threads, service.send, secret, message)


async def _put_off(
    pool: Pool, taken: Taken, error: NotSent | Unreadable | TimeoutError, now: datetime
) -> None:
    reason = str(error) or f"Not sent within {SEND_SECONDS:g} seconds."
    again = now + pause(taken.attempts, random.random())  # noqa: S311 - spreads load, no secret
    lasting = isinstance(error, NotSent) and error.lasting
    if lasting or again > taken.created_at + GIVE_UP:
        log.warning("Message %d to contact %s is given up: %s", taken.id, taken.contact_id, reason)
        await deliveries.update_delivery_done(pool, taken, DeliveryState.FAILED, reason, now)
    else:
        await deliveries.update_delivery_postponed(pool, taken, reason, again)


def pause(attempts: int, chance: float) -> timedelta:
    """Until the next attempt: doubles each time up to an hour, by chance (0 to 1) a quarter more
    or less."""
    doubled = FIRST_PAUSE * 2.0 ** min(attempts - 1, 20)
    return min(doubled, LONGEST_PAUSE) * (0.75 + chance / 2)


def _needless(taken: Taken, alert: Alert | None) -> str | None:
    """Why nobody needs to hear of it any more, None if they do."""
    if taken.alert_id is None or (alert is not None and taken.occasion == "cleared"):
        return None
    if alert is None:
        return "The alert is gone."
    returned = alert.state is AlertState.RETURNED
    reasons = (
        (alert.acknowledged_at, f"{alert.acknowledged_by or 'Somebody'} acknowledged it before."),
        (alert.shelved_until, "It was shelved before."),
        (alert.suppressed_at, "It was suppressed before."),
        (returned and taken.occasion == "escalated", "It returned to normal before."),
    )
    return next((reason for holds, reason in reasons if holds), None)


async def _alert(pool: Pool, taken: Taken) -> Alert | None:
    if taken.alert_id is None:
        return None
    scope = Scope((taken.factory_id,))
    found = await alerts.select_alerts(pool, scope, "all", alert_ids=[taken.alert_id])
    return found[0] if found else None
