"""From a posted reading to a mail in somebody's box, over TLS and with a login."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from appliance.history.readings import Source
from appliance.identity import certificates
from appliance.identity.certificates import Certificates
from appliance.identity.vault import Vault
from appliance.model.notification import Channel, Delivery
from appliance.notify.mail import mail_server as of_settings
from appliance.settings import Settings
from appliance.store import contacts, deliveries
from appliance.store.pool import Pool, open_pool
from appliance.workers.engine import run_engine
from appliance.workers.escalator import run_escalator
from appliance.workers.notifier import run_notifier
from tests.appliance.api.ingest.conftest import Ingest, batch
from tests.appliance.conftest import Clock
from tests.appliance.notify.receivers import Mailbox, Secured, mail_server
from tests.appliance.plant import NOON, Plant
from tests.appliance.workers.test_escalator import roster
from tests.appliance.workers.test_notifier import contact

USER, PASSWORD = "carbonseed@north.example", "pump house 7, second floor"

pytestmark = [
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),
    # aiosmtpd does not see that TLS is around all it hears
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning"),
]


@pytest.fixture
def plant_ca(tmp_path: Path) -> Certificates:
    """The plant's own authority, and a certificate that it has issued for this machine."""
    return certificates.ensure(tmp_path / "ca", ["127.0.0.1", "mail.example"], NOON)


@pytest.fixture
async def workers_pool(database_url: str) -> AsyncIterator[Pool]:
    """Each worker holds a connection."""
    async with open_pool(database_url, size=8) as opened:
        yield opened


@pytest.fixture
def settings(plant_ca: Certificates, tmp_path: Path) -> Settings:
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\n")
    return Settings(
        data_dir=tmp_path,
        smtp_host="127.0.0.1",
        smtp_from=USER,
        smtp_user=USER,
        smtp_password_file=password,
        smtp_ca_file=plant_ca.authority,
    )


@asynccontextmanager
async def secured(found: Certificates, *, implicit: bool) -> AsyncIterator[Mailbox]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    await asyncio.to_thread(context.load_cert_chain, *found.people)
    asked = Secured(context, implicit, USER, PASSWORD)
    async with mail_server(secured=asked) as box:
        yield box


@asynccontextmanager
async def working(*workers: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one) for one in workers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def until(found: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    async with asyncio.timeout(60):
        while not (one := await found()):
            await asyncio.sleep(0.05)
        return one


async def first_delivery(plant: Plant) -> Delivery | None:
    found = await deliveries.select_deliveries(plant.pool, plant.scope)
    return found[0] if found and (found[0].sent_at or found[0].reason) else None


@pytest.fixture
async def told(plant: Plant) -> int:
    """Somebody on shift who is told by mail."""
    made = await contact(plant, Channel.MAIL, "ada@north.example")
    await roster(plant, made)
    return made


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_posted_reading_becomes_a_mail_over_tls_with_a_login(
    ingest: Ingest, plant: Plant, source: Source, settings: Settings, plant_ca: Certificates,
    clock: Clock, told: int, tls: str, workers_pool: Pool,
) -> None:  # fmt: skip
    node = await ingest.node()
    await plant.rule(node.id, limit=80.0, message="Zu heiß")
    async with secured(plant_ca, implicit=tls == "tls") as box:
        given = structs.replace(settings, smtp_port=box.port, smtp_tls=tls)
        server = of_settings(given)
        async with working(
            run_engine(source._replace(db=workers_pool), clock),
            run_escalator(workers_pool, clock),
            run_notifier(workers_pool, Vault(b"s" * 32), server, clock),
        ):
            answer = await ingest.post(node, batch(values=[20.5, 81.5]))
            assert answer.status == 200
            done = await until(lambda: first_delivery(plant))
    assert (done.state, done.reason, done.attempts, done.contact_id) == ("sent", None, 1, told)
    assert (done.occasion, done.sent_at) == ("raised", NOON)
    [mail] = box.mails
    assert (mail["To"], mail["From"]) == ("ada@north.example", USER)
    assert mail["Subject"] == "High: node0: Zu heiß"
    assert "Value: 81.5 °C (limit 80 °C)" in mail.get_content()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"smtp_ca_file": None}, "is not trusted"),
        ({"smtp_password_file": "wrong"}, "refuses the user or the password"),
        ({"smtp_password_file": "none"}, "SMTP_PASSWORD_FILE cannot be read"),
        ({"smtp_ca_file": "wrong"}, "SMTP_CA_FILE cannot be used"),
        ({"smtp_tls": "none"}, "does not offer what is set"),
        ({"smtp_host": "mail.invalid"}, "cannot be used"),
    ],
)
async def test_what_is_wrong_with_the_server_stands_in_the_record_and_nothing_is_sent(
    plant: Plant, settings: Settings, plant_ca: Certificates, clock: Clock, told: int,
    tmp_path: Path, change: dict[str, str | None], words: str,
) -> None:  # fmt: skip
    (tmp_path / "wrong").write_text("not the password, and no certificate")
    files = {"wrong": tmp_path / "wrong", "none": tmp_path / "none"}
    changed = {name: files.get(value or "", value) for name, value in change.items()}
    async with secured(plant_ca, implicit=False) as box:
        given = structs.replace(settings, **{"smtp_port": box.port} | changed)
        [ada] = await contacts.select_contacts(plant.pool, plant.scope)
        await deliveries.insert_test(plant.pool, ada, NOON)
        async with working(run_notifier(plant.pool, Vault(b"s" * 32), of_settings(given), clock)):
            done = await until(lambda: first_delivery(plant))
    assert (done.state, box.mails) == ("queued", [])
    assert words in (done.reason or "")
    assert PASSWORD not in (done.reason or "")
