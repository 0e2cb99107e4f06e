"""The store of stock MicroPython builds: a folder of files that were checked when they came in."""

import hashlib
import os
import tempfile
import tomllib
from pathlib import Path

import msgspec

from appliance.errors import Conflict, NotFound
from flasher import boards, esptool, partitions
from flasher.boards import APP_OFFSET, FIRMWARE, Board
from flasher.errors import BoardError, VerificationFailed, WrongBoard


class KnownImage(msgspec.Struct, frozen=True):
    """A build that was checked before this version was made."""

    board: str
    name: str
    bytes: int
    sha256: str


class Image(msgspec.Struct, frozen=True):
    """A build in the store."""

    board: str
    name: str
    sha256: str
    file: Path


def usual_store() -> Path:
    """Where builds are kept unless somebody says otherwise."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    return Path(data) / "carbonseed" / "images"


def known(file: Path = FIRMWARE / "images.toml") -> list[KnownImage]:
    """The builds whose hash is known."""
    return msgspec.convert(tomllib.loads(file.read_text("utf-8"))["image"], list[KnownImage])


def add(store: Path, file: Path, sha256: str | None, board: str | None) -> Image:
    """Take a build into the store once its hash, its headers and its layout have been checked."""
    content = file.read_bytes()
    actual = hashlib.sha256(content).hexdigest()
    listed = next((image for image in known() if image.sha256 == actual), None)
    if sha256 is None and listed is None:
        raise VerificationFailed(
            f"{file.name} is none of the builds this version knows. Say the SHA-256 that its "
            f"maker gives with --sha256; the file's own is {actual}."
        )
    if sha256 is not None and sha256.strip().lower() != actual:
        raise VerificationFailed(
            f"The SHA-256 of {file.name} is {actual}, not {sha256.strip().lower()}. "
            "Download the file again; do not use this one."
        )
    kind = _checked(file, content, board)
    place = store / kind.name / actual / file.name
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(place.name + ".new")
    draft.write_bytes(content)
    draft.replace(place)
    return Image(kind.name, place.name, actual, place)


def listed(store: Path) -> list[Image]:
    """Every build in the store, by board and name."""
    files = sorted(store.glob("*/*/*.bin"), key=lambda file: (file.parts[-3], file.name))
    return [Image(file.parts[-3], file.name, file.parts[-2], file) for file in files]


def choose(store: Path, board: Board, which: str | None) -> Image:
    """The build for a board: the only one, or the one whose name or hash begins with `which`."""
    found = [image for image in listed(store) if image.board == board.name]
    if which is not None:
        found = [image for image in found if which in (image.name, image.sha256[: len(which)])]
    if not found:
        raise NotFound(
            f"There is no {'such ' if which else ''}MicroPython build for {board.label} in "
            f"{store}. Download {board.micropython}-….bin from micropython.org and add it: "
            "carbonseed flash image add FILE --sha256 …"
        )
    if len(found) > 1:
        names = ", ".join(f"{image.name} ({image.sha256[:8]})" for image in found)
        raise Conflict(f"There are several builds for {board.label}; choose with --image: {names}.")
    image = found[0]
    if hashlib.sha256(image.file.read_bytes()).hexdigest() != image.sha256:
        raise VerificationFailed(f"{image.file} has changed since it was added. Add it again.")
    return image


def _checked(file: Path, content: bytes, board: str | None) -> Board:
    """The board a build is for: boot loader, partition table and application are all looked at."""
    chip = esptool.image_chip(file)
    kind = boards.board_of_chip(chip)
    if board is not None and board != kind.name:
        raise WrongBoard(f"{file.name} is for {kind.label}, not for {boards.board(board).label}.")
    partitions.check(content, kind)
    application = content[APP_OFFSET - kind.image_offset :]
    if not application:
        raise BoardError(f"{file.name} ends before its application begins: the file is cut off.")
    with tempfile.TemporaryDirectory(prefix="carbonseed-") as folder:
        part = Path(folder) / f"the application in {file.name}"
        part.write_bytes(application)
        if esptool.image_chip(part) != chip:
            raise VerificationFailed(f"{file.name} is put together for two kinds of chip.")
    return kind
