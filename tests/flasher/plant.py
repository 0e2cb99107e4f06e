"""A real appliance with a technician, and boards that start from what was written onto them."""

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.box import Box
from tests.flasher.conftest import Board

HERE = Path(__file__).parent
MICROPYTHON = Path(sys.executable).parent / "micropython"
RESET = 77
"""What a board of power_on.py ends with when it resets itself."""
EMAIL = "technician@plant.example"
PASSWORD = "brazen kettle of tin"
WIFI_PASSWORD = "ladle, kiln and press"
NODE = {
    "sensors": [
        {"metric": "temperature", "driver": "simulated", "signal": {"level": 850, "noise": 1}}
    ],
    "sampling": {"interval_ms": 200},
    "sending": {"interval_ms": 200},
    "board": {"led_pin": None},
}


@dataclass
class Plant:
    """`flash(...)` runs the command as a technician does, in a process of its own."""

    box: Box
    folder: Path
    store: Path
    people_port: int

    @property
    def url(self) -> str:
        return f"https://localhost:{self.people_port}"

    @property
    def ca(self) -> Path:
        return self.box.folder / "certificates/plant-ca.pem"

    @property
    def sign_in(self) -> list[str]:
        password = self.folder / "password"
        password.write_text(PASSWORD + "\n")
        given = {"url": self.url, "ca": self.ca, "email": EMAIL, "password-file": password}
        return [text for name, value in given.items() for text in (f"--{name}", str(value))]

    def device(self, name: str) -> list[str]:
        node, wifi = self.folder / "node.json", self.folder / "wifi"
        node.write_text(json.dumps(NODE))
        wifi.write_text(WIFI_PASSWORD)
        given = {"name": name, "node": node, "node-host": "127.0.0.1"}
        given |= {"wifi": "plant", "wifi-password-file": wifi}
        return [text for key, value in given.items() for text in (f"--{key}", str(value))]

    async def flash(self, *arguments: object) -> Process:
        """Start the command; what it leaves in its temporary folder is in `scratch`."""
        self.scratch.mkdir(exist_ok=True)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", "from appliance.cli import main; main()", "flash"),
            *map(str, arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env={**os.environ, "TMPDIR": str(self.scratch)},
        )

    @property
    def scratch(self) -> Path:
        return self.folder / "scratch"

    @asynccontextmanager
    async def technician(self) -> AsyncIterator[httpx.AsyncClient]:
        async with _client(self.box, self.url) as client:
            await _login(client, EMAIL, PASSWORD)
            yield client


@asynccontextmanager
async def plant(box: Box, folder: Path, store: Path) -> AsyncIterator[Plant]:
    """The appliance that runs in `box`, with a technician in its first factory."""
    noted = await asyncio.to_thread((box.folder / "running.json").read_text)
    made = Plant(box, folder, store, json.loads(noted)["people_port"])
    code = await asyncio.to_thread(_setup_code, box)
    boss = {"email": "boss@plant.example", "name": "Boss", "password": "seven walrus kettles"}
    async with _client(box, made.url) as client:
        await _post(client, "/auth/setup", {"code": code, **boss, "factory": "North"})
        await _login(client, boss["email"], boss["password"])
        factory = (await client.get("/factories")).json()["factories"][0]
        asked = {"email": EMAIL, "name": "Tess", "role": "technician"}
        invited = await _post(client, "/users", {**asked, "factory_ids": [factory["id"]]})
        await _post(client, "/auth/reset", {"code": invited["code"], "password": PASSWORD})
    yield made


@asynccontextmanager
async def power_on(board: Board, folder: Path) -> AsyncIterator[Path]:
    """MicroPython runs what lies in the board's flash; its console goes to the file given back."""
    flash = folder / "flash.bin"
    flash.write_bytes(await asyncio.to_thread(board.flash))
    async with powered(flash, folder / "console"):
        yield folder / "console"


@asynccontextmanager
async def powered(flash: Path, console: Path) -> AsyncIterator[None]:
    """MicroPython runs what lies in this file, again whenever it resets itself."""
    living = asyncio.create_task(_lives(flash, console))
    try:
        yield
    finally:
        living.cancel()
        with suppress(asyncio.CancelledError):
            await living


async def _lives(flash: Path, console: Path) -> None:
    code = RESET
    with console.open("wb") as out:
        while code == RESET:
            running = await asyncio.create_subprocess_exec(
                MICROPYTHON,
                *("-X", "heapsize=16M", str(HERE / "board" / "power_on.py"), str(flash)),
                stdout=out,
                stderr=STDOUT,
                env={**os.environ, "TZ": "UTC"},
            )
            try:
                code = await running.wait()
            finally:
                if running.returncode is None:
                    running.kill()
                    await running.wait()


def _setup_code(box: Box) -> str:
    while "/setup?code=" not in box.log():
        time.sleep(0.05)
    return box.log().rpartition("/setup?code=")[2].split()[0]


def _client(box: Box, url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, verify=box.trust, timeout=30)


async def _login(client: httpx.AsyncClient, email: str, password: str) -> None:
    tokens = await _post(client, "/auth/login", {"email": email, "password": password})
    client.headers["Authorization"] = f"Bearer {tokens['access']}"


async def _post(client: httpx.AsyncClient, path: str, asked: dict[str, Any]) -> Any:
    answer = await client.post(path, json=asked)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None
