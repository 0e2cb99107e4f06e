"""A board's MicroPython and the running appliance: configuration, command, key, firmware; and an
application that is broken."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.identity.certificates import DEVICE_NAME
from appliance.model import bundle
from flasher import filesystem, node, nvs
from flasher.boards import NVS_OFFSET, VFS_OFFSET
from flasher.node import Home, Wifi
from tests.box import Box
from tests.flasher.conftest import FLASH_BYTES
from tests.flasher.plant import NODE, Plant, plant, powered

pytestmark = pytest.mark.timeout(600)
OCTETS = {"Content-Type": "application/octet-stream"}
OLD, NEW, BROKEN = "1.0.0", "1.1.0", "1.2.0"


@pytest.fixture
async def box(folder: Path) -> AsyncIterator[Box]:
    made = Box(folder / "data", CARBONSEED_ROLLOUT_SOAK_MINUTES="0")
    folder.mkdir()
    await made.start()
    yield made
    assert await made.stop() == 0


@pytest.fixture
async def site(box: Box, tmp_path: Path) -> AsyncIterator[Plant]:
    async with plant(box, tmp_path, tmp_path / "images") as made:
        yield made


def release(version: str, sources: Path = filesystem.SOURCES) -> bytes:
    files = filesystem.application(sources)
    return bundle.pack(version, {path: data for path, data in files.items() if "/" in path})


async def until(ask: Callable[[], Awaitable[Any]], expected: Any) -> None:
    found = None
    try:
        async with asyncio.timeout(150):
            while (found := await ask()) != expected:
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"it is {found}, not {expected}") from None


@dataclass
class Kiln:
    """A device as people see it. path: its place in the API; key: its first."""

    people: httpx.AsyncClient
    path: str
    factory: int
    key: str

    async def get(self, path: str) -> Any:
        answer = await self.people.get(path)
        assert answer.is_success, answer.text
        return answer.json()

    async def change(self, verb: str, path: str, **given: Any) -> Any:
        answer = await self.people.request(verb, path, **given)
        assert answer.is_success, answer.text
        return answer.json()

    async def runs(self) -> dict[str, Any]:
        told = (await self.get(self.path))["firmware"] or {}
        return {name: told.get(name) for name in ("version", "slot", "config")}

    async def events(self) -> list[tuple[str, str]]:
        found = await self.get(f"{self.path}/log")
        return [(one["what"], one["detail"]) for one in found["log"]]

    async def read_at(self) -> str:
        return str((await self.get(self.path))["received_at"])


@pytest.fixture
async def kiln(site: Plant) -> AsyncIterator[Kiln]:
    async with site.technician() as people:
        factory = (await people.get("/factories")).json()["factories"][0]["id"]
        asked = {"factory_id": factory, "name": "Kiln 3"}
        made = (await people.post("/devices", json=asked)).json()
        yield Kiln(people, f"/devices/{made['device']['id']}", factory, made["key"])


@pytest.fixture
async def console(kiln: Kiln, box: Box, tmp_path: Path) -> AsyncIterator[Path]:
    """What the board of the kiln says; it has what the flasher writes, and power."""
    signer = (await kiln.get("/firmware/releases"))["key"]["modulus"]
    ca = await asyncio.to_thread((box.folder / "certificates/plant-ca.pem").read_text)
    home = Home(box.device_port, DEVICE_NAME, ca, signer)
    config = node.configure(NODE, "127.0.0.1", home, Wifi("plant", "ladle"), 1_763_913_600_000)
    identity = nvs.image(node.blobs(config, kiln.key))
    disk = filesystem.image(filesystem.board(filesystem.application(), OLD), FLASH_BYTES)
    flash = bytearray(b"\xff" * FLASH_BYTES)
    flash[NVS_OFFSET : NVS_OFFSET + len(identity)] = identity
    flash[VFS_OFFSET:] = disk
    file = tmp_path / "flash.bin"
    file.write_bytes(flash)
    async with powered(file, tmp_path / "console"):
        yield tmp_path / "console"


async def test_a_board_is_configured_commanded_rekeyed_updated_and_comes_back_from_a_bad_update(
    kiln: Kiln, console: Path, box: Box, tmp_path: Path
) -> None:
    await until(kiln.runs, {"version": OLD, "slot": "a", "config": 0})
    await configure(kiln)
    assert "sensors every 500 ms" in console.read_text()
    await command(kiln)
    await rotate(kiln, box)
    await update(kiln)
    await break_it(kiln, tmp_path)
    said = console.read_text()
    assert "timer: 0 600000 0" in said
    assert "csk_" not in said
    events = await kiln.events()
    assert [what for what, _ in events].count("reset") == 4  # and three that never got so far
    for expected in (
        ("config-used", "1"),
        ("command", "locate, 60 s"),
        ("command", "rotate-key"),
        ("update-started", NEW),
        ("update-done", NEW),
        ("update-started", BROKEN),
        ("rollback", f"{BROKEN}, to {NEW}"),
    ):
        assert expected in events


async def configure(kiln: Kiln) -> None:
    config = {"sampling": {"interval_ms": 500}, "sending": {"interval_ms": 1000}}
    await kiln.change("PUT", f"{kiln.path}/config", json=config)
    await until(kiln.runs, {"version": OLD, "slot": "a", "config": 1})
    assert (await kiln.get(kiln.path))["device"]["expected_interval_ms"] == 1000


async def command(kiln: Kiln) -> None:
    await kiln.change("POST", f"{kiln.path}/commands", json={"do": "locate"})
    await until(lambda: done(kiln), {"locate": True})


async def done(kiln: Kiln) -> dict[str, bool]:
    given = (await kiln.get(f"{kiln.path}/commands"))["commands"]
    return {one["do"]: one["done_at"] is not None for one in given}


async def rotate(kiln: Kiln, box: Box) -> None:
    await kiln.change("POST", f"{kiln.path}/commands", json={"do": "rotate-key"})
    await until(lambda: done(kiln), {"locate": True, "rotate-key": True})
    async with httpx.AsyncClient(verify=box.trust) as stranger:

        async def old_key() -> int:
            answer = await stranger.get(
                f"https://127.0.0.1:{box.device_port}/node/commands",
                headers={"Authorization": f"Bearer {kiln.key}"},
                extensions={"sni_hostname": DEVICE_NAME},
            )
            return answer.status_code

        await until(old_key, 401)


async def roll_out(kiln: Kiln, data: bytes) -> Callable[[], Awaitable[str]]:
    added = await kiln.change("POST", "/firmware/releases", content=data, headers=OCTETS)
    asked = {"release_id": added["id"], "factory_id": kiln.factory}
    begun = await kiln.change("POST", "/firmware/rollouts", json=asked)

    async def state() -> str:
        told = await kiln.get(f"/firmware/rollouts/{begun['id']}")
        return str(told["rollout"]["state"])

    return state


async def update(kiln: Kiln) -> None:
    state = await roll_out(kiln, await asyncio.to_thread(release, NEW))
    await until(state, "done")
    assert await kiln.runs() == {"version": NEW, "slot": "b", "config": 1}


async def break_it(kiln: Kiln, tmp_path: Path) -> None:
    sources = tmp_path / "broken"
    await asyncio.to_thread(shutil.copytree, filesystem.SOURCES, sources)
    app = sources / "node" / "app.py"
    app.write_text(
        app.read_text().replace("def main(", "def main(_):\n    raise OSError\n\n\ndef m(")
    )
    state = await roll_out(kiln, await asyncio.to_thread(release, BROKEN, sources))
    await until(state, "halted")
    assert await kiln.runs() == {"version": NEW, "slot": "b", "config": 1}
    seen = await kiln.get(f"/insights/advisories?factory_id={kiln.factory}")
    assert [(one["kind"], one["device"]) for one in seen["advisories"]] == [("firmware", "Kiln 3")]
    before = await kiln.read_at()

    async def goes_on() -> bool:
        return await kiln.read_at() != before

    await until(goes_on, expected=True)
