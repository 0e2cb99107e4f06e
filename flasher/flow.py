"""One board from bare to its first reading: look, build, claim, write, check, wait."""

import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from flasher import boards, esptool, filesystem, images, node, nvs, parts, server
from flasher.boards import VFS_OFFSET, Board
from flasher.errors import VerificationFailed, WrongBoard
from flasher.esptool import Found, Part
from flasher.events import Step, Tell
from flasher.node import Wifi
from flasher.server import Claim, Claimed, Server


class Recipe(msgspec.Struct, frozen=True):
    """What is the same for many boards. server_host: the appliance as nodes reach it."""

    store: Path
    template: dict[str, Any]
    server_host: str
    board: str | None = None
    image: str | None = None
    wifi: Wifi | None = None
    baud: int | None = None
    wait_seconds: float = 120.0


class Made(msgspec.Struct, frozen=True):
    """A board that reports: what the label and the log of the shift need, and no secret."""

    device_id: int
    device: str
    board: str
    mac: str
    key_id: str
    image: str
    baud: int
    readings: dict[str, float]


def make(port: str, recipe: Recipe, appliance: Server, claim: Claim, tell: Tell) -> Made:
    """Make the board on `port` the device of `claim`, whose MAC is read from the board."""
    found = look(port, tell)
    kind = boards.board_of_chip(found.chip)
    if recipe.board not in (None, kind.name):
        wanted = boards.board(str(recipe.board))
        raise WrongBoard(f"The board is an {kind.label}, not an {wanted.label}.")
    image = images.choose(recipe.store, kind, recipe.image)
    with tempfile.TemporaryDirectory(prefix="carbonseed-") as private:
        folder = Path(private)
        parts.build(folder, kind, found.flash_bytes, image)
        tell(Step("build", f"MicroPython ({image.name}) and the application are put together."))
        claimed = appliance.claim(msgspec.structs.replace(claim, mac=found.mac))
        tell(Step("claim", f"The appliance knows the board as {claimed.device.name}."))
        parts.put_identity(folder, identity(recipe, claimed))
        _, all_parts = parts.load(folder)
        baud = write(port, kind, all_parts, recipe.baud, tell)
        since = appliance.received_at(claimed.device.id)
        compare(port, kind, all_parts, tell)
    return Made(
        device_id=claimed.device.id,
        device=claimed.device.name,
        board=kind.name,
        mac=found.mac,
        key_id=claimed.key_id,
        image=image.name,
        baud=baud,
        readings=first_reading(appliance, claimed, since, recipe.wait_seconds, tell),
    )


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
        raise VerificationFailed(f"The board does not hold what was written: {_names(wrong)}.")
    tell(Step("verify", "What lies on the board is what was written."))


def compare_used(port: str, board: Board, all_parts: list[Part], tell: Tell) -> None:
    """The same for a board that has run: it may have added files, but not changed ours."""
    wrong = esptool.differing(port, board.chip, all_parts)
    disk = next((part for part in wrong if part.offset == VFS_OFFSET), None)
    if others := [part for part in wrong if part is not disk]:
        raise VerificationFailed(f"The board does not hold what was built: {_names(others)}.")
    if disk is not None:
        _compare_files(port, board.chip, disk, tell)
    tell(Step("verify", "MicroPython and the application on the board are those that were built."))


def first_reading(
    appliance: Server, claimed: Claimed, since: datetime | None, seconds: float, tell: Tell
) -> dict[str, float]:
    """Wait for the new firmware's first reading; from then on no older key is needed."""
    device = claimed.device
    tell(Step("reading", f"Waiting for the first reading of {device.name}."))
    silent = server.patience(
        seconds,
        f"The board is written and checked, but {device.name} sent nothing within {seconds:g} s. "
        "Count the blinks of its light: five, it finds no Wi-Fi; four, no appliance; three, the "
        "appliance refuses it.",
    )
    values = appliance.wait_for_reading(device.id, since, silent)
    readings = {value.metric: value.value for value in values}
    told = ", ".join(f"{metric} {value:g}" for metric, value in readings.items())
    appliance.keep_only(device.id, claimed.key_id)
    tell(Step("reading", f"The first reading has arrived: {told}."))
    return readings


def _compare_files(port: str, chip: str, disk: Part, tell: Tell) -> None:
    tell(Step("verify", "The board has added files of its own; reading all of them back."))
    with tempfile.TemporaryDirectory(prefix="carbonseed-") as private:
        copy = Part(disk.offset, Path(private) / "read.bin")
        esptool.read(port, chip, copy, disk.size, tell)
        there = filesystem.contents(copy.file.read_bytes())
    built = filesystem.contents(disk.file.read_bytes())
    changed = sorted(name for name, content in built.items() if there.get(name) != content)
    if changed:
        raise VerificationFailed(
            f"These files on the board are not those that were built: {', '.join(changed)}."
        )


def _names(some: list[Part]) -> str:
    return ", ".join(part.file.name for part in some)
