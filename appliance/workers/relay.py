"""Turns PostgreSQL's notifications into live events: whole rows, gathered, for those who listen."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from appliance.history import latest
from appliance.live import Hub
from appliance.model.ids import AlertId, DeviceId
from appliance.model.live import AlertChanged, DeviceChanged
from appliance.model.scope import Scope
from appliance.store import alerts, batches, factories
from appliance.store.notifications import Notifications, listen
from appliance.store.outage import Outage
from appliance.store.pool import TROUBLE, Connection, Pool

GATHER_SECONDS = 0.2
"""However often a device posts, it is told of five times a second at most."""
TICK_SECONDS = 1.0
"""Devices that fall silent are looked for this often."""


async def run_relay(pool: Pool, live: Hub, clock: Callable[[], datetime]) -> None:
    """Tell the hub's listeners for ever; holds one connection of the pool."""
    outage = Outage("The live view")
    while True:
        try:
            async with pool.acquire() as db, listen(db, batches.CHANNEL, alerts.CHANNEL) as news:
                outage.over()
                live.close()  # who listened until now may have missed something: start anew
                await _relay(db, news, live, clock)
        except TROUBLE as error:
            await outage.wait(error)


async def _relay(
    db: Connection, news: Notifications, live: Hub, clock: Callable[[], datetime]
) -> None:
    looked_at = clock()
    while True:
        await news.wait(TICK_SECONDS)
        await asyncio.sleep(GATHER_SECONDS)
        told, now = news.take(), clock()
        devices = {DeviceId(number) for number in _numbers(told.get(batches.CHANNEL, ()))}
        if now - looked_at >= timedelta(seconds=TICK_SECONDS):
            if live.heard:
                devices |= await latest.fell_silent(db, looked_at, now)
            looked_at = now
        raised = [AlertId(number) for number in _numbers(told.get(alerts.CHANNEL, ()))]
        if live.heard and (devices or raised):
            await publish(db, live, devices, raised, now)


async def publish(
    db: Connection,
    live: Hub,
    device_ids: Iterable[DeviceId],
    alert_ids: Iterable[AlertId],
    now: datetime,
) -> None:
    """Tell the present rows of devices and alerts, of whatever factory, to whom they concern.

    What is odd about a device may follow from its alerts: theirs are told too.
    """
    everywhere = Scope(tuple(one.id for one in await factories.select_all_factories(db)))
    told = await alerts.select_alerts(db, everywhere, "all", alert_ids=list(alert_ids))
    changed = {*device_ids, *(alert.device_id for alert in told)}
    for status in await latest.statuses(db, everywhere, now, list(changed)):
        live.publish(DeviceChanged(status), status.device.factory_id)
    for alert in told:
        live.publish(AlertChanged(alert), alert.factory_id)


def _numbers(payloads: Iterable[str]) -> Iterable[int]:
    return (int(number) for payload in payloads for number in payload.split(","))
