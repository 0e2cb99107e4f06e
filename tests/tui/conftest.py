"""The console at the real application: over TLS, behind people's real door, on a real database."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from quart import Quart
from textual.pilot import Pilot
from textual.widgets import Input

from appliance.http.context import Context
from appliance.model.user import Role
from appliance.workers.relay import run_relay
from tests.appliance.api.test_live import served
from tests.appliance.conftest import (  # noqa: F401  fixtures
    PASSWORD,
    Clock,
    SignIn,
    app,
    blocking,
    clock,
    context,
    keys,
    north,
    plant,
    raise_alert,
    sign_in,
    south,
)
from tui.app import Console
from tui.client import Client
from tui.screens.live import Live

NORMAL = (140, 42)
PATIENCE_SECONDS = 20
PICTURES = Path(__file__).with_name("pictures")


@dataclass
class Desk:
    """A terminal with the console on it, and the server it talks to."""

    pilot: Pilot[None]
    stop_server: Callable[[], Awaitable[None]]

    @property
    def live(self) -> Live:
        screen = self.pilot.app.screen
        assert isinstance(screen, Live)
        return screen

    def text(self) -> str:
        """What the terminal shows, as text."""
        return "\n".join(
            "".join(segment.text for segment in line)
            for line in self.pilot.app.screen._compositor.render_strips()
        )

    async def sees(self, *wanted: str) -> None:
        """Wait until all of these stand on the terminal."""
        await self.until(lambda: all(one in self.text() for one in wanted))

    async def until(self, condition: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not condition():
                    await self.pilot.pause(0.02)
        except TimeoutError:
            raise AssertionError(self.text()) from None

    async def sign_in(self, email: str, password: str = PASSWORD) -> None:
        screen = self.pilot.app.screen
        screen.query_one("#email", Input).value = email
        screen.query_one("#password", Input).value = password
        screen.query_one("#password", Input).focus()
        await self.pilot.press("enter")


OpenDesk = Callable[..., AbstractAsyncContextManager[Desk]]
Picture = Callable[[Desk], Awaitable[None]]


@pytest.fixture
def open_desk(
    app: Quart,  # noqa: F811
    context: Context,  # noqa: F811
    clock: Clock,  # noqa: F811
    sign_in: SignIn,  # noqa: F811
    tmp_path: Path,
) -> OpenDesk:
    """`async with open_desk() as desk`: before signing in; with a role, after it."""

    @asynccontextmanager
    async def do(
        role: Role | None = None, *, size: tuple[int, int] = NORMAL
    ) -> AsyncIterator[Desk]:
        async with AsyncExitStack() as server:
            await server.enter_async_context(relayed(context))
            url, trust = await server.enter_async_context(served(app, tmp_path))
            client = Client(url, trust, retry_seconds=(0.05, 0.1))
            console = Console(client, clock=clock)
            async with console.run_test(size=size, notifications=True) as pilot:
                desk = Desk(pilot, server.aclose)
                if role is not None:
                    await desk.sign_in((await sign_in(role)).email)
                    await desk.until(lambda: isinstance(pilot.app.screen, Live))
                    await desk.until(lambda: desk.live._plant.connected)
                yield desk

    return do


@asynccontextmanager
async def relayed(context: Context) -> AsyncIterator[None]:  # noqa: F811
    """The worker that tells live views what has changed; who still listens at the end is let go."""
    relay = asyncio.create_task(run_relay(context.db, context.live, context.clock))
    try:
        yield
    finally:
        relay.cancel()
        await asyncio.wait([relay])


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Picture:
    """`await picture(desk)`: wait until the screen is the file named like the test; or write it."""

    async def do(desk: Desk) -> None:
        def drawn() -> str:
            svg = desk.pilot.app.export_screenshot(title="Carbonseed")
            return re.sub(r"terminal-\d+", "terminal", svg)

        file = PICTURES / f"{re.sub(r'[^a-z0-9]+', '-', request.node.name).strip('-')}.svg"
        if os.environ.get("UPDATE_SNAPSHOTS"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(drawn())
        wanted = file.read_text()
        with suppress(AssertionError):
            await desk.until(lambda: drawn() == wanted)
        assert drawn() == wanted, f"{file} differs; look, then UPDATE_SNAPSHOTS=1 writes it"

    return do
