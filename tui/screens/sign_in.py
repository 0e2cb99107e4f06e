"""The first screen: who is at the console. The password is sent once and kept nowhere."""

from textual import getters, on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Static

from appliance.errors import CarbonseedError
from appliance.model.user import Caller
from tui.client import Client


class SignIn(Screen[Caller]):
    """Ends with the person who has signed in."""

    email = getters.query_one("#email", Input)
    password = getters.query_one("#password", Input)
    words = getters.query_one("#words", Static)

    def __init__(self, client: Client, email: str, words: str = "") -> None:
        super().__init__()
        self._client = client
        self._email = email
        self._words = words

    def compose(self) -> ComposeResult:
        """A card of two fields."""
        with Vertical(id="card"):
            yield Static("Carbonseed", id="brand")
            yield Static(Content(self._client.url), id="where")
            yield Static("E-mail")
            yield Input(self._email, id="email")
            yield Static("Password")
            yield Input(password=True, id="password")
            yield Static(Content(self._words), id="words")
            yield Static("Enter signs in    Ctrl+Q leaves", id="keys")

    def on_mount(self) -> None:
        """Begin where something is missing."""
        (self.password if self._email else self.email).focus()

    @on(Input.Submitted, "#email")
    def go_on(self) -> None:
        """From the e-mail address to the password."""
        self.password.focus()

    @on(Input.Submitted, "#password")
    def submit(self) -> None:
        """Try."""
        self.sign_in(self.email.value.strip(), self.password.value)

    @work(exclusive=True)
    async def sign_in(self, email: str, password: str) -> None:
        """Ask the server; what it refuses is told in its words."""
        self.words.update(Content("Signing in …"))
        try:
            caller = await self._client.sign_in(email, password)
        except CarbonseedError as error:
            self.password.clear()
            self.words.update(Content(str(error)))
        else:
            self.dismiss(caller)
