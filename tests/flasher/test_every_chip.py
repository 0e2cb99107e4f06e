"""Every kind of board, twice, in eight lanes at once: from bare to a reading on an appliance."""

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from flasher import boards, filesystem
from flasher.boards import VFS_OFFSET
from tests.box import Box
from tests.flasher.conftest import keep, nvs_reader
from tests.flasher.plant import WIFI_PASSWORD, Plant, plant, power_on

pytestmark = pytest.mark.timeout(400)
CHIPS = list(boards.boards()) * 2


@pytest.fixture
def every_build(tmp_path: Path, stock) -> Path:
    """A store with a build for every chip."""
    for chip in boards.boards():
        keep(tmp_path / "images", stock(chip))
    return tmp_path / "images"


@pytest.fixture
async def there(folder: Path, tmp_path: Path, every_build: Path) -> AsyncIterator[Plant]:
    box = Box(folder.with_name("data"))
    try:
        await box.start()
        async with plant(box, tmp_path, every_build) as made:
            yield made
    finally:
        await box.stop()


async def test_eight_boards_of_every_chip_report_after_one_command(there: Plant, plug_in) -> None:
    plugged = {
        board.port: board
        for n, chip in enumerate(CHIPS)
        for board in [plug_in(chip, f"24:0a:c4:00:00:0{n}")]
    }
    records, labels = there.folder / "records", there.folder / "labels"
    given = [text for port in plugged for text in ("--port", port)]
    given += ["--store", str(there.store), "--wait", "120", "--boot-wait", "0.2", "--plain"]
    given += ["--records", str(records), "--labels", str(labels), "--count", str(len(plugged))]
    process = await there.flash("line", *there.sign_in, *there.device("Node {mac}"), *given)
    assert process.stderr is not None
    said = ""
    async with AsyncExitStack() as powered:
        while line := (await process.stderr.readline()).decode():
            said += line
            if found := re.match(r"(\S+) +register +Waiting", line):
                folder = there.folder / f"board-{len(said)}"
                folder.mkdir()
                await powered.enter_async_context(power_on(plugged[found[1]], folder))
        assert process.stdout is not None
        out = (await process.stdout.read()).decode()
        assert await process.wait() == 0, said + out
    assert out.count("PASS  ") == len(plugged)

    disk = filesystem.board(filesystem.application(), version("carbonseed"))
    secrets = [WIFI_PASSWORD]
    for chip, board in zip(CHIPS, plugged.values(), strict=True):
        flash = await asyncio.to_thread(board.flash)
        on_board = filesystem.contents(flash[VFS_OFFSET:])
        assert {name: on_board[name] for name in disk} == disk
        build = next((there.store / chip).glob("*/*.bin")).read_bytes()
        start = boards.board(chip).image_offset
        assert flash[start:0x9000] == build[: 0x9000 - start]
        reader = nvs_reader()
        reader.partition = flash[0x9000:0xF000]
        key = bytearray(100)
        length = reader.NVS("carbonseed").get_blob("key", key)
        secrets.append(bytes(key[:length]).decode().rpartition("_")[2])
    assert len(set(secrets)) == 9

    (table,) = records.glob("shift-*.csv")
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    assert {row["result"] for row in rows} == {"PASS"}
    assert {row["device"] for row in rows} == {f"Node 00000{n}" for n in range(8)}
    assert len(list(records.glob("board-*.jsonl"))) == 8
    written = [said, out, there.box.log(), *(file.read_text() for file in records.iterdir())]
    assert not [secret for secret in secrets for text in written if secret in text]
    for row in rows:
        (code,) = zxingcpp.read_barcodes(Image.open(labels / f"{row['device_id']}.png"))
        assert code.text == f"{there.url}/devices/{row['device_id']}"
    async with there.technician() as client:
        devices = (await client.get("/devices")).json()["devices"]
    assert {status["device"]["id"] for status in devices} == {int(row["device_id"]) for row in rows}
    for status in devices:
        assert [value["metric"] for value in status["latest"]] == ["temperature"]
        assert status["latest"][0]["value"] == pytest.approx(850, abs=10)
