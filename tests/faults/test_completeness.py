"""The certificate of a node that was off, cut off, overrun, restarted, and met a box that was down.

The node is the firmware itself, the appliance a process of its own. What must be in the certificate
is known from the script below, the node's own words, and SQL that knows nothing of our code.
"""

import asyncio
import json
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.archive.read import Archive
from appliance.demo.nodes import FIRMWARE, interpreter
from appliance.history.certificate import certify
from appliance.history.readings import Source
from appliance.identity.certificates import DEVICE_NAME
from appliance.model.completeness import Cause, Certificate, Range, What
from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.store.pool import open_pool
from tests.box import Box
from tests.faults.proxy import Cable

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]

INTERPRETER = interpreter()
INTERVAL_MS = 200
LATE_MS = 9000
"""More than a node waits to try again after a short time away."""
MARGIN_MS = 1500
"""Between what the script does and what comes of it lie processes, their starts and their ends."""
CAUGHT_UP_SECONDS = 100.0
"""A node that could not reach the appliance waits up to a minute before it tries again."""
RESET = "import sys; from node import app, board; board.reset_cause = lambda: {!r}; "
RUN = "sys.exit(app.main(sys.argv[1:]))"
Stretch = tuple[int, int]


class Node:
    """The firmware with a folder of its own; `reset` is what the board tells it of its start."""

    def __init__(self, folder: Path, port: int, key: str, authority: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        folder.mkdir()
        shutil.copyfile(authority, folder / "ca.pem")
        config = {
            "server": {"host": "127.0.0.1", "port": port, "name": DEVICE_NAME},
            "key": key,
            "sampling": {"interval_ms": INTERVAL_MS},
            "sending": {"interval_ms": 200},
            "spool": {"max_bytes": 65536, "segment_bytes": 256, "flush_rows": 5, "memory_rows": 20},
            "sensors": [{"metric": "temperature", "driver": "simulated", "signal": {"level": 40}}],
        }
        (folder / "config.json").write_text(json.dumps(config))

    async def start(self, reset: str) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(INTERPRETER, "-c", RESET.format(reset) + RUN),
                *("--config", str(self._folder / "config.json"), "--lifeline"),
                cwd=FIRMWARE / "src",
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    async def stop(self) -> None:
        """Its supply is switched off in order."""
        assert self._process
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.wait()

    async def kill(self) -> None:
        assert self._process
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    @property
    def dropped(self) -> int:
        """How many rows it says that its full memory cost."""
        log = (self._folder / "log").read_text()
        return sum(int(rows) for rows in re.findall(r"spool: dropped (\d+) rows", log))

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user may pass through."""
    made = Path(tempfile.mkdtemp(prefix="carbonseed-", dir="/tmp"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture
async def box(folder: Path) -> AsyncIterator[Box]:
    made = Box(folder / "data", CARBONSEED_LATE_SECONDS=str(LATE_MS / 1000))
    try:
        await made.start()
        yield made
    finally:
        await made.stop()
        print(made.log())


async def test_every_missing_and_late_range_is_named_with_its_true_cause(
    box: Box, folder: Path
) -> None:
    [(device_id, key)] = await box.devices(1)
    async with box.database() as db:
        await db.execute("update devices set expected_interval_ms = $1", INTERVAL_MS)
    cable = Cable(box.device_port)
    await cable.mend()
    node = Node(folder / "node", cable.port, key, box.folder / "certificates/plant-ca.pem")
    begin = now_ms()
    try:
        happened = await what_happens(node, cable, box, device_id)
    finally:
        await node.kill()
        cable.cut()
        print(node.log)
    there = await rows_there(box, device_id)
    period = begin, max(taken for rows in there.values() for taken in rows.values()) + 1
    told = await ask(box, folder, device_id, period)
    print(told)

    counts = told.counts
    assert counts.received == sum(map(len, there.values()))
    assert counts.expected == counts.received + counts.missing
    assert counts.missing == sum(one.rows for one in told.ranges if one.what is What.MISSING)
    assert (counts.quarantined, counts.unreadable) == (0, 0)
    names(told, What.MISSING, Cause.NODE_OFF, happened["off"])
    names(told, What.MISSING, Cause.RESTART, happened["watchdog"])
    [late] = of(told, What.LATE, Cause.BOX_DOWN)
    within(late, happened["box down"])
    causes = {one.cause for one in told.ranges if one.what is What.MISSING}
    assert causes == {Cause.NODE_OFF, Cause.RESTART, Cause.OVERRUN}
    assert {one.reset for one in of(told, What.MISSING, Cause.RESTART)} == {"watchdog"}

    overrun = of(told, What.MISSING, Cause.OVERRUN)
    assert {one.behind for one in overrun} == {Cause.NETWORK}
    lost = {
        (one.epoch, row)
        for one in overrun
        for row in range(one.first_row or 0, (one.first_row or 0) + one.rows)
    }
    assert lost == never_came(there)
    # the node also gives up rows that came and whose acknowledgement did not
    assert 0 < len(lost) == counts.dropped <= node.dropped
    for one in overrun:
        within(one, happened["long cut"])

    short, long = of(told, What.LATE, Cause.NETWORK)
    within(short, happened["short cut"])
    within(long, happened["long cut"])
    assert counts.late == await late_there(box, device_id)


async def what_happens(node: Node, cable: Cable, box: Box, device_id: int) -> dict[str, Stretch]:
    """The script; when what of it began and was over, for the node."""
    happened: dict[str, Stretch] = {}
    await node.start("power")
    await asyncio.sleep(4)
    await caught_up(box, device_id)

    begin = now_ms()
    await node.stop()
    await asyncio.sleep(12)
    await node.start("power")
    happened["off"] = begin, now_ms()
    await asyncio.sleep(4)
    await caught_up(box, device_id)

    begin = now_ms()
    cable.cut()
    await asyncio.sleep(14)
    await cable.mend()
    happened["short cut"] = begin, await caught_up(box, device_id)

    await asyncio.sleep(2)
    begin = now_ms()
    await box.stop()
    await asyncio.sleep(6)
    await box.start()
    happened["box down"] = begin, now_ms()
    await caught_up(box, device_id)

    await asyncio.sleep(2)
    begin = now_ms()
    await node.kill()
    await asyncio.sleep(4)
    await node.start("watchdog")
    happened["watchdog"] = begin, now_ms()
    await asyncio.sleep(4)
    await caught_up(box, device_id)

    begin = now_ms()
    cable.cut()
    await asyncio.sleep(45)
    await cable.mend()
    happened["long cut"] = begin, await caught_up(box, device_id)
    await asyncio.sleep(2)
    await node.stop()
    return happened


async def caught_up(box: Box, device_id: int) -> int:
    """When the newest reading is no longer an old one."""
    async with box.database() as db, asyncio.timeout(CAUGHT_UP_SECONDS):
        while True:
            last = await db.fetchval(
                "select max(last_ms) from streams where device_id = $1", device_id
            )
            if last is not None and now_ms() - last < 3 * INTERVAL_MS:
                return now_ms()
            await asyncio.sleep(0.1)


async def rows_there(box: Box, device_id: int) -> dict[int, dict[int, int]]:
    """By epoch and row number, when it was taken."""
    async with box.database() as db:
        rows = await db.fetch(
            """
            select epoch, first_row + i - 1 as number,
                   (extract(epoch from start_at) * 1000)::bigint + offsets_ms[i] as taken_ms
              from batches, generate_series(1, cardinality(offsets_ms)) as i
             where device_id = $1""",
            device_id,
        )
    found: dict[int, dict[int, int]] = {}
    for row in rows:
        found.setdefault(row["epoch"], {})[row["number"]] = row["taken_ms"]
    return found


async def late_there(box: Box, device_id: int) -> int:
    """How many rows were received too late, by the batches."""
    async with box.database() as db:
        late: int = await db.fetchval(
            """
            select count(*) from batches, unnest(offsets_ms) as o (ms)
             where device_id = $1
               and start_at + o.ms * interval '1 ms' < received_at - $2 * interval '1 ms'""",
            device_id,
            LATE_MS,
        )
    return late


def never_came(there: dict[int, dict[int, int]]) -> set[tuple[int, int]]:
    return {
        (epoch, row) for epoch, rows in there.items() for row in range(max(rows)) if row not in rows
    }


async def ask(box: Box, folder: Path, device_id: int, period: Stretch) -> Certificate:
    with ThreadPoolExecutor(2) as blocking:
        async with open_pool(box.dsn(), size=2) as pool:
            factory_id = await pool.fetchval("select factory_id from devices")
            source = Source(pool, blocking, Archive(folder / "data/archive"))
            return await certify(
                source,
                Scope((factory_id,)),
                DeviceId(device_id),
                period,
                datetime.now(UTC),
                LATE_MS,
            )


def of(told: Certificate, what: What, cause: Cause) -> list[Range]:
    return [one for one in told.ranges if (one.what, one.cause) == (what, cause)]


def names(told: Certificate, what: What, cause: Cause, stretch: Stretch) -> None:
    """There is this one range of its kind, as long as what happened, within some steps."""
    [one] = of(told, what, cause)
    within(one, stretch)
    assert abs((one.to_ms - one.from_ms) - (stretch[1] - stretch[0])) < 2 * MARGIN_MS
    assert abs(one.rows * INTERVAL_MS - (one.to_ms - one.from_ms)) <= 3 * INTERVAL_MS


def within(one: Range, stretch: Stretch) -> None:
    assert stretch[0] - MARGIN_MS <= one.from_ms < one.to_ms <= stretch[1] + MARGIN_MS, one


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)
