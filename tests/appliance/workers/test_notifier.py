"""Messages on their way to a real mail server and a real webhook, through failures and deaths."""

import asyncio
import hashlib
import hmac
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from appliance.http.context import Context
from appliance.identity.vault import Vault
from appliance.model.ids import AlertId
from appliance.model.notification import (
    Channel,
    ContactGiven,
    Delivery,
    DeliveryState,
)
from appliance.notify.mail import MailServer
from appliance.notify.webhook import webhook_client
from appliance.store import contacts, deliveries
from appliance.store.pool import Pool
from appliance.workers import notifier
from appliance.workers.notifier import Ways
from tests.appliance.conftest import Clock
from tests.appliance.notify.receivers import Hook, Mailbox, mail_server, webhook
from tests.appliance.plant import NOON, Plant
from tests.appliance.workers.test_escalator import (
    acknowledge,
    clear,
    raise_one,
    roster,
    rule,
    tick,
    user,
)

SECRET = "sixteen letters!"
SIGNING = b"s" * 32

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with mail_server() as found:
        yield found


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with webhook() as found:
        yield found


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as executor:
        yield executor


@pytest.fixture
async def ways(box: Mailbox, threads: ThreadPoolExecutor) -> AsyncIterator[Ways]:
    server = MailServer("127.0.0.1", box.port, "carbonseed@north.example", "none", None, None)
    async with await asyncio.to_thread(webhook_client) as client:
        yield Ways(Vault(SIGNING), server, client, threads)


async def contact(plant: Plant, channel: Channel, address: str | None, secret: str = "") -> int:
    given = ContactGiven(name=f"by {channel}", channel=channel, tell_cleared=True)
    sealed = Vault(SIGNING).seal(secret) if secret else None
    await contacts.insert_contact(plant.pool, plant.factory_id, given, address, sealed)
    return max(one.id for one in await contacts.select_contacts(plant.pool, plant.scope))


async def raise_to(plant: Plant, contact_id: int, **columns: Any) -> AlertId:
    await roster(plant, contact_id)
    alert_id = await raise_one(plant, await rule(plant, **columns))
    await tick(plant, NOON)
    return alert_id


async def all_deliveries(plant: Plant) -> list[Delivery]:
    return list(reversed(await deliveries.select_deliveries(plant.pool, plant.scope)))


async def the_delivery(plant: Plant) -> Delivery:
    [found] = await all_deliveries(plant)
    return found


async def test_a_mail_says_what_happened_and_what_to_do(
    plant: Plant, ways: Ways, box: Mailbox, clock: Clock
) -> None:
    await raise_to(
        plant,
        await contact(plant, Channel.MAIL, "ada@north.example"),
        message="Zu heiß",
        what_to_do="Open the damper.\nCall maintenance.",
        respond_seconds=600.0,
        priority=1,
    )
    assert await notifier.send_due(plant.pool, ways, clock) == 1
    assert await notifier.send_due(plant.pool, ways, clock) == 0
    [mail] = box.mails
    assert (mail["To"], mail["From"]) == ("ada@north.example", "carbonseed@north.example")
    assert mail["Subject"] == "Critical: node 0: Zu heiß"
    assert mail.get_content().replace("\r\n", "\n") == (
        "Zu heiß\nDevice: node 0\nValue: 120 °C (limit 100 °C)\n"
        "Raised: 2026-11-23 15:00:00 +03\nWhat to do: Open the damper.\nCall maintenance.\n"
        "Time to respond: 10 minutes\n"
    )
    done = await the_delivery(plant)
    assert (done.state, done.attempts, done.sent_at, done.next_try_at, done.reason) == (
        "sent", 1, NOON, None, None,
    )  # fmt: skip


async def test_a_webhook_is_signed_and_carries_the_alert(
    plant: Plant, ways: Ways, hook: Hook, clock: Clock
) -> None:
    alert_id = await raise_to(plant, await contact(plant, Channel.WEBHOOK, hook.url, SECRET))
    await notifier.send_due(plant.pool, ways, clock)
    [(headers, content)] = hook.posts
    signed, given = headers["carbonseed-signature"].split(",")
    seconds = signed.removeprefix("t=")
    assert int(seconds) == NOON.timestamp()
    expected = hmac.new(SECRET.encode(), f"{seconds}.".encode() + content, hashlib.sha256)
    assert given == f"v1={expected.hexdigest()}"
    [body] = hook.bodies
    assert (body["occasion"], body["alert"]["id"], body["key"]) == (
        "raised", alert_id, headers["idempotency-key"],
    )  # fmt: skip
    assert headers["request"] == "POST /alarms HTTP/1.1"


async def test_apprise_reaches_its_services(
    plant: Plant, ways: Ways, hook: Hook, clock: Clock
) -> None:
    url = f"json://127.0.0.1:{hook.port}/chat"
    await raise_to(plant, await contact(plant, Channel.APPRISE, "json://…", url))
    await notifier.send_due(plant.pool, ways, clock)
    [body] = hook.bodies
    assert body["title"] == "High: node 0: Too hot"
    assert "Device: node 0" in body["message"]
    assert (await the_delivery(plant)).state is DeliveryState.SENT


async def test_a_server_that_recovers_gets_the_same_message(
    plant: Plant, ways: Ways, hook: Hook, clock: Clock
) -> None:
    hook.status = "503 Service Unavailable"
    await raise_to(plant, await contact(plant, Channel.WEBHOOK, hook.url, SECRET))
    pauses = []
    for attempt in range(1, 4):
        await notifier.send_due(plant.pool, ways, clock)
        waiting = await the_delivery(plant)
        assert (waiting.state, waiting.attempts, waiting.reason) == (
            "queued", attempt, "Answered 503.",
        )  # fmt: skip
        assert waiting.next_try_at is not None
        pauses.append((waiting.next_try_at - clock.now).total_seconds())
        clock.now = waiting.next_try_at - timedelta(seconds=1)
        assert await notifier.send_due(plant.pool, ways, clock) == 0
        clock.forward(seconds=1)
    assert [round(pause / 15 / 2**n) for n, pause in enumerate(pauses)] == [1, 1, 1]
    hook.status = "200 OK"
    await notifier.send_due(plant.pool, ways, clock)
    assert (await the_delivery(plant)).state is DeliveryState.SENT
    assert len(hook.posts) == 4
    assert len({body["key"] for body in hook.bodies}) == 1


async def test_a_mail_server_that_comes_back_gets_one_mail(
    plant: Plant, ways: Ways, box: Mailbox, clock: Clock
) -> None:
    await raise_to(plant, await contact(plant, Channel.MAIL, "ada@north.example"))
    async with mail_server() as gone:
        pass
    away = Ways(
        ways.vault, ways.mail_server and ways.mail_server._replace(port=gone.port), ways.client,
        ways.threads,
    )  # fmt: skip
    await notifier.send_due(plant.pool, away, clock)
    waiting = await the_delivery(plant)
    assert waiting.state is DeliveryState.QUEUED
    assert waiting.reason is not None
    assert "cannot be used" in waiting.reason
    clock.forward(minutes=1)
    box.answers = ["451 Try later"]
    await notifier.send_due(plant.pool, ways, clock)
    assert (await the_delivery(plant)).state is DeliveryState.QUEUED
    clock.forward(minutes=1)
    await notifier.send_due(plant.pool, ways, clock)
    assert (await the_delivery(plant)).state is DeliveryState.SENT
    assert len(box.mails) == 1


async def test_an_address_that_does_not_exist_is_given_up_at_once(
    plant: Plant, ways: Ways, box: Mailbox, clock: Clock
) -> None:
    await raise_to(plant, await contact(plant, Channel.MAIL, "nobody@north.example"))
    box.answers = ["550 No such user"]
    await notifier.send_due(plant.pool, ways, clock)
    failed = await the_delivery(plant)
    assert (failed.state, failed.reason) == (
        "failed", "127.0.0.1 refuses nobody@north.example: No such user",
    )  # fmt: skip


async def test_after_a_day_it_is_given_up(
    plant: Plant, ways: Ways, hook: Hook, clock: Clock
) -> None:
    hook.status = "500 Oops"
    await raise_to(plant, await contact(plant, Channel.WEBHOOK, hook.url, SECRET))
    while (waiting := await the_delivery(plant)).state is DeliveryState.QUEUED:
        assert waiting.next_try_at is not None
        clock.now = max(clock.now, waiting.next_try_at)
        await notifier.send_due(plant.pool, ways, clock)
    assert waiting.state is DeliveryState.FAILED
    assert clock.now <= NOON + timedelta(days=1)
    assert 24 < waiting.attempts < 50


@pytest.mark.parametrize(
    ("status", "more"),
    [("302 Found", "location: http://127.0.0.1:1/\r\n"), ("404 Not Found", "")],
)
async def test_no_redirect_is_followed_and_only_2xx_is_well(
    plant: Plant, ways: Ways, hook: Hook, clock: Clock, status: str, more: str
) -> None:
    hook.status, hook.headers = status, more
    await raise_to(plant, await contact(plant, Channel.WEBHOOK, hook.url, SECRET))
    await notifier.send_due(plant.pool, ways, clock)
    assert (await the_delivery(plant)).reason == f"Answered {status[:3]}."
    assert len(hook.posts) == 1


async def test_what_somebody_took_on_meanwhile_is_not_sent(
    plant: Plant, ways: Ways, hook: Hook, clock: Clock
) -> None:
    contact_id = await contact(plant, Channel.WEBHOOK, hook.url, SECRET)
    alert_id = await raise_to(plant, contact_id)
    await acknowledge(plant, alert_id, await user(plant), NOON)
    await notifier.send_due(plant.pool, ways, clock)
    assert hook.posts == []
    dropped = await the_delivery(plant)
    assert (dropped.state, dropped.reason) == ("dropped", "Otto acknowledged it before.")


async def test_the_end_is_told_after_the_beginning(
    plant: Plant, ways: Ways, hook: Hook, clock: Clock
) -> None:
    alert_id = await raise_to(plant, await contact(plant, Channel.WEBHOOK, hook.url, SECRET))
    await notifier.send_due(plant.pool, ways, clock)
    rule_id = await plant.pool.fetchval("select rule_id from alerts where id = $1", alert_id)
    await clear(plant, rule_id, NOON)
    await tick(plant, NOON)
    await notifier.send_due(plant.pool, ways, clock)
    assert [body["occasion"] for body in hook.bodies] == ["raised", "cleared"]
    assert hook.bodies[1]["text"] == "Back to normal – High: node 0: Too hot"


async def test_a_removed_contact_hears_nothing_more(
    plant: Plant, ways: Ways, hook: Hook, clock: Clock
) -> None:
    contact_id = await contact(plant, Channel.WEBHOOK, hook.url, SECRET)
    await raise_to(plant, contact_id)
    await contacts.delete_contacts(plant.pool, plant.factory_id, [contact_id])
    await notifier.send_due(plant.pool, ways, clock)
    assert (await the_delivery(plant)).reason == "The contact was removed."
    assert hook.posts == []


async def test_secrets_stand_in_no_log_and_no_reason(
    plant: Plant, ways: Ways, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with webhook() as gone:
        pass
    url = f"json://user:hushhush@127.0.0.1:{gone.port}/tokentoken"
    await raise_to(plant, await contact(plant, Channel.APPRISE, "json://…", url))
    await notifier.send_due(plant.pool, ways, clock)
    failed = await the_delivery(plant)
    assert failed.reason == "The service refused it or could not be reached."
    assert "hushhush" not in caplog.text
    assert "tokentoken" not in caplog.text


async def test_a_secret_of_another_appliance_is_said_to_be_unreadable(
    plant: Plant, ways: Ways, hook: Hook, clock: Clock
) -> None:
    await raise_to(plant, await contact(plant, Channel.WEBHOOK, hook.url, SECRET))
    other = Ways(Vault(b"x" * 32), ways.mail_server, ways.client, ways.threads)
    await notifier.send_due(plant.pool, other, clock)
    reason = (await the_delivery(plant)).reason
    assert reason is not None
    assert "give it anew" in reason


async def test_many_senders_send_each_message_once(
    plant: Plant, ways: Ways, hook: Hook, clock: Clock
) -> None:
    await roster(plant, await contact(plant, Channel.WEBHOOK, hook.url, SECRET))
    for _ in range(20):
        await raise_one(plant, await rule(plant))
    await tick(plant, NOON)
    while sum(
        await asyncio.gather(*(notifier.send_due(plant.pool, ways, clock) for _ in range(3)))
    ):
        pass
    keys = [body["key"] for body in hook.bodies]
    assert len(keys) == len(set(keys)) == 20


SENDER = """
import asyncio, sys
from datetime import datetime
from appliance.identity.vault import Vault
from appliance.store.pool import open_pool
from appliance.workers.notifier import run_notifier

async def main():
    now = datetime.fromisoformat(sys.argv[2])
    async with open_pool(sys.argv[1], size=4) as pool:
        await run_notifier(pool, Vault(b"s" * 32), None, lambda: now)

asyncio.run(main())
"""


async def test_a_sender_killed_while_sending_is_followed_by_another_with_the_same_key(
    plant: Plant, ways: Ways, hook: Hook, clock: Clock, database_url: str
) -> None:
    await raise_to(plant, await contact(plant, Channel.WEBHOOK, hook.url, SECRET))
    arrived, never = asyncio.Event(), asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hook.serve(reader, _Mute())  # type: ignore[arg-type]
        arrived.set()
        await never.wait()
        writer.close()

    holding = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = holding.sockets[0].getsockname()[1]
    await plant.pool.execute("update contacts set address = $1", f"http://127.0.0.1:{port}/")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SENDER, database_url, NOON.isoformat()
    )
    try:
        async with asyncio.timeout(60):
            await arrived.wait()
    finally:
        process.kill()
        await process.wait()
        never.set()
        holding.close()
    await plant.pool.execute("update contacts set address = $1", hook.url)
    assert await notifier.send_due(plant.pool, ways, clock) == 0  # the dead one's lease
    clock.forward(minutes=2)
    assert await notifier.send_due(plant.pool, ways, clock) == 1
    done = await the_delivery(plant)
    assert (done.state, done.attempts) == ("sent", 2)
    assert len({body["key"] for body in hook.bodies}) == 1
    assert len(hook.posts) == 2


class _Mute:
    """A writer that says nothing."""

    def write(self, _: bytes) -> None:
        pass

    async def drain(self) -> None:
        pass

    def close(self) -> None:
        pass


async def test_the_worker_sends_what_is_queued_at_once(
    plant: Plant, pool: Pool, hook: Hook, clock: Clock, monkeypatch: pytest.MonkeyPatch,
    context: Context,
) -> None:  # fmt: skip
    monkeypatch.setattr(notifier, "TICK_SECONDS", 3600.0)
    vault = Vault(context.keys.signing)
    running = asyncio.create_task(notifier.run_notifier(pool, vault, None, clock))
    try:
        await raise_to(plant, await contact(plant, Channel.WEBHOOK, hook.url, SECRET))
        async with asyncio.timeout(20):
            while not hook.posts:
                await asyncio.sleep(0.02)
    finally:
        running.cancel()
        await asyncio.wait([running])
