"""The only module that talks to a board's boot loader: through esptool, as a child process.

esptool is under the GPL, this program is not: it is never imported, only run and listened to.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from flasher import ports
from flasher.errors import BoardError, LineLost, NoAnswer, VerificationFailed, WrongBoard
from flasher.events import Progress, Step, Tell

BAUD_RATES = (921600, 460800, 115200)
"""Tried one after the other: a long cable or a cheap converter takes only the slow ones."""
KILL_SECONDS = 5

_CONNECTED = re.compile(r"^(?:Detecting chip type\.\.\.|Connected to) (ESP[\w-]+)", re.MULTILINE)
_MAC = re.compile(r"^(?:BASE )?MAC:\s+((?:[0-9a-f]{2}:){5}[0-9a-f]{2})\s*$", re.MULTILINE | re.I)
_FLASH = re.compile(r"^Detected flash size: (\d+)MB", re.MULTILINE)
_WRITING = re.compile(r"^(?:Writing at|Reading from) 0x([0-9a-f]+).*?(\d+(?:\.\d+)?)%", re.I)
_VERIFYING = re.compile(r"^Verifying 0x[0-9a-f]+ \(\d+\) bytes at 0x([0-9a-f]+)", re.I)
_DIFFERS = re.compile(r"^Verification failed \(", re.I)
_IMAGE_TYPE = re.compile(r"^Detected image type: (ESP[\w-]+)", re.MULTILINE)
_INVALID = re.compile(r"^(Checksum|Validation hash): .*\binvalid\b", re.MULTILINE)
_CHECKED = re.compile(r"^Checksum: \S+ \(valid\)", re.MULTILINE)
_LOCKED = re.compile(r"secure download mode", re.I)
_LOST = re.compile(
    r"disconnected|Errno 5\b|Errno 6\b|readiness to read|Errno 32\b|Errno 104\b", re.I
)
_FATAL = re.compile(r"A fatal error occurred: (.+)", re.DOTALL)
_BOXED = re.compile(r"^│ (.*?)\s*│$", re.MULTILINE)
"""How esptool frames what it has against its arguments."""


class Found(msgspec.Struct, frozen=True):
    """A board that answered: its chip as `esp32s3`, its MAC, its flash in bytes."""

    chip: str
    mac: str
    flash_bytes: int


class Part(msgspec.Struct, frozen=True):
    """A file and the offset in flash at which it lies."""

    offset: int
    file: Path

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.file.stat().st_size


def detect(port: str) -> Found:
    """Ask the board who it is; then it goes on with what it did."""
    said = _talk(port, ["flash-id"])
    chip, flash = _CONNECTED.search(said), _FLASH.search(said)
    macs = [found[1].lower() for found in _MAC.finditer(said)]
    if _LOCKED.search(said):
        raise BoardError(
            f"The board on {port} is locked (secure download mode): what is written cannot be "
            "checked. Take another board."
        )
    if not (chip and macs and flash):
        raise BoardError(
            f"The board on {port} did not say its chip, its MAC and the size of its flash. "
            "Is it an ESP32 with flash of its own?"
        )
    return Found(_canonical(chip[1]), macs[-1], int(flash[1]) * 2**20)


def image_chip(file: Path) -> str:
    """The chip an image is for, once its header, checksum and hash have been found right."""
    said, code = _run(["image-info", str(file)])
    made_for = _IMAGE_TYPE.search(said)
    if code or made_for is None or _INVALID.search(said) or not _CHECKED.search(said):
        raise VerificationFailed(
            f"{file.name} is damaged, or no image for an ESP32: {_fatal(said) or 'wrong checksum'}"
        )
    return _canonical(made_for[1])


def write(port: str, chip: str, parts: Sequence[Part], tell: Tell, *, baud: int | None) -> int:
    """Write the parts in one go, slower if it does not work fast; return the rate that did.

    The board does not start yet: compare first, with `differing`.
    """
    places = [text for part in parts for text in (hex(part.offset), str(part.file))]
    rates = [rate for rate in BAUD_RATES if baud is None or rate <= baud] or [int(baud or 0)]
    for rate in rates:
        how = ["--chip", chip, "--baud", str(rate), "--after", "no-reset"]
        try:
            _talk(port, [*how, "write-flash", *places], _written(parts, tell))
        except BoardError as error:
            if isinstance(error, WrongBoard) or rate == rates[-1]:
                raise
            tell(Step("write", f"It did not work at {rate} baud ({error}) – slower now."))
        else:
            return rate
    raise AssertionError("the last rate returns or raises")


def differing(port: str, chip: str, parts: Sequence[Part]) -> list[Part]:
    """The parts that are not in flash byte for byte, by MD5; then the board starts."""
    at: list[int] = []
    wrong: list[int] = []

    def listen(line: str) -> None:
        if begun := _VERIFYING.match(line):
            at.append(int(begun[1], 16))
        elif _DIFFERS.match(line):
            wrong.extend(at[-1:])

    places = [text for part in parts for text in (hex(part.offset), str(part.file))]
    try:
        _talk(port, ["--chip", chip, "verify-flash", *places], listen)
    except BoardError:
        if not wrong:
            raise
    return [part for part in parts if part.offset in wrong]


def erase(port: str) -> None:
    """Wipe the whole flash: MicroPython, the node, its readings and its identity."""
    _talk(port, ["erase-flash"])


def read(port: str, chip: str, part: Part, size: int, tell: Tell) -> None:
    """Read `size` bytes of flash from the part's offset into its file; then the board starts."""

    def listen(line: str) -> None:
        if found := _WRITING.match(line):
            tell(Progress("read", int(size * float(found[2]) / 100), size))

    options = ["--chip", chip, "--baud", str(BAUD_RATES[1])]
    _talk(port, [*options, "read-flash", hex(part.offset), str(size), str(part.file)], listen)


def _written(parts: Sequence[Part], tell: Tell) -> Callable[[str], None]:
    """Turns esptool's lines, one part after the other, into progress over all of them."""
    total = sum(part.size for part in parts)
    order = sorted(parts, key=lambda part: part.offset)
    behind = {part.offset: sum(p.size for p in order[:i]) for i, part in enumerate(order)}

    def listen(line: str) -> None:
        if found := _WRITING.match(line):
            at = int(found[1], 16)
            part = next((p for p in reversed(order) if p.offset <= at), order[0])
            done = behind[part.offset] + int(part.size * float(found[2]) / 100)
            tell(Progress("write", min(done, total), total))

    return listen


def _talk(port: str, arguments: Sequence[str], listen: Callable[[str], None] | None = None) -> str:
    """Run esptool on a board; what it said, or an error in a technician's words."""
    ports.check(port)
    said, code = _run(["--port", port, *arguments], listen)
    if code:
        raise _in_words(port, said)
    return said


def _run(arguments: Sequence[str], listen: Callable[[str], None] | None = None) -> tuple[str, int]:
    command = [sys.executable, "-m", "esptool", *arguments]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ESPTOOL_")},
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
        "NO_COLOR": "1",
        "TERM": "dumb",
        "COLUMNS": "200",
    }
    lines = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as child:
        assert child.stdout is not None  # noqa: S101  for the type checker: it is a pipe
        try:
            for line in child.stdout:
                lines.append(line)
                if listen is not None:
                    listen(line)
            code = child.wait()
        except BaseException:
            _end(child)
            raise
    return "".join(lines), code


def _end(child: "subprocess.Popen[str]") -> None:
    """Stop a child that nobody listens to any more; a board in the middle of a write stays mute."""
    child.terminate()
    with suppress(subprocess.TimeoutExpired):
        child.wait(KILL_SECONDS)
        return
    child.kill()


def _in_words(port: str, said: str) -> Exception:
    error = _fatal(said)
    if mismatch := re.search(r"This chip is (\S+), not (\S+?)\.", error):
        return WrongBoard(
            f"The board on {port} is an {mismatch[1]}, the parts are for an {mismatch[2]}. "
            "Nothing was written. Take the other board, or build for this one."
        )
    connected = _CONNECTED.search(said)
    if connected is None and (trouble := ports.trouble(port, error)):
        return trouble
    if connected is None and re.search(r"Failed to connect|No serial data received", error):
        return NoAnswer(
            f"No answer on {port}. Hold BOOT, press RESET, let BOOT go, and try again. "
            "The cable may be one that only charges."
        )
    if _LOST.search(error) or not error:
        return LineLost(
            f"The line to the board on {port} broke off. Look at its plug and its cable, then run "
            "the same command again: it begins anew and leaves nothing half done."
        )
    return BoardError(
        f"{port}: {error.rstrip('.')}. Try another cable or port, then run the same command again."
    )


def _fatal(said: str) -> str:
    found = _FATAL.search(said)
    words = found[1] if found else " ".join(_BOXED.findall(said))
    return " ".join(words.split())


def _canonical(chip: str) -> str:
    """ESP32-S3 as `esp32s3`."""
    return chip.lower().replace("-", "")
