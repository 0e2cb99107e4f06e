"""One lane: what is being done on a port, or its verdict."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from flasher.events import Phase
from flasher.line import Lane, State
from tui.line.figures import large

NAMES = {
    Phase.DETECT: "Detect",
    Phase.CHECK: "Check",
    Phase.CLAIM: "Claim",
    Phase.WRITE: "Write",
    Phase.VERIFY: "Verify",
    Phase.BOOT: "First start",
    Phase.REGISTER: "Register",
    Phase.LABEL: "Label",
}
VERDICTS = {State.PASS: "PASS✔", State.FAIL: "FAIL■"}
BAR = 5


class LanePane(Vertical, can_focus=True):
    """A port's lane; it is shown anew whenever it is given another."""

    def __init__(self, lane: Lane) -> None:
        super().__init__(classes="lane")
        self.lane = lane

    def compose(self) -> ComposeResult:
        """Who it is, then the verdict or the parts of the work, then words."""
        yield Static(classes="who")
        yield Static(classes="large")
        yield Static(classes="words")

    def on_mount(self) -> None:
        """Begin with what is known."""
        self.show(self.lane, 0.0)

    def show(self, lane: Lane, now: float) -> None:
        """Show another state of the lane."""
        self.lane = lane
        self.border_title = lane.port.rpartition("/")[2]
        self.border_subtitle = f"{lane.seconds(now):.0f} s" if lane.state is not State.EMPTY else ""
        for state in State:
            self.set_class(lane.state is state, f"-{state.value.lower()}")
        known = [text for text in (lane.device, lane.board, lane.mac) if text]
        self._put("who", " · ".join(known))
        self._put("large", large(VERDICTS[lane.state]) if lane.state in VERDICTS else _work(lane))
        self._put("words", lane.words or ("Plug in a board." if lane.state is State.EMPTY else ""))

    def _put(self, place: str, text: str) -> None:
        self.query_one(f".{place}", Static).update(Content(text))


def _work(lane: Lane) -> str:
    if lane.state is State.EMPTY:
        return ""
    order = list(Phase)
    at = -1 if lane.phase is None else order.index(lane.phase)
    lines = []
    for index, phase in enumerate(order):
        mark = "✔" if index < at else "▶" if index == at else "·"
        lines.append(f"{mark} {NAMES[phase]}{_bar(lane) if index == at else ''}")
    return "\n".join(lines)


def _bar(lane: Lane) -> str:
    if not lane.total:
        return ""
    full = BAR * lane.done // lane.total
    percent = 100 * lane.done // lane.total
    rate = f" {lane.kilobytes_per_second:.0f} KB/s" if lane.kilobytes_per_second else ""
    return f" {'█' * full}{'░' * (BAR - full)} {percent} %{rate}"
