"""All keys on one page."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

KEYS = """\
↑ ↓  j k     move in a list
Tab          from devices to alerts and back
Enter Esc    picture and what to do, and back (narrow terminals)
a            acknowledge the alert shown under "What to do"
n  N         next, previous abnormal device
/            filter devices by name, machine or area; Esc ends it
1 2 3 4      the last 10 minutes, hour, 8 hours, 24 hours
v            next signal of the device
p            pause devices and picture; alerts go on
t            theme: grey, light, high contrast, mono
q            sign out and leave

● live       heard of within three of its intervals
◐ stale      not since then; values are the last known
○ offline    silent for twenty intervals, at least a minute

■1 critical   ▲2 high   ◆3 medium   ●4 low   reversed: unacknowledged

Esc closes this page."""


class Help(ModalScreen[None]):
    """Over whatever is there; any of its keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        """The page."""
        yield Static(KEYS, id="help", markup=False)
