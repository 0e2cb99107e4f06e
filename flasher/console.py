"""The board's serial console: what the node says, without keys, and whether it started."""

import re
import time
from collections.abc import Iterator
from typing import Any

from flasher import ports
from flasher.errors import BoardError, LineLost

BAUD_RATE = 115200
LONGEST_LINE = 4096

_KEY = re.compile(r"csk_[\w-]*")
_STARTED = re.compile(r"^node: boot \d+")
_BROKEN = re.compile(r"^(node: (cannot start|broken)\b|Guru Meditation|\w*(Error|Exception)\b: )")


def redacted(text: str) -> str:
    """The text without anything that looks like a device key."""
    return _KEY.sub("csk_…", text)


def lines(port: str, seconds: float | None = None) -> Iterator[str]:
    """What the board says, line by line, until it has been said for so long or the line breaks.

    The board is not reset. A port that cannot be used is an error in a technician's words.
    """
    from serial import SerialException  # noqa: PLC0415  comes with esptool, needed here alone

    ports.check(port)
    until = None if seconds is None else time.monotonic() + seconds
    try:
        with _opened(port) as line:
            rest = b""
            while until is None or time.monotonic() < until:
                *whole, rest = (rest + line.read(line.in_waiting or 1)).split(b"\n")
                if len(rest) > LONGEST_LINE:
                    whole, rest = [*whole, rest], b""
                for one in whole:
                    yield redacted(one.decode("utf-8", "replace").rstrip("\r"))
    except (SerialException, OSError) as error:
        raise (
            ports.trouble(port, f"{type(error).__name__}: {error}")
            or LineLost(
                f"The line to the board on {port} broke off. Look at its plug and its cable."
            )
        ) from error


def started(port: str, seconds: float) -> str | None:
    """What the node says as it starts, None if it says nothing; an error it tells is an error."""
    try:
        for line in lines(port, seconds):
            if _STARTED.match(line):
                return line
            if _BROKEN.match(line):
                raise BoardError(
                    f"The board starts, but says: {line}. Look at the --node file, then flash it "
                    "again."
                )
    except LineLost:
        pass  # a chip with USB of its own leaves for a moment when it starts
    return None


def _opened(port: str) -> Any:
    """The line, opened so that the board does not notice: DTR and RTS are its RESET and BOOT."""
    import serial  # noqa: PLC0415

    line = serial.serial_for_url(port, BAUD_RATE, timeout=0.2, do_not_open=True)
    if "://" not in port:
        line.exclusive = True
        line.dtr = line.rts = False
    line.open()
    return line
