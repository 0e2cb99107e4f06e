"""One board from bare to its first reading: look, build, claim, write, check, wait."""

import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from flasher import boards, console, esptool, filesystem, images, node, nvs, parts
from flasher.boards import VFS_OFFSET, Board
from flasher.errors import FlashTooSmall, VerificationFailed, WrongBoard
from flasher.esptool import Found, Part
from flasher.events import Begin, Known, Phase, Step, Tell
from flasher.identities import Identities
from flasher.images import Image
from flasher.node import Wifi
from flasher.server import Claimed

SMALLEST_FLASH = 4 * 2**20
"""2 MB of it are MicroPython's, the rest is the node's."""


class Recipe(msgspec.Struct, frozen=True):
    """What is the same for many boards. server_host: the appliance as nodes reach it."""

    store: Path
    template: dict[str, Any]
    server_host: str
    board: str | None = None
    image: str | None = None
    wifi: Wifi | None = None
    baud: int | None = None
    boot_seconds: float = 10.0
    wait_seconds: float = 120.0


class Made(msgspec.Struct, frozen=True):
    """A board that reports: what the label and the log of the shift need, and no secret."""

    device_id: int
    device: str
    board: str
    mac: str
    key_id: str
    image: str
    firmware: str
    baud: int
    readings: dict[str, float]


def make(port: str, recipe: Recipe, identities: Identities, tell: Tell) -> Made:
    """Make the board on `port` a device; a key that it was given in vain is revoked."""
    tell(Begin(Phase.DETECT))
    found = look(port, tell)
    tell(Begin(Phase.CHECK))
    tell(Known(mac=found.mac))
    kind, image = check(found, recipe)
    tell(Known(board=kind.label))
    with tempfile.TemporaryDirectory(prefix="carbonseed-") as private:
        folder = Path(private)
        parts.build(folder, kind, found.flash_bytes, image)
        tell(Step("check", f"MicroPython ({image.name}) and the application are put together."))
        tell(Begin(Phase.CLAIM))
        claimed = identities.claim(found.mac)
        tell(Known(device=claimed.device.name))
        tell(Step("claim", f"The board is {claimed.device.name}."))
        try:
            parts.put_identity(folder, identity(recipe, claimed))
            _, all_parts = parts.load(folder)
            tell(Begin(Phase.WRITE))
            baud = write(port, kind, all_parts, recipe.baud, tell)
            tell(Begin(Phase.VERIFY))
            since = identities.heard(claimed)
            compare(port, kind, all_parts, tell)
            tell(Begin(Phase.BOOT))
            started = first_boot(port, recipe.boot_seconds, tell)
        except BaseException:
            identities.drop(claimed, tell)
            raise
    tell(Begin(Phase.REGISTER))
    return Made(
        device_id=claimed.device.id,
        device=claimed.device.name,
        board=kind.name,
        mac=found.mac,
        key_id=claimed.key_id,
        image=image.name,
        firmware=version("carbonseed"),
        baud=baud,
        readings=identities.prove(claimed, since, recipe.wait_seconds, started, tell),
    )


def check(found: Found, recipe: Recipe) -> tuple[Board, Image]:
    """The kind of the board that was found and the build for it; refuses what will not do."""
    kind = boards.board_of_chip(found.chip)
    if recipe.board not in (None, kind.name):
        wanted = boards.board(str(recipe.board))
        raise WrongBoard(
            f"The board is an {kind.label}, not an {wanted.label}. Nothing was written. Take "
            "another board, or another --board."
        )
    if found.flash_bytes < SMALLEST_FLASH:
        raise FlashTooSmall(
            f"The board's flash has {boards.in_words(found.flash_bytes)}; a node needs "
            f"{boards.in_words(SMALLEST_FLASH)}. Nothing was written. Take another board."
        )
    return kind, images.choose(recipe.store, kind, recipe.image)


def first_boot(port: str, seconds: float, tell: Tell) -> str | None:
    """Listen for the node's start; what it says, None if its console is silent."""
    said = console.started(port, seconds)
    tell(Step("boot", said or "The board's console says nothing yet."))
    return said


def look(port: str, tell: Tell) -> Found:
    """Say what is on the port; a chip that the node does not run on is an error."""
    found = esptool.detect(port)
    label, flash = boards.board_of_chip(found.chip).label, boards.in_words(found.flash_bytes)
    tell(Step("detect", f"{label} with {flash} of flash, MAC {found.mac}."))
    return found


def identity(recipe: Recipe, claimed: Claimed) -> bytes:
    """The NVS of a claimed board, whose clock begins now."""
    now_ms = time.time_ns() // 1_000_000
    config = node.configure(recipe.template, recipe.server_host, claimed.home, recipe.wifi, now_ms)
    return nvs.image(node.blobs(config, claimed.key))


def write(port: str, board: Board, all_parts: list[Part], baud: int | None, tell: Tell) -> int:
    """Write everything in one go; return the rate at which it worked."""
    rate = esptool.write(port, board.chip, all_parts, tell, baud=baud)
    tell(Step("write", f"{len(all_parts)} parts are written, at {rate} baud."))
    return rate


def compare(port: str, board: Board, all_parts: list[Part], tell: Tell) -> None:
    """Refuse a board that holds something else than was just written; then let it start."""
    wrong = esptool.differing(port, board.chip, all_parts)
    if wrong:
        raise VerificationFailed(
            f"The board does not hold what was written: {_names(wrong)}. Flash it once more; if it "
            "fails again, its flash is worn out: take another board."
        )
    tell(Step("verify", "What lies on the board is what was written."))


def compare_used(port: str, board: Board, all_parts: list[Part], tell: Tell) -> None:
    """The same for a board that has run: it may have added files, but not changed ours."""
    wrong = esptool.differing(port, board.chip, all_parts)
    disk = next((part for part in wrong if part.offset == VFS_OFFSET), None)
    if others := [part for part in wrong if part is not disk]:
        raise VerificationFailed(
            f"The board does not hold what was built: {_names(others)}. Flash it again."
        )
    if disk is not None:
        _compare_files(port, board.chip, disk, tell)
    tell(Step("verify", "MicroPython and the application on the board are those that were built."))


def _compare_files(port: str, chip: str, disk: Part, tell: Tell) -> None:
    tell(Step("verify", "The board has added files of its own; reading all of them back."))
    with tempfile.TemporaryDirectory(prefix="carbonseed-") as private:
        copy = Part(disk.offset, Path(private) / "read.bin")
        esptool.read(port, chip, copy, disk.size, tell)
        there = filesystem.contents(copy.file.read_bytes())
    built = filesystem.contents(disk.file.read_bytes())
    wrong, updated = filesystem.changed(built, there)
    if wrong:
        raise VerificationFailed(
            f"These files on the board are not those that were built: {', '.join(wrong)}. "
            "Flash it again."
        )
    if updated:
        tell(Step("verify", f"It has updated itself to {updated}, which was not compared."))


def _names(some: list[Part]) -> str:
    return ", ".join(part.file.name for part in some)
