"""`carbonseed-flasher line`: all lanes at once; a bell and a large word for every verdict."""

from collections.abc import Callable
from typing import ClassVar, Protocol

from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.events import Resize
from textual.message import Message
from textual.widgets import Footer, Static

from flasher.line import Happening, Shift, State, advance
from tui.line.lane import LanePane
from tui.themes import THEMES

NARROWEST_LANE = 34
REFRESH_SECONDS = 0.5


class Lanes(Protocol):
    """Who works on the boards."""

    def again(self, port: str) -> None:
        """Make the board on this port once more."""


class Line(App[None]):
    """The shift on a screen. clock: seconds, as of `time.time`."""

    CSS_PATH = "line.tcss"
    TITLE = "Carbonseed line"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "again", "Make this board again"),
        Binding("t", "next_theme", "Theme"),
        Binding("q", "quit", "Finish boards and quit"),
    ]

    class Happened(Message):
        """Something happened on a port."""

        def __init__(self, port: str, event: Happening, at: float) -> None:
            super().__init__()
            self.port = port
            self.event = event
            self.at = at

    def __init__(
        self,
        begin: Callable[[Callable[[str, Happening], None]], Lanes],
        end: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        """begin: starts the work, given whom to tell; end: waits for it."""
        super().__init__()
        self._begin = begin
        self._end = end
        self._clock = clock
        self._lanes: Lanes | None = None
        self._panes: dict[str, LanePane] = {}
        self.shift = Shift()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name

    def compose(self) -> ComposeResult:
        """Counts, lanes, keys."""
        yield Static(id="counts")
        yield Grid(id="lanes")
        yield Footer()

    def on_mount(self) -> None:
        """Begin the shift."""
        self._count()
        self.set_interval(REFRESH_SECONDS, self._tick)
        self._lanes = self._begin(self.take)

    def take(self, port: str, event: Happening) -> None:
        """Something happened on a port; called from any thread."""
        self.post_message(self.Happened(port, event, self._clock()))

    async def on_line_happened(self, message: Happened) -> None:
        """Show it, and ring when a board is done."""
        before = self.shift.lanes.get(message.port)
        self.shift = advance(self.shift, message.port, message.event, message.at)
        lane = self.shift.lanes[message.port]
        if message.port not in self._panes:
            self._panes[message.port] = LanePane(lane)
            await self.query_one("#lanes", Grid).mount(self._panes[message.port])
        self._panes[message.port].show(lane, message.at)
        if before is not None and before.state is State.BUSY is not lane.state:
            self.bell()
            self._count()

    def on_resize(self, event: Resize) -> None:
        """As many lanes side by side as have room."""
        columns = max(1, min(4, event.size.width // NARROWEST_LANE))
        self.query_one("#lanes", Grid).styles.grid_size_columns = columns

    def action_again(self) -> None:
        """Make the board of the lane in focus once more."""
        if self._lanes is not None and isinstance(self.focused, LanePane):
            self._lanes.again(self.focused.lane.port)

    def action_next_theme(self) -> None:
        """The next of the console's themes."""
        names = [theme.name for theme in THEMES]
        self.theme = names[(names.index(self.theme) + 1) % len(names)]

    async def action_quit(self) -> None:
        """Take no further board, finish those that are begun, leave."""
        self.notify("The boards that are begun are finished first.")
        self._finish()

    @work(thread=True, exclusive=True)
    def _finish(self) -> None:
        self._end()
        self.call_from_thread(self.exit)

    def _tick(self) -> None:
        for port, pane in self._panes.items():
            if pane.lane.state is State.BUSY:
                pane.show(self.shift.lanes[port], self._clock())

    def _count(self) -> None:
        self.query_one("#counts", Static).update(
            f"Carbonseed line    ✔ {self.shift.passed} passed    ■ {self.shift.failed} failed"
        )
