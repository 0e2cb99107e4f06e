"""A release reaches the nodes of a plant over the devices' door, and stops when they do not come
back."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from appliance.api.node import application
from appliance.archive.read import Archive
from appliance.errors import Conflict
from appliance.history.advisories import advisories
from appliance.history.readings import Source
from appliance.model import bundle
from appliance.model.audit import Actor
from appliance.model.firmware import NewRollout, Rollout
from appliance.model.insight import Advisory
from appliance.nodes import releases, rollouts
from appliance.nodes.rollouts import Pace
from appliance.store.device_keys import select_key_holder
from tests.appliance.api.ingest.conftest import Ingest, batch
from tests.appliance.bundles import FILES, packed

ADA = Actor("ada@north.example", "10.0.0.7")
PACE = Pace(timedelta(minutes=10), timedelta(minutes=30))
OLD, NEW = "1.0.3", "1.0.7"


class Fleet:
    """Nodes at work, and the appliance's clock and roll-outs."""

    def __init__(self, ingest: Ingest, ask, tell, secrets_dir) -> None:
        self.ingest, self.ask, self.tell = ingest, ask, tell
        self.secrets_dir = secrets_dir
        self.nodes = []
        self.rows = 0

    async def grow(self, count: int) -> None:
        """More nodes, each heard of before the next, so that the last one is offered first."""
        for _ in range(count):
            node = await self.ingest.node()
            self.nodes.append(node)
            await self.tell(node.key, version=OLD)
            await self.read(node)

    async def read(self, node) -> dict:
        self.ingest.clock.forward(seconds=1)
        self.rows += 1
        answer = await self.ask("POST", "/ingest", node.key, batch(self.rows))
        assert answer.status == 200
        return answer.json

    async def begin(self, version: str = NEW, **given) -> Rollout:
        pool, now = self.ingest.pool, self.ingest.clock()
        release = await releases.add(pool, self.secrets_dir, ADA, packed(version), now)
        asked = NewRollout(release.id, self.ingest.factory.id, **given)
        return await rollouts.begin(pool, self.ingest.scope, ADA, asked, now)

    async def fetch(self, node) -> bytes | None:
        got = await self.ask("GET", "/node/firmware", node.key)
        assert got.status == (200 if got.body else 204)
        return got.body or None

    async def take(self, node) -> None:
        """Fetch what is offered, run it, tell so, and send a reading."""
        data = await self.fetch(node)
        assert data is not None
        await self.read(node)
        version = bundle.read(data).manifest.version
        assert (await self.tell(node.key, version=version, slot="b", boot=2)).status == 200
        await self.read(node)

    async def look(self, **later: float) -> Rollout:
        """What a worker's look makes of it, after a while; the newest roll-out then."""
        self.ingest.clock.forward(**later or {"seconds": 1})
        async with self.ingest.pool.acquire() as db:
            await rollouts.advance(db, PACE, self.ingest.clock())
        return await self.rollout()

    async def rollout(self) -> Rollout:
        found = await rollouts.stored.select_rollouts(self.ingest.pool, self.ingest.scope)
        return found[0]

    async def offered(self) -> list:
        return [node for node in self.nodes if await self.offer(node)]

    async def offer(self, node) -> str | None:
        holder = await select_key_holder(self.ingest.pool, node.key_id)
        return holder.firmware

    def counts(self, rollout: Rollout) -> dict[str, int]:
        return {str(state): count for state, count in rollout.devices.items() if count}

    async def deeds(self) -> list[str]:
        rows = await self.ingest.pool.fetch(
            "select action from audit where action like 'firmware.rollout.%' order by id"
        )
        return [row["action"].rpartition(".")[2] for row in rows]


@pytest.fixture(scope="module")
def secrets_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("data") / "secrets"


@pytest.fixture
async def fleet(ingest: Ingest, ask, tell, secrets_dir) -> Fleet:
    return Fleet(ingest, ask, tell, secrets_dir)


def test_the_first_then_a_tenth_then_all() -> None:
    def sizes(count: int) -> list[int]:
        stages = [rollouts.stage_of(i, count) for i in range(count)]
        assert stages == sorted(stages)
        return [stages.count(stage) for stage in (1, 2, 3)]

    assert sizes(1) == [1, 0, 0]
    assert sizes(5) == [1, 0, 4]
    assert sizes(10) == [1, 0, 9]
    assert sizes(11) == [1, 1, 9]
    assert sizes(200) == [1, 19, 180]


async def test_a_release_reaches_one_then_a_tenth_then_all(fleet: Fleet) -> None:
    await fleet.grow(12)
    begun = await fleet.begin()
    assert fleet.counts(begun) == {"offered": 1, "waiting": 11}
    first = fleet.nodes[-1]
    assert await fleet.offered() == [first]
    assert (await fleet.read(first))["firmware"] == NEW
    assert await fleet.fetch(fleet.nodes[0]) is None
    await fleet.take(first)
    assert fleet.counts(await fleet.look()) == {"running": 1, "waiting": 11}
    assert await fleet.offered() == []
    assert (await fleet.look(minutes=9)).stage == 1
    assert fleet.counts(await fleet.look(minutes=1)) == {"running": 1, "offered": 1, "waiting": 10}
    [second] = await fleet.offered()
    await fleet.take(second)
    await fleet.look()
    assert fleet.counts(await fleet.look(minutes=10)) == {"running": 2, "offered": 10}
    for node in await fleet.offered():
        await fleet.take(node)
    done = await fleet.look()
    assert (done.state, fleet.counts(done)) == ("done", {"running": 12})
    assert await fleet.deeds() == ["begin", "done"]


async def test_the_bundle_is_signed_whole_and_sent_in_pieces(fleet: Fleet, ask) -> None:
    await fleet.grow(1)
    await fleet.begin()
    got = await ask("GET", "/node/firmware", fleet.nodes[0].key)
    assert got.headers["content-length"] == str(len(packed(NEW)))
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.pieces > 1
    read = bundle.read(got.body)
    key = await releases.public_key(fleet.secrets_dir)
    shown = pow(int.from_bytes(read.signature, "big"), 65537, int(key.modulus, 16))
    assert f"{shown:x}".startswith("1ffffff")
    assert (read.files, read.manifest.version) == (FILES, NEW)


async def test_a_bundle_is_fetched_in_parts_that_are_of_one_bundle(fleet: Fleet, ask) -> None:
    await fleet.grow(1)
    await fleet.begin()
    key = fleet.nodes[0].key
    whole = await ask("GET", "/node/firmware", key)
    size = len(whole.body)

    async def part(wanted: str) -> tuple[int, str | None, bytes]:
        got = await ask("GET", "/node/firmware", key, range=wanted)
        assert got.status == 416 or got.headers["etag"] == whole.headers["etag"]
        return got.status, got.headers.get("content-range"), got.body

    assert await part("bytes=0-99") == (206, f"bytes 0-99/{size}", whole.body[:100])
    assert await part("bytes=100-") == (206, f"bytes 100-{size - 1}/{size}", whole.body[100:])
    last = await part(f"bytes={size - 9}-{size + 9}")
    assert last == (206, f"bytes {size - 9}-{size - 1}/{size}", whole.body[-9:])
    assert (await part(f"bytes={size}-"))[:2] == (416, f"bytes */{size}")
    for ignored in ("bytes=9-5", "bytes=-9", "bytes=0-1,4-5", "rows=0-1", "bytes=x-"):
        assert await part(ignored) == (200, None, whole.body)


async def test_a_node_that_stops_taking_its_bundle_is_let_go(
    fleet: Fleet, door, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fleet.grow(1)
    await fleet.begin()
    monkeypatch.setattr(application, "SEND_SECONDS", 0.05)
    sent: list[dict] = []

    async def send(message: dict) -> None:
        sent.append(message)
        if len(sent) > 2:
            await asyncio.Event().wait()

    key = f"Bearer {fleet.nodes[0].key}".encode()
    scope = {"type": "http", "method": "GET", "path": "/node/firmware"}
    await door(scope | {"headers": [(b"authorization", key)]}, None, send)
    assert len(sent) == 3
    assert sent[-1]["more_body"]


async def test_the_version_told_before_any_reading_is_not_enough(fleet: Fleet) -> None:
    await fleet.grow(1)
    await fleet.begin()
    [node] = fleet.nodes
    await fleet.fetch(node)
    await fleet.tell(node.key, version=NEW)
    assert fleet.counts(await fleet.look()) == {"fetching": 1}
    halted = await fleet.look(minutes=31)
    assert (halted.state, fleet.counts(halted)) == ("halted", {"failed": 1})
    await fleet.read(node)
    assert fleet.counts(await fleet.look()) == {"running": 1}


async def test_the_first_device_that_does_not_come_back_halts_it(fleet: Fleet, caplog) -> None:
    await fleet.grow(3)
    await fleet.begin()
    await fleet.fetch(fleet.nodes[-1])
    assert (await fleet.look(minutes=29)).state == "running"
    halted = await fleet.look(minutes=2)
    assert (halted.state, halted.stage) == ("halted", 1)
    assert halted.reason == "1 of 1 device that was offered 1.0.7 did not take it."
    assert fleet.counts(halted) == {"failed": 1, "waiting": 2}
    assert "has halted: 1 of 1" in caplog.text
    assert await fleet.deeds() == ["begin", "halt"]
    assert (await fleet.look(minutes=60)).state == "halted"
    assert await fleet.offered() == []


async def test_a_node_that_came_back_from_it_halts_it(fleet: Fleet) -> None:
    await fleet.grow(2)
    await fleet.begin()
    node = fleet.nodes[-1]
    await fleet.fetch(node)
    await fleet.tell(node.key, version=OLD, rollback=NEW, boot=5)
    halted = await fleet.look()
    assert (halted.state, fleet.counts(halted)) == ("halted", {"back": 1, "waiting": 1})
    _, devices = await rollouts.one(fleet.ingest.pool, fleet.ingest.scope, halted.id)
    assert devices[0].detail == "It came back from 1.0.7 to 1.0.3."
    assert await fleet.fetch(node) is None


async def test_a_roll_out_that_halts_by_itself_is_worth_a_look_until_it_goes_on(
    fleet: Fleet, tmp_path
) -> None:
    await fleet.grow(2)
    await fleet.begin()
    node, ingest = fleet.nodes[-1], fleet.ingest
    await fleet.fetch(node)
    await fleet.tell(node.key, version=OLD, rollback=NEW, boot=5)

    async def seen() -> list[Advisory]:
        with ThreadPoolExecutor(1) as blocking:
            source = Source(ingest.pool, blocking, Archive(tmp_path))
            factory, now = ingest.factory.id, ingest.clock()
            return await advisories(source, ingest.scope, factory, now)

    assert await seen() == []
    halted = await fleet.look()
    [found] = await seen()
    assert (found.kind, found.device_id, found.since) == ("firmware", node.id, halted.changed_at)
    assert found.text.startswith(
        "The roll-out of firmware 1.0.7 has halted: 1 of 1 device that was offered 1.0.7 did not "
        "take it. "
    )
    assert found.text.endswith("It came back from 1.0.7 to 1.0.3.")
    await rollouts.resume(ingest.pool, ingest.scope, ADA, halted.id, ingest.clock())
    assert await seen() == []


async def test_a_node_that_refuses_it_says_why_once(fleet: Fleet) -> None:
    await fleet.grow(2)
    await fleet.begin()
    node = fleet.nodes[-1]
    refused = [{"up": 7, "what": "update-refused", "detail": "the signature is not ours"}]
    await fleet.fetch(node)
    await fleet.tell(node.key, version=OLD, events=refused)
    halted = await fleet.look()
    assert (halted.state, fleet.counts(halted)) == ("halted", {"failed": 1, "waiting": 1})
    again = await fleet.begin("1.0.8")
    await fleet.tell(node.key, version=OLD, events=refused)  # the same, for its answer was lost
    assert fleet.counts(await fleet.look()) == {"offered": 1, "waiting": 1}
    assert again.version == "1.0.8"


async def test_later_one_in_twenty_may_fail_and_no_more(fleet: Fleet) -> None:
    await fleet.grow(21)
    await fleet.begin()
    for _ in range(2):
        for node in await fleet.offered():
            await fleet.take(node)
        await fleet.look()
        await fleet.look(minutes=10)
    everyone = await fleet.offered()
    assert len(everyone) == 18
    await fleet.tell(everyone[0].key, version=OLD, rollback=NEW)
    assert (await fleet.look()).state == "running"
    await fleet.tell(everyone[1].key, version=OLD, rollback=NEW)
    halted = await fleet.look()
    assert halted.reason == "2 of 21 devices that were offered 1.0.7 did not take it."


async def test_people_halt_and_resume_it(fleet: Fleet) -> None:
    await fleet.grow(3)
    begun = await fleet.begin()
    pool, scope, clock = fleet.ingest.pool, fleet.ingest.scope, fleet.ingest.clock
    halted = await rollouts.halt(pool, scope, ADA, begun.id, "Not on a Friday", clock())
    assert (halted.state, halted.reason) == ("halted", "Not on a Friday")
    assert await fleet.fetch(fleet.nodes[-1]) is None
    assert await fleet.offered() == []
    with pytest.raises(Conflict):
        await rollouts.halt(pool, scope, ADA, begun.id, "Twice", clock())
    await rollouts.resume(pool, scope, ADA, begun.id, clock())
    assert await fleet.offered() == [fleet.nodes[-1]]
    with pytest.raises(Conflict):
        await rollouts.resume(pool, scope, ADA, begun.id, clock())
    assert await fleet.deeds() == ["begin", "halt", "resume"]


async def test_who_resumes_it_takes_the_failures_so_far_as_known(fleet: Fleet) -> None:
    await fleet.grow(3)
    begun = await fleet.begin()
    await fleet.fetch(fleet.nodes[-1])
    assert (await fleet.look(minutes=31)).state == "halted"
    pool, scope, clock = fleet.ingest.pool, fleet.ingest.scope, fleet.ingest.clock
    clock.forward(minutes=1)
    await rollouts.resume(pool, scope, ADA, begun.id, clock())
    assert (await fleet.look(minutes=9)).stage == 1
    resumed = await fleet.look(minutes=1)
    assert (resumed.state, resumed.stage) == ("running", 3)
    assert fleet.counts(resumed) == {"failed": 1, "offered": 2}
    await fleet.tell((await fleet.offered())[0].key, version=OLD, rollback=NEW)
    assert (await fleet.look()).state == "halted"


async def test_one_roll_out_at_a_time_in_a_factory(fleet: Fleet) -> None:
    await fleet.grow(1)
    first = await fleet.begin()
    with pytest.raises(Conflict, match="Another roll-out runs"):
        await fleet.begin("1.0.8")
    pool, scope, clock = fleet.ingest.pool, fleet.ingest.scope, fleet.ingest.clock
    await rollouts.halt(pool, scope, ADA, first.id, "Something better came", clock())
    await fleet.begin("1.0.9")
    with pytest.raises(Conflict, match="Another roll-out runs"):
        await rollouts.resume(pool, scope, ADA, first.id, clock())


async def test_who_runs_it_already_is_done_and_who_never_told_is_not_asked(fleet: Fleet) -> None:
    await fleet.grow(2)
    await fleet.ingest.node()  # sends readings, and is no node of ours
    await fleet.tell(fleet.nodes[-1].key, version=NEW)
    assert fleet.counts(await fleet.begin()) == {"running": 1, "waiting": 1}
    assert fleet.counts(await fleet.look(minutes=10)) == {"running": 1, "offered": 1}


async def test_it_can_be_for_some_devices_alone(fleet: Fleet) -> None:
    await fleet.grow(3)
    begun = await fleet.begin(device_ids=[fleet.nodes[0].id])
    assert fleet.counts(begun) == {"offered": 1}
    await fleet.take(fleet.nodes[0])
    await fleet.look()
    assert (await fleet.look(minutes=10)).state == "done"


async def test_a_device_that_was_cut_off_while_fetching_fetches_again(fleet: Fleet) -> None:
    await fleet.grow(1)
    await fleet.begin()
    [node] = fleet.nodes
    whole = await fleet.fetch(node)
    fleet.ingest.clock.forward(minutes=5)
    assert await fleet.fetch(node) == whole
    await fleet.take(node)
    await fleet.look()
    assert (await fleet.look(minutes=10)).state == "done"
