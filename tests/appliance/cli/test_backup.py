"""`carbonseed backup` and `carbonseed restore` as plant IT types them, beside a real appliance."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.box import Box

COMMAND = [sys.executable, "-c", "from appliance.cli import main; main()"]
WAIT_SECONDS = 60.0


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if "CARBONSEED" not in name}


async def carbonseed(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [*COMMAND, *map(str, arguments)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
        **options,
    )


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command while it works; at the end of the block it is killed."""
    nowhere = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, env=environment(), stdin=nowhere, stdout=nowhere, stderr=nowhere
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.fixture
async def box(folder: Path) -> AsyncIterator[Box]:
    made = Box(folder.with_name("data"))
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


@pytest.fixture
async def key(box: Box) -> str:
    """Of the one node."""
    ((_, made),) = await box.devices(1)
    return made


async def post(box: Box, key: str, first: int, stop: int) -> dict[str, object]:
    """Rows first .. stop - 1 of one start of the node; the answer."""
    rows = [[1000 * row, row / 8] for row in range(first, stop)]
    body = {
        "v": 1,
        "epoch": "00000000000000e1",
        "first": first,
        "sent_up": 1000 * stop,
        "base": None,
        "metrics": ["temperature"],
        "rows": rows,
    }
    async with httpx.AsyncClient(verify=box.trust) as client:
        answer = await client.post(
            f"https://localhost:{box.device_port}/ingest",
            json=body,
            headers={"Authorization": f"Bearer {key}"},
        )
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


async def ledger(box: Box) -> tuple[str, int]:
    """Which rows the appliance counts as received, and how many it holds."""
    async with box.database() as db:
        received = await db.fetchval("select received::text from streams")
        held = await db.fetchval("select count(distinct row_number) from sensor_readings")
        assert held == await db.fetchval("select count(*) from sensor_readings")
    return received, held


async def test_a_node_finds_the_restored_appliance_as_it_was(
    box: Box, key: str, tmp_path: Path
) -> None:
    """0..9 are in the backup, 10..19 the node still keeps, 20..29 it keeps no more."""
    await post(box, key, 0, 10)
    backed_up = await carbonseed("backup", "--to", tmp_path, "--data-dir", box.folder)
    assert backed_up.returncode == 0, backed_up.stderr
    file = Path(backed_up.stdout.strip())
    assert file.parent == tmp_path
    assert "keep it as safe as the box" in backed_up.stderr.replace("\n", " ")
    await post(box, key, 10, 30)

    refused = await carbonseed("restore", file, "--yes", "--data-dir", box.folder)
    assert (refused.returncode, f"process {box.pid}" in refused.stderr) == (6, True)

    assert await box.stop() == 0
    restored = await carbonseed("restore", file, "--yes", "--data-dir", box.folder)
    assert restored.returncode == 0, restored.stderr
    assert f"lies in: {box.folder / 'before-restore-'}" in restored.stdout

    await box.start()
    assert await ledger(box) == ("{[0,10)}", 10)
    assert (await post(box, key, 0, 20))["duplicate"] == 10
    await post(box, key, 30, 40)
    assert await ledger(box) == ("{[0,20),[30,40)}", 30), "20..29 are seen to be missing"
    async with box.database() as db, asyncio.timeout(WAIT_SECONDS):
        ready = (
            "select bool_and(xid < (select xid from cursors where name = 'engine')) from batches"
        )
        while not await db.fetchval(ready):
            await asyncio.sleep(0.1)


async def test_a_restore_that_is_killed_is_completed_by_the_next(
    box: Box, key: str, tmp_path: Path
) -> None:
    await post(box, key, 0, 10)
    told = await carbonseed("backup", "--json", "--to", tmp_path, "--data-dir", box.folder)
    file = json.loads(told.stdout)["file"]
    await post(box, key, 10, 20)
    await box.stop()
    restore = ("restore", file, "--yes", "--data-dir", str(box.folder))
    for sign in ("new", "new/secrets", "new/postgres/data", "ready", "old"):
        async with started(*restore) as process:
            while process.returncode is None and not (box.folder / "restore" / sign).exists():
                await asyncio.sleep(0.001)
        if (box.folder / "restore").exists():
            refused = await carbonseed("serve", "--data-dir", box.folder, "--host", "127.0.0.1")
            assert (refused.returncode, "has not finished" in refused.stderr) == (6, True)
    done = await carbonseed(*restore)
    assert done.returncode == 0, done.stderr
    assert not (box.folder / "restore").exists()
    await box.start()
    assert await ledger(box) == ("{[0,10)}", 10)
    aside = [path for path in box.folder.glob("before-restore-*") if (path / "postgres").exists()]
    assert aside, "what was there is still there"


async def test_a_full_disk_is_told_and_leaves_no_half_file(box: Box, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(small)]
    mounted = await asyncio.to_thread(subprocess.run, mount, check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a small file system")
    try:
        full = await carbonseed("backup", "--to", small, "--data-dir", box.folder)
        left = list(small.iterdir())
    finally:
        await asyncio.to_thread(subprocess.run, ["umount", str(small)], check=True)
    assert (full.returncode, full.stdout, left) == (1, "", [])
    assert f"There is no room left in {small}" in full.stderr


async def test_a_limit_on_the_size_of_files_is_told_like_a_full_disk(
    box: Box, tmp_path: Path
) -> None:
    limited = f"ulimit -f 64; exec {sys.executable} -c '{COMMAND[2]}' \"$@\""
    arguments = ["backup", "--to", str(tmp_path), "--data-dir", str(box.folder)]
    full = await asyncio.to_thread(
        subprocess.run,
        ["bash", "-c", limited, "carbonseed", *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (full.returncode, full.stdout, list(tmp_path.iterdir())) == (1, "", [])
    assert f"There is no room left in {tmp_path}" in full.stderr


async def test_what_cannot_be_backed_up_is_said(tmp_path: Path) -> None:
    nothing = await carbonseed("backup", "--data-dir", tmp_path / "none")
    assert (nothing.returncode, "no appliance in" in nothing.stderr) == (4, True)
    settings = {"CARBONSEED_DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/box"}
    gone = await asyncio.to_thread(
        subprocess.run,
        [*COMMAND, "backup", "--data-dir", str(tmp_path / "none")],
        env=environment() | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (gone.returncode, "does not let us in" in gone.stderr) == (7, True)
    assert "secret" not in gone.stderr
    assert list(tmp_path.iterdir()) == []


async def test_a_wrong_file_is_refused_before_anything_is_asked_of_the_box(tmp_path: Path) -> None:
    (tmp_path / "letter.tar").write_text("Dear Sir or Madam")
    for command in (["backup", "verify"], ["restore", "--yes"]):
        refused = await carbonseed(*command, tmp_path / "letter.tar", "--data-dir", tmp_path / "a")
        assert (refused.returncode, "not a whole backup" in refused.stderr) == (8, True)
        assert "Traceback" not in refused.stderr
    assert not (tmp_path / "a").exists()
    unasked = await carbonseed("restore", tmp_path / "letter.tar", "--data-dir", tmp_path / "a")
    assert (unasked.returncode, "give --yes" in unasked.stderr) == (2, True)


async def test_a_backup_that_is_interrupted_leaves_nothing_that_stops_the_next(
    box: Box, tmp_path: Path
) -> None:
    backup = ("backup", "--to", str(tmp_path), "--data-dir", str(box.folder))
    async with started(*backup) as process:
        while process.returncode is None and not list(tmp_path.iterdir()):
            await asyncio.sleep(0.001)
    assert list(tmp_path.glob("*.tar")) == []
    done = await carbonseed(*backup)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [Path(done.stdout.strip()).name]
    verified = await carbonseed("backup", "verify", done.stdout.strip(), "--data-dir", box.folder)
    assert (verified.returncode, "is whole: 0 streams" in verified.stdout) == (0, True)
