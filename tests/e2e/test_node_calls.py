"""One node and the running appliance over verified TLS: configuration, command, firmware, key."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.identity.certificates import DEVICE_NAME
from appliance.model import bundle
from tests.appliance.bundles import FILES, packed
from tests.box import Box
from tests.flasher.plant import Plant, plant

EPOCH = "9f3c2a7151e0b6d4"
OCTETS = {"Content-Type": "application/octet-stream"}


class Node:
    """Speaks as the wire says, over one connection."""

    def __init__(self, box: Box, key: str) -> None:
        self.client = httpx.AsyncClient(
            base_url=f"https://127.0.0.1:{box.device_port}", verify=box.trust, timeout=20
        )
        self.key = key
        self.rows = 0

    async def call(self, verb: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}", **options.pop("headers", {})}
        named = {"sni_hostname": DEVICE_NAME}
        return await self.client.request(verb, path, headers=headers, extensions=named, **options)

    async def read(self) -> dict[str, Any]:
        """Send a reading; what waits."""
        batch = {"v": 1, "epoch": EPOCH, "first": self.rows, "sent_up": self.rows}
        batch |= {"metrics": ["temperature"], "rows": [[self.rows, 20.5]]}
        answer = await self.call("POST", "/ingest", json=batch)
        assert answer.status_code == 200, answer.text
        self.rows += 1
        return answer.json()

    async def tell(self, version: str, **members: Any) -> None:
        told = {"v": 1, "epoch": EPOCH, "boot": 1, "version": version, **members}
        assert (await self.call("POST", "/node/log", json=told)).status_code == 200


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


async def until(ask: Callable[[], Awaitable[Any]], expected: Any) -> None:
    found = None
    try:
        async with asyncio.timeout(30):
            while (found := await ask()) != expected:
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"it is {found}, not {expected}") from None


@dataclass
class Kiln:
    """A device, seen from both sides. path: its place in the API."""

    people: httpx.AsyncClient
    node: Node
    path: str
    factory: int

    async def waits(self) -> dict[str, Any]:
        told = await self.node.read()
        return {k: told[k] for k in ("config", "firmware", "commands") if k in told}

    async def change(self, verb: str, path: str, **given: Any) -> Any:
        answer = await self.people.request(verb, path, **given)
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture
async def kiln(site: Plant, box: Box) -> AsyncIterator[Kiln]:
    async with site.technician() as people:
        factory = (await people.get("/factories")).json()["factories"][0]["id"]
        asked = {"factory_id": factory, "name": "Kiln 3"}
        made = (await people.post("/devices", json=asked)).json()
        node = Node(box, made["key"])
        yield Kiln(people, node, f"/devices/{made['device']['id']}", factory)
        await node.client.aclose()


async def test_a_node_is_configured_commanded_updated_and_given_another_key(kiln: Kiln) -> None:
    assert await kiln.waits() == {}
    await kiln.node.tell("1.0.3", slot="a")
    await configure(kiln)
    await command(kiln)
    await update(kiln)
    await rotate(kiln)
    seen = (await kiln.people.get(kiln.path)).json()
    assert seen["device"]["expected_interval_ms"] == 1000
    told = {k: seen["firmware"][k] for k in ("version", "slot", "config", "boot")}
    assert told == {"version": "1.1.0", "slot": "b", "config": 1, "boot": 1}
    done = (await kiln.people.get(f"{kiln.path}/commands")).json()["commands"]
    assert [(one["do"], one["done_at"] is not None) for one in done] == [
        ("rotate-key", True),
        ("locate", True),
    ]
    for call in ("config", "firmware", "commands"):
        assert (await kiln.people.get(f"/node/{call}")).status_code == 404


async def configure(kiln: Kiln) -> None:
    config = {"sampling": {"interval_ms": 500}, "sending": {"interval_ms": 1000}}
    await kiln.change("PUT", f"{kiln.path}/config", json=config)
    await until(kiln.waits, {"config": 1})
    got = await kiln.node.call("GET", "/node/config")
    assert got.json() == {"v": 1, "version": 1, **config}
    same = await kiln.node.call("GET", "/node/config", headers={"If-None-Match": '"1"'})
    assert (same.status_code, same.content) == (304, b"")
    await kiln.node.tell("1.0.3", slot="a", config=1)


async def command(kiln: Kiln) -> None:
    await kiln.change("POST", f"{kiln.path}/commands", json={"do": "locate"})
    await until(kiln.waits, {"config": 1, "commands": 1})
    [waiting] = (await kiln.node.call("GET", "/node/commands")).json()["commands"]
    await kiln.node.tell("1.0.3", slot="a", config=1, done=[waiting["id"]])
    await until(kiln.waits, {"config": 1})


async def update(kiln: Kiln) -> None:
    added = await kiln.change("POST", "/firmware/releases", content=packed("1.1.0"), headers=OCTETS)
    assert (await kiln.node.call("GET", "/node/firmware")).status_code == 204
    asked = {"release_id": added["id"], "factory_id": kiln.factory}
    rollout = await kiln.change("POST", "/firmware/rollouts", json=asked)
    await until(kiln.waits, {"config": 1, "firmware": "1.1.0"})
    got = await kiln.node.call("GET", "/node/firmware")
    assert int(got.headers["content-length"]) == len(got.content)
    assert bundle.read(got.content).files == FILES
    await kiln.node.tell("1.1.0", slot="b", config=1)
    await kiln.node.read()

    async def state() -> str:
        told = (await kiln.people.get(f"/firmware/rollouts/{rollout['id']}")).json()
        return str(told["rollout"]["state"])

    await until(state, "done")
    assert await kiln.waits() == {"config": 1}


async def rotate(kiln: Kiln) -> None:
    old = {"Authorization": f"Bearer {kiln.node.key}"}
    await kiln.change("POST", f"{kiln.path}/commands", json={"do": "rotate-key"})
    kiln.node.key = (await kiln.node.call("POST", "/node/key", json={})).json()["key"]
    await kiln.node.read()

    async def judged() -> int:
        return (await kiln.node.call("GET", "/node/commands", headers=old)).status_code

    await until(judged, 401)
