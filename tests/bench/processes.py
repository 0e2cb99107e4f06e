"""Processes under measurement: started on a core of their own, their CPU time and memory read."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TICKS = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES = {CORES[0]}
"""The server under test has a core for itself; load and PostgreSQL share the others."""
OTHER_CORES = set(CORES[1:]) or SERVER_CORES


def tree(pid: int) -> list[int]:
    """A process and all that it has started, directly or not."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                children.setdefault(int(parent), []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU time used so far, user and system, of these processes and their ended children."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / TICKS


def memory_mb(pids: Iterable[int]) -> float:
    """Memory in MB, shared pages counted once: the sum of proportional set sizes."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


def pin(pids: Iterable[int], cores: set[int]) -> None:
    """Let processes and all of their threads run on these cores only."""
    for pid in pids:
        with suppress(OSError):
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), cores)


@asynccontextmanager
async def script(
    name: str, order: dict[str, Any], cores: set[int]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a script of this folder until the block is left; `order` is its first line of input."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HERE / name),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL if name != "load.py" else None,
        cwd=HERE.parent.parent,
        env=os.environ | {"PYTHONPATH": str(HERE.parent.parent)},
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps(order).encode() + b"\n")
        await process.stdin.drain()
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()
