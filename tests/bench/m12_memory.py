"""M12: the memory of an idle appliance, its PostgreSQL included."""

import asyncio
from pathlib import Path

from tests.bench.processes import memory_mb, tree
from tests.bench.result import Result
from tests.box import Box

SETTLE_SECONDS = 10.0


async def measure(folder: Path, *, quick: bool) -> list[Result]:
    box = Box(folder / "data")
    await box.start()
    try:
        await asyncio.sleep(2.0 if quick else SETTLE_SECONDS)
        own, all_of_it = memory_mb([box.pid]), memory_mb(tree(box.pid))
    finally:
        await box.stop()
    return [
        Result(
            "M12",
            "memory, idle",
            all_of_it,
            "MB",
            400,
            at_most=True,
            detail=f"{own:.0f} appliance + {all_of_it - own:.0f} PostgreSQL",
        )
    ]
