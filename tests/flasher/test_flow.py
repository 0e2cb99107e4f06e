"""From a bare board to its first reading on a real appliance, and again."""

import asyncio
import json
import re
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.box import Box
from tests.flasher.conftest import Board, nvs_reader
from tests.flasher.plant import WIFI_PASSWORD, Plant, plant, power_on

STEPS = ["detect", "check", "claim", "write", "verify", "boot", "register"]
pytestmark = pytest.mark.timeout(180)


@pytest.fixture
async def there(folder: Path, tmp_path: Path, store: Path) -> AsyncIterator[Plant]:
    """A real appliance with a technician."""
    box = Box(folder.with_name("data"))
    try:
        await box.start()
        async with plant(box, tmp_path, store) as made:
            yield made
    finally:
        await box.stop()


async def until(process: Process, words: str) -> str:
    """What a command says on stderr up to a line with these words."""
    said = ""
    assert process.stderr is not None
    while words not in said:
        line = (await process.stderr.readline()).decode()
        assert line, said
        said += line
    return said


async def finished(process: Process, said: str = "") -> tuple[int, str, str]:
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), said + err.decode()


def key_in(board: Board) -> str:
    """The device key, as the board itself reads it from its NVS."""
    module = nvs_reader()
    module.partition = board.flash(0x9000, 0x6000)
    buffer = bytearray(4000)
    length = module.NVS("carbonseed").get_blob("key", buffer)
    return bytes(buffer[:length]).decode()


async def make(there: Plant, board: Board, name: str, *more: str) -> tuple[int, str, str]:
    """`carbonseed flash board`, and the board switched on when it is its turn."""
    arguments = ("--port", board.port, "--store", there.store, "--wait", "60")
    device = (*there.sign_in, *there.device(name), *more)
    process = await there.flash("board", *device, *arguments, "--boot-wait", "0.2")
    said = await until(process, "Waiting for the first reading")
    async with power_on(board, there.folder) as console:
        done = await finished(process, said)
        assert done[0] == 0, done[2] + console.read_text()
    return done


async def test_a_bare_board_reports_after_one_command(there: Plant, plug_in) -> None:
    board = plug_in("esp32")
    code, out, err = await make(there, board, "Kiln 3", "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["device"], told["board"], told["mac"]) == ("Kiln 3", "esp32", "24:0a:c4:e2:95:26")
    assert told["readings"]["temperature"] == pytest.approx(850, abs=10)
    steps = re.findall(r"^(\w+) ", err, re.MULTILINE)
    assert list(dict.fromkeys(steps)) == STEPS
    console = (there.folder / "console").read_text()
    assert "rtc: 20" in console  # it began in 2000 and knew better at once
    assert f"wlan: plant, a password of {len(WIFI_PASSWORD)}" in console
    async with there.technician() as client:
        found = (await client.get(f"/devices/{told['device_id']}")).json()
    assert found["received_at"] is not None

    key = key_in(board)
    assert key.startswith(f"csk_{told['key_id']}_")
    secret = key.rpartition("_")[2]
    for text in (out, err, there.box.log(), console):
        assert secret not in text
        assert WIFI_PASSWORD not in text
    assert list(there.scratch.iterdir()) == []


async def test_flashed_again_a_board_is_the_same_device_with_one_live_key(
    there: Plant, plug_in
) -> None:
    board = plug_in("esp32")
    first = json.loads((await make(there, board, "Kiln 3", "--json"))[1])
    second = json.loads((await make(there, board, "Kiln 3", "--json"))[1])
    assert second["device_id"] == first["device_id"]
    assert second["key_id"] != first["key_id"]
    async with there.technician() as client:
        keys = (await client.get(f"/devices/{first['device_id']}/keys")).json()["keys"]
        devices = (await client.get("/devices")).json()["devices"]
    live = [key["id"] for key in keys if key["revoked_at"] is None]
    assert live == [second["key_id"]]
    assert len(devices) == 1

    other = ("--port", board.port, "--store", there.store)
    process = await there.flash("board", *there.sign_in, *there.device("Kiln 4"), *other)
    code, out, err = await finished(process)
    assert (code, out) == (6, "")
    assert "is the device Kiln 3 already" in err


async def test_the_steps_one_by_one_make_the_same_board(there: Plant, plug_in) -> None:
    board = plug_in("esp32")
    out = there.folder / "parts"

    async def step(*arguments: object) -> str:
        code, said, err = await finished(await there.flash(*arguments))
        assert code == 0, err
        return said + err

    told = await step("detect", "--port", board.port, "--json")
    mac = json.loads(told.splitlines()[0])["mac"]
    await step("build", "--board", "esp32", "--store", there.store, "--out", out)
    identity = ("--mac", mac, "--out", out)
    await step("provision", *there.sign_in, *there.device("Press 1"), *identity)
    assert (out / "nvs.bin").stat().st_mode & 0o777 == 0o600
    await step("write", out, "--port", board.port)
    assert not (out / "nvs.bin").exists()
    await step("verify", out, "--port", board.port)
    async with power_on(board, there.folder), there.technician() as client:
        async with asyncio.timeout(60):
            while True:
                devices = (await client.get("/devices")).json()["devices"]
                if devices[0]["received_at"]:
                    break
                await asyncio.sleep(0.2)
    assert devices[0]["device"]["name"] == "Press 1"


async def test_what_stands_in_the_way_is_told_and_leaves_the_board_as_it_is(
    there: Plant, plug_in
) -> None:
    board = plug_in("esp32")
    before = board.flash()
    base = [*there.device("Kiln 3"), "--port", board.port, "--store", str(there.store)]
    wrong = there.folder / "wrong"
    wrong.write_text("not the password")
    refused = [*there.sign_in, "--password-file", str(wrong)]
    for arguments, code, words in (
        (refused, 5, "password is wrong"),
        ([*there.sign_in, "--factory", "South"], 4, "Known: North"),
        ([*there.sign_in, "--url", "https://localhost:1"], 7, "does not answer"),
        ([*there.sign_in, "--port", "/dev/ttyUSB77"], 4, "no port /dev/ttyUSB77"),
        ([*there.sign_in, "--board", "esp32c6"], 1, "is an ESP32, not an ESP32-C6"),
    ):
        done = await finished(await there.flash("board", *base, *arguments))
        assert (done[0], done[1]) == (code, ""), done[2]
        assert words in done[2]
        assert "Traceback" not in done[2]
    assert board.flash() == before
