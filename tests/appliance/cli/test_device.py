"""`carbonseed device` on a box."""

import asyncio
import json

import pytest

from appliance.identity import device_keys
from appliance.model.scope import Scope
from appliance.store import machines
from appliance.store.device_keys import select_key_holder


def listed(command) -> list[dict]:
    code, out, _ = command("device", "list", "--json")
    assert code == 0
    return json.loads(out)["devices"]


def test_a_device_is_added_with_its_key_alone_on_stdout(command, north) -> None:
    code, out, err = command("device", "add", "Node 1", "--interval-ms", "2500")
    assert code == 0
    key_id, _ = device_keys.parse(out.strip())
    assert "Device 1 is Node 1" in err
    (one,) = listed(command)
    assert (one["name"], one["expected_interval_ms"], one["factory_id"]) == (
        "Node 1",
        2500,
        north.id,
    )
    assert [key["id"] for key in one["keys"]] == [key_id]
    assert out.strip() not in json.dumps(one)


async def test_a_device_is_fixed_to_a_machine_of_its_factory(command, pool, north, south) -> None:
    await machines.insert_machine(pool, north.id, "Furnace 3", "", "Melting")
    add = ["device", "add", "Node 1", "--machine", "Furnace 3", "--factory"]
    code, _, err = await asyncio.to_thread(command, *add, "South")
    assert (code, "There are: none yet" in err) == (4, True)
    assert (await asyncio.to_thread(command, *add, "North"))[0] == 0
    assert "Furnace 3" in (await asyncio.to_thread(command, "device", "list"))[1]
    assert await machines.select_machines(pool, Scope((south.id,))) == []


async def test_a_key_is_rotated_and_the_old_one_revoked(command, pool, north) -> None:
    async def call(*arguments: str) -> tuple[int, str, str]:
        return await asyncio.to_thread(command, "device", *arguments)

    _, first, _ = await call("add", "Node 1")
    code, second, err = await call("rotate-key", "Node 1")
    assert code == 0
    old, _ = device_keys.parse(first.strip())
    new, _ = device_keys.parse(second.strip())
    assert f"revoke-key 'Node 1' {old}" in err
    assert await select_key_holder(pool, old)
    assert (await call("rotate-key", "1"))[0] == 6, "two live keys are enough"
    assert (await call("revoke-key", "1", old))[0] == 0
    assert await select_key_holder(pool, old) is None
    assert await select_key_holder(pool, new)
    assert (await call("revoke-key", "1", old))[0] == 4
    actions = await pool.fetch("select actor, action from audit order by id")
    assert [tuple(row) for row in actions] == [
        ("console:ayse", "device.create"),
        ("console:ayse", "device.key.create"),
        ("console:ayse", "device.key.revoke"),
    ]


def test_a_name_in_two_factories_is_to_be_told_by_number(command, north, south) -> None:
    for factory in ("North", "South"):
        assert command("device", "add", "Node 1", "--factory", factory)[0] == 0
    code, _, err = command("device", "rotate-key", "Node 1")
    assert (code, "1, 2" in err) == (6, True)
    assert command("device", "rotate-key", "2")[0] == 0


@pytest.mark.parametrize("text", ["0", "-1", "99", "2.5", "nan", "86400001"])
def test_an_interval_that_makes_no_sense_is_refused(command, north, text) -> None:
    code, out, err = command("device", "add", "Node 1", "--interval-ms", text)
    assert code == 2
    assert out == ""
    assert "went wrong inside" not in err


def test_what_is_not_there_is_not_found(command, north) -> None:
    assert command("device", "rotate-key", "Node 9")[0] == 4
    command("device", "add", "Node 1")
    assert command("device", "revoke-key", "Node 1", "aaaaaaaaaa")[0] == 4
