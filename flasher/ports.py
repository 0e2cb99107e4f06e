"""Serial ports: which have a board on them, and why one cannot be used, in a technician's words."""

import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from appliance.errors import CarbonseedError
from flasher.errors import NoPort, PortBusy, PortForbidden

CONVERTERS = {
    (0x10C4, 0xEA60): "CP210x",
    (0x1A86, 0x7523): "CH340",
    (0x1A86, 0x55D4): "CH9102",
    (0x303A, 0x1001): "the chip's own USB",
}
MAKERS = {0x0403: "FTDI"}
"""USB makers all of whose devices may be a board."""


class Port(msgspec.Struct, frozen=True):
    """A port that may have a board on it, and the converter it is behind; usb: `10c4:ea60`."""

    device: str
    converter: str
    usb: str = ""


def candidates() -> list[Port]:
    """Every port whose USB identity is one that boards have."""
    from serial.tools import list_ports  # noqa: PLC0415  comes with esptool, needed here alone

    found = []
    for port in list_ports.comports():
        converter = CONVERTERS.get((port.vid or 0, port.pid or 0)) or MAKERS.get(port.vid or 0)
        if converter:
            found.append(Port(port.device, converter, f"{port.vid:04x}:{port.pid:04x}"))
    return sorted(found, key=lambda port: port.device)


def only() -> str:
    """The one port with a board; none or several is an error that says so."""
    found = candidates()
    if len(found) != 1:
        raise NoPort(
            "No board is plugged in, or its cable only charges. Try another cable."
            if not found
            else f"Several boards are plugged in. Say which with --port: {_listed(found)}."
        )
    return found[0].device


def check(port: str) -> None:
    """Refuse a serial device that is not there or that this user may not open."""
    if "://" in port or sys.platform == "win32":
        return
    if not Path(port).exists():
        raise NoPort(missing(port))
    if not os.access(port, os.R_OK | os.W_OK):
        raise PortForbidden(forbidden(port))


def trouble(port: str, said: str) -> CarbonseedError | None:
    """What the system has against the port, if that is what these words are about."""
    for pattern, kind, words in _TROUBLE:
        if re.search(pattern, said):
            return kind(words(port))
    return None


def missing(port: str) -> str:
    """That nothing is there, and what is."""
    if "://" in port:
        return f"Nothing listens at {port}. Start what is behind it, or name another --port."
    found = candidates()
    there = f"Boards are on {_listed(found)}." if found else "No board is plugged in."
    return f"There is no port {port}. {there} Plug it in, or name another with --port."


def no_serial(port: str) -> str:
    """That it is there, but something else."""
    return f"{port} is not a serial port. carbonseed-flasher ports lists those with a board."


def forbidden(port: str) -> str:
    """That this user may not, and how it may."""
    return (
        f"No permission for {port}. Add this user to the group that owns it "
        "(often: sudo usermod -aG dialout $USER), then sign in again."
    )


def busy(port: str) -> str:
    """Who holds the port, where that can be seen."""
    holders = _holders(port)
    who = f": {', '.join(holders)}" if holders else " by another program"
    return f"{port} is in use{who}. Close it and try again."


def _holders(port: str) -> list[str]:
    """`process 4123 (screen)` of every process that has the device open."""
    target = Path(port).resolve()
    found = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        process = link.parents[1]
        with suppress(OSError):  # it ended, or belongs to somebody else
            if link.readlink() == target:
                found.add(f"process {process.name} ({(process / 'comm').read_text().strip()})")
    return sorted(found)


def _listed(found: list[Port]) -> str:
    return ", ".join(f"{port.device} ({port.converter})" for port in found)


_TROUBLE: tuple[tuple[str, type[CarbonseedError], Callable[[str], str]], ...] = (
    (r"Errno 13|Permission denied", PortForbidden, forbidden),
    (r"Errno 2\b|FileNotFoundError|Connection refused", NoPort, missing),
    (r"Could not configure port", NoPort, no_serial),
    (r"Errno 16|Errno 11\b|exclusively lock|PermissionError", PortBusy, busy),
)
