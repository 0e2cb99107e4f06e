"""The operator console: signs a person in, shows the plant, signs them out."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar

from textual import work
from textual.app import App
from textual.binding import Binding, BindingType

from tui.client import Client
from tui.screens.help import Help
from tui.screens.live import Live
from tui.screens.sign_in import SignIn
from tui.themes import THEMES


def now_utc() -> datetime:
    """This machine's time."""
    return datetime.now(UTC)


class Console(App[None]):
    """`carbonseed console`. Time is a parameter, so that a picture can be taken of any moment."""

    CSS_PATH = "app.tcss"
    TITLE = "Carbonseed"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "next_theme", "Theme"),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(
        self, client: Client, *, email: str = "", clock: Callable[[], datetime] = now_utc
    ) -> None:
        super().__init__()
        self._client = client
        self._email = email
        self._clock = clock
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name

    def on_mount(self) -> None:
        """Begin."""
        self.serve_people()

    @work
    async def serve_people(self) -> None:
        """One person after the other: a session that is over asks for the password again."""
        words = ""
        while True:
            caller = await self.push_screen_wait(SignIn(self._client, self._email, words))
            self._email = caller.email
            words = await self.push_screen_wait(Live(self._client, caller, self._clock)) or ""

    def action_next_theme(self) -> None:
        """The next of the four themes."""
        names = [theme.name for theme in THEMES]
        self.theme = names[(names.index(self.theme) + 1) % len(names)]

    def action_help(self) -> None:
        """All keys."""
        self.push_screen(Help())

    async def action_quit(self) -> None:
        """Sign out, so that nobody finds an open session, and leave."""
        await self._client.sign_out()
        self.exit()

    async def on_unmount(self) -> None:
        """Let go of the server."""
        await self._client.close()
