"""The real appliance's pages over TLS and HTTP/2, seen by a real chromium."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect
from quart import Quart

from appliance import analytics
from appliance.history.health import RULE_LIMITS
from appliance.http.context import Context
from appliance.identity import certificates
from appliance.listeners.people import PROTOCOLS, serve_people
from appliance.listeners.tls import server_context
from appliance.model.health import HealthScore, Reason
from appliance.model.ids import DeviceId, MachineId
from appliance.model.user import Role
from appliance.settings import Settings
from appliance.store import pool as store_pool
from appliance.store.health_scores import insert_health_scores
from appliance.store.pool import Pool, open_pool
from appliance.workers.engine import run_engine
from appliance.workers.relay import run_relay
from tests.appliance.conftest import PASSWORD

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
MINUTE_MS = 60_000
LOOKS = pytest.mark.parametrize(
    "look",
    [
        pytest.param({"viewport": WIDE}, id="light"),
        pytest.param({"viewport": WIDE, "dark": True}, id="dark"),
        pytest.param({"viewport": {"width": 900, "height": 800}}, id="tablet"),
        pytest.param({"viewport": PHONE}, id="phone"),
        pytest.param({"viewport": PHONE, "dark": True}, id="phone-dark"),
    ],
)

expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """The time as it is: browsers have their own clocks."""
    return lambda: datetime.now(UTC)


@pytest.fixture
async def pool(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pool]:
    """As many connections as a box has: a page asks a dozen questions at once. And none of them is
    refused because others took long."""
    monkeypatch.setattr(store_pool, "ACQUIRE_SECONDS", 60.0)
    async with open_pool(
        database_url, size=Settings().api_pool_size, command_timeout_seconds=60.0
    ) as opened:
        yield opened


@pytest.fixture(autouse=True)
def chromium() -> None:
    if not CHROMIUM.exists():
        pytest.skip(
            f"*** There is no {CHROMIUM}: NO PAGE WAS LOOKED AT. Install the package chromium."
        )


@pytest.fixture(scope="session")
def warm() -> None:
    """Compile the kernels once, before anybody waits for a chart."""
    analytics.warm_up()
    analytics.warm_up_bulk()


@dataclass
class Door:
    """The people's listener on a port of its own; it can be shut and opened again."""

    app: Quart
    folder: Path
    port: int = 0
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    async def open(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port))
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        found = await asyncio.to_thread(
            certificates.ensure, self.folder, ["127.0.0.1"], datetime.now(UTC)
        )
        tls = server_context(found.people.certificate, found.people.key, PROTOCOLS)
        self._stop = asyncio.Event()
        self._serving = asyncio.create_task(serve_people(self.app, listener, tls, self._stop))

    async def shut(self) -> None:
        self._stop.set()
        if self._serving:
            await self._serving


@pytest.fixture
async def door(
    warm: None, app: Quart, context: Context, database_url: str, tmp_path: Path
) -> AsyncIterator[Door]:
    """The appliance with its relay and its alarm engine at work."""
    opened = Door(app, tmp_path / "certificates")
    async with open_pool(database_url, size=4) as pool:
        workers = [
            asyncio.create_task(run_relay(pool, context.live, context.clock)),
            asyncio.create_task(run_engine(context.source._replace(db=pool), context.clock)),
        ]
        await opened.open()
        yield opened
        died = [worker for worker in workers if worker.done()]
        for worker in workers:
            worker.cancel()
        await asyncio.wait(workers)
        context.live.close()
        await opened.shut()
        for worker in died:
            worker.result()  # a worker that ended has failed


@pytest.fixture
async def chrome() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(ARGUMENTS), timeout=60_000
        )
        yield opened
        await opened.close()


@dataclass
class Window:
    """A page in a browser of its own, and what went wrong in it."""

    page: Page
    url: str
    trouble: list[str]

    async def go(self, path: str) -> None:
        await self.page.goto(self.url + path)

    async def sign_in(self, email: str, password: str) -> None:
        await self.page.fill("#email", email)
        await self.page.fill("#password", password)
        await self.page.click("main button.primary")

    async def is_accessible(self) -> None:
        """Every rule of axe, the best practices too; and nothing is wider than the screen."""
        found = await Axe().run(self.page)
        assert found.violations_count == 0, found.generate_report()
        assert await self.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.fixture
async def window(chrome: Browser, door: Door) -> AsyncIterator[Callable]:
    """`await window(dark=True, viewport=PHONE)`; at the end nothing may have gone wrong in it."""
    opened: list[Window] = []
    async with AsyncExitStack() as stack:

        async def open_one(*, dark: bool = False, viewport=WIDE, scripts: bool = True) -> Window:
            context = await chrome.new_context(
                ignore_https_errors=True,
                color_scheme="dark" if dark else "light",
                reduced_motion="reduce",
                viewport=viewport,
                java_script_enabled=scripts,
            )
            stack.push_async_callback(context.close)
            made = Window(await context.new_page(), door.url, [])
            _watch(made, door.url)
            opened.append(made)
            return made

        yield open_one
        for one in opened:
            assert one.trouble == []


def _watch(window: Window, origin: str) -> None:
    def said(message) -> None:
        if message.type in {"error", "warning"}:
            window.trouble.append(f"console: {message.text}")

    def asked(request) -> None:
        if not request.url.startswith((origin + "/", "data:")):
            window.trouble.append(f"foreign: {request.url}")

    window.page.on("console", said)
    window.page.on("pageerror", lambda error: window.trouble.append(f"page: {error}"))
    window.page.on("request", asked)


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


@pytest.fixture
async def furnace(plant):
    """A furnace with three hours of readings, every ten seconds; fifteen minutes are missing."""
    device = await plant.device("furnace-1", interval_ms=10_000, machine="Melting furnace")
    end = now_ms()
    times = [
        time
        for time in range(end - 180 * MINUTE_MS, end + 1, 10_000)
        if not end - 40 * MINUTE_MS < time < end - 25 * MINUTE_MS
    ]
    readings = {
        "temperature": [740 + place % 7 for place in range(len(times))],
        "running": [1.0] * len(times),
    }
    await plant.send(device, times, readings)
    return device


@pytest.fixture
async def enter(window, sign_in):
    """`await enter(Role.MANAGER, path, dark=True)`: the dashboard of a person, live."""

    async def do(role: Role = Role.OPERATOR, path: str = "/dashboard", live: str = "live", **look):
        person = await sign_in(role)
        one = await window(**look)
        await one.go(path)
        await one.sign_in(person.email, PASSWORD)
        await expect(one.page.locator("cs-live")).to_have_attribute("data-connection", live)
        return one

    return do


@pytest.fixture
def scored(pool):
    """`await scored(device, 60)`: its machine had 95 points until a week ago, and has 60 now."""

    async def do(device: DeviceId, score: float) -> MachineId:
        machine_id: MachineId = await pool.fetchval(
            "select machine_id from devices where id = $1", device
        )
        now = datetime.now(UTC)
        hour = now.replace(minute=0, second=0, microsecond=0)  # trends are of full hours
        lost = Reason(
            name="furnace-1, temperature",
            against="limits",
            loss=100 - score,
            by_limits=100 - score,
            by_drift=0.0,
            device_id=device,
            metric="temperature",
            value=790.0,
            reading=1.1,
            limits=RULE_LIMITS,
            drift=0.0,
            critical=False,
            quality=1.0,
            baseline_version=None,
        )
        scores = [
            HealthScore(
                machine_id=machine_id,
                at=at,
                score=points,
                quality=1.0,
                version=1,
                reasons=(lost,),
                unmeasured=(),
            )
            for at, points in [
                *((hour - timedelta(days=days), 95.0) for days in range(8, 20)),
                (now - timedelta(minutes=1), score),
            ]
        ]
        await insert_health_scores(pool, scores)
        return machine_id

    return do
