"""M13: what the node's application takes of a board: flash, and heap through 72 h of outage."""

import asyncio
import json
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from flasher import filesystem
from tests.bench.result import Result

FIRMWARE = Path(__file__).parents[1] / "firmware"
MICROPYTHON = Path(sys.executable).parent / "micropython"
LITTLEFS_BLOCK = 4096
NARROW = 0.75
"""A 32-bit MicroPython's heap for the same modules, as measured once: boards are 32-bit."""
HEAPS_KB = range(80, 257, 8)


async def measure(folder: Path, *, quick: bool) -> list[Result]:
    files = filesystem.application()
    _print_modules(files)
    blocks = sum(-(-len(content) // LITTLEFS_BLOCK) for content in files.values())
    total = sum(map(len, files.values())) / 1000
    results = [
        Result("M13", "node, bytecode", total, "KB", 100, at_most=True, detail=f"{blocks} blocks")
    ]
    if not MICROPYTHON.exists():
        print("*** No MicroPython here: the node's heap is left out.")
        return results
    modules = folder / "modules"
    for name, content in files.items():
        (modules / name).parent.mkdir(parents=True, exist_ok=True)
        (modules / name).write_bytes(content)
    hours = 6 if quick else 72
    async with _server(folder) as server:
        kb, told = await _smallest(modules, folder / "flash", hours, server)
    detail = (
        f"64-bit words, {hours} h away; live {told['loaded'] / 1000:.0f} loaded, "
        f"{told['full'] / 1000:.0f} with the backlog; about {kb * NARROW:.0f} on a board"
    )
    return [
        *results,
        Result("M13", "node, smallest heap", kb, "KB", 100, at_most=True, detail=detail),
    ]


def _print_modules(files: dict[str, bytes]) -> None:
    for name, content in files.items():
        print(f"| M13 | {name} | {len(content)} B | | | |")


async def _smallest(
    modules: Path, flash: Path, hours: int, server: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    """The smallest heap in KB that holds the outage and delivers everything, by halving."""
    low, high = 0, len(HEAPS_KB) - 1
    best: tuple[int, dict[str, Any]] | None = None
    while low <= high:
        middle = (low + high) // 2
        told = await _live(modules, flash, hours, (HEAPS_KB[middle], server))
        if told is None:
            low = middle + 1
        else:
            best, high = (HEAPS_KB[middle], told), middle - 1
    if best is None:
        raise RuntimeError(f"The node does not run in {HEAPS_KB[-1]} KB.")
    return best


async def _live(
    modules: Path, flash: Path, hours: int, given: tuple[int, dict[str, Any]]
) -> dict[str, Any] | None:
    """What the node tells of its outage, None if it ran out of memory."""
    kb, server = given
    shutil.rmtree(flash, ignore_errors=True)
    flash.mkdir()
    process = await asyncio.create_subprocess_exec(
        MICROPYTHON,
        *("-X", f"heapsize={kb}K", FIRMWARE / "micropython" / "outage.py"),
        *(modules, flash, str(hours), json.dumps(server)),
        stdout=PIPE,
        stderr=STDOUT,
    )
    assert process.stdout is not None
    said = b""
    while line := await process.stdout.readline():
        said = line
        if b"short of memory" in line:  # it would go on for ever in pieces
            process.kill()
    return json.loads(said) if await process.wait() == 0 else None


@asynccontextmanager
async def _server(folder: Path) -> AsyncIterator[dict[str, Any]]:
    """The receiver of the firmware's tests, over TLS."""
    made = folder / "server"
    made.mkdir()
    command = [sys.executable, str(FIRMWARE / "tls_server.py"), str(made)]
    child = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert child.stdout is not None
    try:
        assert await child.stdout.readline() == b"ready\n"
        told = json.loads((made / "server.json").read_text())
        named = {name: told[name] for name in ("name", "key")}
        at = {"host": "127.0.0.1", "port": told["ports"]["good"], "ca": str(made / "ca.pem")}
        yield {**named, **at, "rows": 100}
    finally:
        await child.communicate(b"")  # it ends with its standard input
