"""The demo's nodes: the firmware itself, a process each, in a folder each."""

import asyncio
import json
import shutil
import sys
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import appliance
from appliance.demo import plant
from appliance.demo.folder import write_private
from appliance.demo.plant import Node
from appliance.identity.certificates import DEVICE_NAME
from appliance.running import Running

FIRMWARE = Path(appliance.__file__).parents[1] / "firmware"
SAMPLING_MS = 2000
SENDING_MS = 250
"""A node looks this often whether there is something to send."""
GOODBYE_SECONDS = 3.0
RESTART_SECONDS = (1.0, 30.0)


def furnish(folder: Path, node: Node, key: str | None, running: Running, authority: Path) -> None:
    """Write a node's folder: configuration, key if it is new, and the CA it trusts."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if key is not None:
        write_private(folder / "key", key.encode())
    shutil.copyfile(authority, folder / "ca.pem")
    write_private(folder / "config.json", json.dumps(_config(node, running)).encode())


def has_key(folder: Path) -> bool:
    """Whether the node was furnished before."""
    return (folder / "key").exists()


def interpreter() -> str:
    """MicroPython where there is one, as on a board; else this Python."""
    beside = str(Path(sys.executable).parent)
    return shutil.which("micropython", path=beside) or shutil.which("micropython") or sys.executable


async def keep_running(folder: Path) -> None:
    """Run the node of a folder, again whenever it dies; until cancelled."""
    delay, longest = RESTART_SECONDS
    while True:
        begun = asyncio.get_running_loop().time()
        await _run(folder)
        lived = asyncio.get_running_loop().time() - begun
        delay = RESTART_SECONDS[0] if lived > 2 * longest else min(2 * delay, longest)
        await asyncio.sleep(delay)


async def _run(folder: Path) -> None:
    """One life of a node; it ends by itself should we die, for it watches its standard input."""
    log = await asyncio.to_thread((folder / "node.log").open, "wb")
    with log:
        process = await asyncio.create_subprocess_exec(
            interpreter(),
            str(FIRMWARE / "src" / "main.py"),
            "--config",
            str(folder / "config.json"),
            "--lifeline",
            stdin=asyncio.subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        await process.wait()
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask, then insist."""
    if process.returncode is not None:
        return
    if process.stdin:
        process.stdin.close()
    for insist in (process.terminate, process.kill):
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS / 2):
                await process.wait()
            return
        with suppress(ProcessLookupError):
            insist()
    await process.wait()


def _config(node: Node, running: Running) -> dict[str, Any]:
    kind = json.loads((FIRMWARE / "sim" / "machines.json").read_text())[node.kind]
    wanted = node.metrics or [sensor["metric"] for sensor in kind["sensors"]]
    levels = dict(node.levels)
    sensors = [sensor for sensor in kind["sensors"] if sensor["metric"] in wanted]
    for sensor in sensors:
        if sensor["metric"] in levels:
            sensor["signal"]["level"] = levels[sensor["metric"]]
    offset = datetime.now(UTC).astimezone(ZoneInfo(plant.TIME_ZONE)).utcoffset()
    simulation = kind["simulation"] | {
        "seed": zlib.crc32(node.name.encode()),
        "utc_offset_min": round(offset.total_seconds() / 60) if offset else 0,
        "faults": list(node.faults),
    }
    if not node.has_stops:
        simulation.pop("stops", None)
    anywhere = running.host in {"0.0.0.0", "::"}  # noqa: S104  compared, not bound
    host = "127.0.0.1" if anywhere else running.host
    return {
        "server": {"host": host, "port": running.device_port, "name": DEVICE_NAME, "ca": "ca.pem"},
        "key_file": "key",
        "sampling": {"interval_ms": SAMPLING_MS},
        "sending": {"interval_ms": SENDING_MS},
        "sensors": sensors,
        "simulation": simulation,
    }
