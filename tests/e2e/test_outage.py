"""Three days without the appliance: a node in a small heap delivers all of it afterwards."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from appliance.identity.certificates import DEVICE_NAME
from flasher import filesystem
from tests.box import Box

LIFE = Path(__file__).parents[1] / "firmware" / "micropython" / "outage.py"
MICROPYTHON = Path(sys.executable).parent / "micropython"
HOURS = 72
ROWS = HOURS * 360
HEAP = "168K"
"""Of words of eight bytes; a board's have four. `make bench` finds the smallest."""
BACKLOG_BYTES = 32_768
"""What three days of rows may take of it: they lie in flash."""
POSTS_A_MINUTE = 80
BODY_BYTES = 16_384
"""More than a node takes by itself, so that three days are told in few messages."""
pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(not MICROPYTHON.exists(), reason="NO MICROPYTHON HERE"),
]


@pytest.fixture
async def box(folder: Path) -> AsyncIterator[Box]:
    folder.mkdir()
    settings = {"DEVICE_REQUESTS_PER_MINUTE": str(POSTS_A_MINUTE), "SEAL_GRACE_HOURS": "8000"}
    made = Box(
        folder / "data", **{f"CARBONSEED_{name}": set_to for name, set_to in settings.items()}
    )
    await made.start()
    yield made
    assert await made.stop() == 0


async def live(box: Box, key: str, folder: Path) -> dict[str, Any]:
    """What the node tells of its three days; it runs what a board runs."""
    modules, flash = folder / "modules", folder / "flash"
    flash.mkdir()
    for name, content in filesystem.application().items():
        (modules / name).parent.mkdir(parents=True, exist_ok=True)
        (modules / name).write_bytes(content)
    ca = str(box.folder / "certificates/plant-ca.pem")
    server = {"host": "127.0.0.1", "port": box.device_port, "name": DEVICE_NAME, "ca": ca}
    process = await asyncio.create_subprocess_exec(
        MICROPYTHON,
        *("-X", f"heapsize={HEAP}", LIFE, modules, flash, str(HOURS)),
        *(json.dumps(server | {"key": key, "rows": 300}), str(BODY_BYTES)),
        stdout=PIPE,
        stderr=STDOUT,
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said[-3000:]
    told: dict[str, Any] = json.loads(said.splitlines()[-1])
    return told


async def test_three_days_arrive_whole_in_order_and_at_the_pace_that_is_told(
    box: Box, tmp_path: Path
) -> None:
    ((device_id, key),) = await box.devices(1)
    told = await live(box, key, tmp_path)
    assert told["rows"] == told["waiting"] == told["delivered"] == ROWS
    assert told["dropped"] == told["refused"] == 0
    assert told["full"] - told["begun"] < BACKLOG_BYTES
    # Meanwhile it tried, the longer the less often: at most once in half a minute.
    assert HOURS < told["tries"] <= HOURS * 3600 / 30

    statuses = [status for status, _, _ in told["answers"]]
    posts = sum(count for status, _, count in told["answers"] if status == 200)
    assert set(statuses) <= {200, 429}  # a slow machine may never be too fast for the appliance
    assert ROWS / 300 <= posts < ROWS / 300 * 1.3
    # It asks again no sooner than it is told, so two refusals in a row are rare.
    assert all(wait >= 1 for status, wait, _ in told["answers"] if status == 429)
    assert all(count <= 2 for status, _, count in told["answers"] if status == 429)

    async with box.database() as db:
        rows = await db.fetch(
            """
            select b.first_row + i - 1 as row_number, b.received_at,
                   extract(epoch from b.start_at) * 1000 + b.offsets_ms[i] as at_ms
              from batches b, generate_series(1, cardinality(b.offsets_ms)) as i
             where b.device_id = $1 order by b.received_at, row_number""",
            device_id,
        )
        values = await db.fetchval("select sum(cardinality(readings)) from batches")
    assert [row["row_number"] for row in rows] == list(range(ROWS))
    hours = float(rows[-1]["at_ms"] - rows[0]["at_ms"]) / 3_600_000
    assert hours == pytest.approx(HOURS, abs=0.1)
    assert values == 5 * ROWS
