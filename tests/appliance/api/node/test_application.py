"""What nodes fetch and tell: each its own, with a device key and nothing else."""

import asyncio
import json
from datetime import timedelta

import pytest

from appliance.api.node.application import create_node
from appliance.identity import device_keys
from appliance.identity.device_keys import KeyRing
from appliance.model.audit import Actor
from appliance.model.command import NewCommand
from appliance.model.device_config import NewDeviceConfig, Rhythm
from appliance.model.user import Role
from appliance.nodes import commands, configs
from appliance.store.device_keys import select_key_holder
from appliance.store.device_log import KEPT
from appliance.store.pool import open_pool
from tests.appliance.api.ingest.conftest import Ingest, batch

ADA = Actor("ada@north.example", "10.0.0.7")
SOON = 10
CONFIG = NewDeviceConfig(Rhythm(2000), Rhythm(30_000))


@pytest.fixture
def configure(ingest: Ingest, site):
    async def do(config: NewDeviceConfig = CONFIG) -> None:
        await configs.put(ingest.pool, site.scope, ADA, site.id, (config, {}), ingest.clock())

    return do


@pytest.fixture
def command(ingest: Ingest, site):
    async def do(action: str, seconds: int | None = None) -> int:
        asked = NewCommand(action, seconds)  # type: ignore[arg-type]
        given = await commands.give(ingest.pool, site.scope, ADA, site.id, asked, ingest.clock())
        return given.id

    return do


async def until_told(ingest: Ingest, node, **waits: object) -> dict[str, object]:
    """Post until the answer carries what waits, and nothing else does."""
    async with asyncio.timeout(SOON):
        while True:
            told = (await ingest.post(node, batch())).body
            if {k: v for k, v in told.items() if k in ("config", "firmware", "commands")} == waits:
                return told
            await asyncio.sleep(0.01)


async def test_a_post_of_readings_is_told_what_waits_without_another_question(
    ingest: Ingest, site, configure, command
) -> None:
    async with asyncio.timeout(SOON):
        while not ingest.ring._listening:
            await asyncio.sleep(0.01)
    await until_told(ingest, site.node)
    await configure()
    await command("restart")
    await until_told(ingest, site.node, config=1, commands=1)
    ingest.ring._known["mark"] = None  # forgotten after everything that was told before
    await ingest.pool.execute("select pg_notify('keys', 'mark')")
    async with asyncio.timeout(SOON):
        while "mark" in ingest.ring._known:
            await asyncio.sleep(0.01)
    await ingest.post(site.node, batch())
    ingest.ring._pool = None  # memory alone answers from here on
    holder = await ingest.ring.recognise(site.node.key)
    assert (holder.config, holder.commands) == (1, 1)


async def test_the_configuration_is_fetched_once_a_version(
    ingest: Ingest, site, ask, configure
) -> None:
    key = site.node.key
    assert (await ask("GET", "/node/config", key)).status == 404
    await configure()
    got = await ask("GET", "/node/config", key)
    assert (got.status, got.headers["etag"]) == (200, '"1"')
    assert got.json == {
        "v": 1,
        "version": 1,
        "sampling": {"interval_ms": 2000},
        "sending": {"interval_ms": 30_000},
    }
    same = await ask("GET", "/node/config", key, if_none_match='"1"')
    assert (same.status, same.body, same.headers["etag"]) == (304, b"", '"1"')
    assert (await ask("GET", "/node/config", key, if_none_match='"0"')).status == 200
    await configure()
    assert (await ask("GET", "/node/config", key, if_none_match='"1"')).json["version"] == 2


async def test_a_command_that_nobody_has_done_in_time_is_taken_back_and_can_be_given_again(
    ingest: Ingest, site, command, ask
) -> None:
    old = await command("restart")
    ingest.clock.forward(hours=23)
    new = await command("locate", 60)
    ingest.clock.forward(hours=1, seconds=1)
    await commands.take_back(ingest.pool, timedelta(hours=24), ingest.clock())
    waiting = (await ask("GET", "/node/commands", site.node.key)).json["commands"]
    assert [one["id"] for one in waiting] == [new]
    entry = await ingest.pool.fetchrow(
        "select old, reason, factory_ids from audit where action = 'device.command.expire'"
    )
    told = entry["old"] if isinstance(entry["old"], dict) else json.loads(entry["old"])
    assert told == {"id": old, "do": "restart", "asked_by": ADA.name}
    assert entry["reason"] == "The device has not done it within 24 h."
    assert entry["factory_ids"] == [ingest.factory.id]
    await command("restart")
    assert (await select_key_holder(ingest.pool, site.node.key_id)).commands == 2  # type: ignore[union-attr]


async def test_commands_wait_until_the_node_tells_that_they_are_done(
    ingest: Ingest, site, ask, tell, command
) -> None:
    first, second = await command("locate"), await command("restart")
    expected = [{"id": first, "do": "locate", "seconds": 60}, {"id": second, "do": "restart"}]
    for _ in range(2):
        assert (await ask("GET", "/node/commands", site.node.key)).json == {"commands": expected}
    assert (await tell(site.node.key, done=[first])).status == 200
    assert (await ask("GET", "/node/commands", site.node.key)).json == {"commands": expected[1:]}
    other = await ingest.node()
    await tell(other.key, done=[second])
    assert (await ask("GET", "/node/commands", site.node.key)).json == {"commands": expected[1:]}


async def test_the_log_is_kept_once_however_often_it_comes(ingest: Ingest, site, tell) -> None:
    events = [
        {"up": 5, "what": "reset", "detail": "power"},
        {"up": 9, "what": "wifi", "detail": "back after 4 s"},
    ]
    assert (await tell(site.node.key, events=events)).json == {"stored": 2}
    assert (await tell(site.node.key, events=events)).json == {"stored": 0}
    rows = await ingest.pool.fetch("select what, detail, up_ms, boot from device_log order by id")
    assert [tuple(row) for row in rows] == [
        ("reset", "power", 5, 41),
        ("wifi", "back after 4 s", 9, 41),
    ]


async def test_only_the_newest_events_of_a_device_are_kept(ingest: Ingest, site, tell) -> None:
    await ingest.pool.execute(
        """
        insert into device_log (device_id, epoch, boot, up_ms, what, detail, received_at)
        select $1, 'e', 1, n, 'wifi', '', now() from generate_series(1, $2) n""",
        site.id,
        KEPT,
    )
    assert (await tell(site.node.key, events=[{"up": 1, "what": "reset"}])).json == {"stored": 1}
    count, oldest = await ingest.pool.fetchrow(
        "select count(*), min(up_ms) from device_log where epoch = 'e'"
    )
    assert (count, oldest) == (KEPT - 1, 2)


async def test_a_node_that_uses_its_new_configuration_is_expected_as_often(
    ingest: Ingest, site, tell, configure
) -> None:
    interval = "select expected_interval_ms from devices where id = $1"
    await configure()
    await tell(site.node.key, config=None)
    assert await ingest.pool.fetchval(interval, site.id) == 10_000
    await tell(site.node.key, config=1)
    assert await ingest.pool.fetchval(interval, site.id) == 30_000
    assert await ingest.pool.fetchval("select interval_ms from device_intervals") == 10_000
    await ingest.pool.execute("update devices set expected_interval_ms = 60000")  # by a person
    await tell(site.node.key, config=1)
    assert await ingest.pool.fetchval(interval, site.id) == 60_000
    await tell(site.node.key, config=9)  # which nobody wrote
    assert await ingest.pool.fetchval(interval, site.id) == 60_000


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"epoch": "x"}, "epoch"),
        ({"boot": -1}, "boot"),
        ({"version": "<b>"}, "version"),
        ({"slot": "c"}, "slot"),
        ({"events": [{"up": 1, "what": "Reset!"}]}, "events"),
        ({"events": [{"up": 1, "what": "reset", "detail": "a\0b"}]}, "detail"),
        ({"events": [{"up": 1, "what": "reset"}] * 51}, "events"),
        ({"done": [-1]}, "done"),
    ],
)
async def test_a_log_that_cannot_be_read_names_the_place(site, tell, members, place) -> None:
    refused = await tell(site.node.key, **members)
    assert refused.status == 400
    assert place in refused.json["detail"]


async def test_a_log_of_another_version_or_too_large_is_refused(site, ask, tell) -> None:
    assert (await tell(site.node.key, v=2)).status == 422
    assert (
        await tell(site.node.key, events=[{"up": 1, "what": "reset", "detail": "x" * 200}] * 20)
    ).status == 413
    assert (await ask("POST", "/node/log", site.node.key, b"\xff")).status == 400


@pytest.mark.parametrize("path", ["config", "firmware", "commands", "log", "key"])
async def test_no_person_and_no_other_key_opens_anything(
    ingest: Ingest, site, ask, sign_in, path
) -> None:
    verb = "POST" if path in ("log", "key") else "GET"
    person = await sign_in(Role.ADMINISTRATOR)
    _, unknown, _ = device_keys.make()
    for key in (person.access, unknown, "", site.node.key[:-1]):
        refused = await ask(verb, f"/node/{path}", key, {})
        assert (refused.status, refused.json["code"]) == (401, "not-signed-in")
    await ingest.pool.execute("update device_keys set revoked_at = now()")
    assert (await ask(verb, f"/node/{path}", site.node.key, {})).status == 401


async def test_a_device_key_opens_nothing_of_people(client, site) -> None:
    headers = {"Authorization": f"Bearer {site.node.key}"}
    for path in ("/devices", f"/devices/{site.id}/config", "/firmware/releases"):
        assert (await client.get(path, headers=headers)).status_code == 401


async def test_wrong_verbs_and_paths_are_told(site, ask) -> None:
    key = site.node.key
    for verb, path, allowed in [("POST", "/node/config", "GET"), ("GET", "/node/log", "POST")]:
        refused = await ask(verb, path, key)
        assert (refused.status, refused.headers["allow"]) == (405, allowed)
    assert (await ask("GET", "/node/other", key)).status == 404
    assert (await ask("GET", "/other", key)).status == 404


async def test_readings_still_go_through_the_same_door(ingest: Ingest, site, ask) -> None:
    assert (await ask("POST", "/ingest", site.node.key, batch())).json["stored"] == 1


async def test_a_node_that_calls_too_often_waits(ingest: Ingest, site, ask, door) -> None:
    narrow = create_node(
        ingest.app, db=ingest.pool, keys=ingest.ring, clock=ingest.clock, requests_per_minute=2
    )
    for _ in range(2):
        assert (await ask("GET", "/node/commands", site.node.key, app=narrow)).status == 200
    refused = await ask("GET", "/node/commands", site.node.key, app=narrow)
    assert refused.status == 429
    assert int(refused.headers["retry-after"]) > 0


async def test_without_a_database_a_node_is_told_to_come_back(
    ingest: Ingest, site, ask, database_url
) -> None:
    async with open_pool(database_url, size=1) as gone:
        pass
    shut = create_node(
        ingest.app,
        db=gone,
        keys=KeyRing(gone, ingest.clock),
        clock=ingest.clock,
        requests_per_minute=9,
    )
    refused = await ask("GET", "/node/commands", site.node.key, app=shut)
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")


async def lives(ingest: Ingest, key: str) -> bool:
    return await select_key_holder(ingest.pool, device_keys.parse(key)[0]) is not None  # type: ignore[index]


async def test_a_key_is_changed_only_when_somebody_has_asked(ingest: Ingest, site, ask) -> None:
    refused = await ask("POST", "/node/key", site.node.key, {})
    assert (refused.status, refused.json["code"]) == (409, "conflict")
    assert await ingest.pool.fetchval("select count(*) from device_keys") == 1


async def test_the_old_key_is_good_until_the_new_one_is_used(
    ingest: Ingest, site, ask, command
) -> None:
    old = site.node.key
    await command("rotate-key")
    new = (await ask("POST", "/node/key", old, {})).json["key"]
    assert new != old
    assert (await ingest.post(site.node, batch())).status == 200
    assert (await ask("GET", "/node/commands", new)).status == 200
    assert await lives(ingest, old)
    handed = await ask("POST", "/ingest", new, batch(1))
    assert handed.status == 200
    assert not await lives(ingest, old)
    assert (await ask("POST", "/ingest", new, batch(2))).status == 200
    assert (await ask("GET", "/node/commands", new)).json == {"commands": []}
    assert (await ask("POST", "/node/key", new, {})).status == 409
    deeds = await ingest.pool.fetch("select action, actor, address from audit order by id")
    assert [tuple(deed) for deed in deeds][-2:] == [
        ("device.key.rotate", f"device {site.id}", "10.0.0.9"),
        ("device.key.revoke", f"device {site.id}", "10.0.0.9"),
    ]


async def test_a_power_cut_before_the_new_key_is_kept_costs_nothing(
    ingest: Ingest, site, ask, command
) -> None:
    old = site.node.key
    await command("rotate-key")
    lost = (await ask("POST", "/node/key", old, {})).json["key"]  # and the power goes
    assert (await ask("POST", "/ingest", old, batch())).status == 200
    new = (await ask("POST", "/node/key", old, {})).json["key"]
    assert [await lives(ingest, key) for key in (old, lost, new)] == [True, False, True]
    assert (await ask("POST", "/ingest", lost, batch(1))).status == 401
    assert (await ask("POST", "/ingest", new, batch(1))).status == 200
    assert [await lives(ingest, key) for key in (old, lost, new)] == [False, False, True]


async def test_a_power_cut_after_the_new_key_is_kept_costs_nothing(
    ingest: Ingest, site, ask, command
) -> None:
    old = site.node.key
    await command("rotate-key")
    first = (await ask("POST", "/node/key", old, {})).json["key"]
    second = (await ask("POST", "/node/key", first, {})).json["key"]  # it starts anew with it
    assert [await lives(ingest, key) for key in (old, first, second)] == [False, True, True]
    assert (await ask("POST", "/ingest", second, batch())).status == 200
    assert [await lives(ingest, key) for key in (old, first, second)] == [False, False, True]


async def test_two_posts_at_once_hand_over_once(ingest: Ingest, site, ask, command) -> None:
    await command("rotate-key")
    new = (await ask("POST", "/node/key", site.node.key, {})).json["key"]
    posts = await asyncio.gather(*(ask("POST", "/ingest", new, batch(i)) for i in range(4)))
    assert {post.status for post in posts} == {200}
    revoked = "select count(*) from audit where action = 'device.key.revoke'"
    assert await ingest.pool.fetchval(revoked) == 1
