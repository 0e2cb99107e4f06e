"""The board's console over a real pseudo-terminal: nothing secret is shown, a start is seen."""

import os
import pty
import threading
import tty
from collections.abc import Iterator

import pytest

from flasher import console
from flasher.errors import BoardError, NoPort

KEY = "csk_abcdefghij_" + "S3cret-_x" * 5


class Wire:
    def __init__(self) -> None:
        self._board, self._pc = pty.openpty()
        tty.setraw(self._pc)
        self.port = os.ttyname(self._pc)

    def say(self, text: str) -> None:
        """What the board says a moment later."""
        threading.Timer(0.2, os.write, (self._board, text.encode())).start()

    def close(self) -> None:
        os.close(self._board)
        os.close(self._pc)


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    made.close()


def test_lines_come_whole_and_without_keys(wire) -> None:
    wire.say(f"node: boot 1\r\nkey {KEY}, again {KEY}\r\nwifi: joi")
    said = list(console.lines(wire.port, 1))
    assert said == ["node: boot 1", "key csk_…, again csk_…"]


def test_the_monitor_shows_no_key(wire, command) -> None:
    wire.say(f"mine is {KEY}\n")
    code, out, err = command("flash", "monitor", "--port", wire.port, "--seconds", "1")
    assert (code, out, err) == (0, "mine is csk_…\n", "")


def test_a_start_is_seen_and_ends_the_listening(wire) -> None:
    wire.say("ets Jul 29 2019\nnode: boot 41, epoch 9d, 1 sensors every 1000 ms, 0 rows wait\n")
    assert console.started(wire.port, 30).startswith("node: boot 41")


def test_silence_is_no_start(wire) -> None:
    assert console.started(wire.port, 0.3) is None


@pytest.mark.parametrize(
    "said",
    ["node: cannot start: sensors[0].driver is missing", "OSError: 28", "Guru Meditation Error"],
)
def test_a_node_that_breaks_says_why(wire, said: str) -> None:
    wire.say(f"Traceback (most recent call last):\n{said}\n")
    with pytest.raises(BoardError, match="The board starts, but says"):
        console.started(wire.port, 30)


def test_a_port_without_a_line_is_told() -> None:
    with pytest.raises(NoPort, match="no port /dev/ttyUSB77"):
        list(console.lines("/dev/ttyUSB77", 1))
    with pytest.raises(NoPort, match="not a serial port"):
        list(console.lines("/dev/null", 1))
