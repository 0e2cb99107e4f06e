"""Commands over HTTP."""

import pytest

from appliance.model.user import Role


@pytest.fixture
async def technician(sign_in):
    return await sign_in(Role.TECHNICIAN)


@pytest.fixture
async def path(technician, north) -> str:
    made = await technician.post("/devices", json={"factory_id": north.id, "name": "Node 1"})
    return f"/devices/{(await made.get_json())['device']['id']}/commands"


async def test_a_command_waits_and_says_by_whom(technician, path, clock) -> None:
    given = await technician.post(path, json={"do": "locate", "seconds": 30})
    assert given.status_code == 201
    listed = await (await technician.get(path)).get_json()
    assert listed == {"commands": [await given.get_json()]}
    [one] = listed["commands"]
    assert (one["do"], one["seconds"], one["done_at"]) == ("locate", 30, None)
    assert one["asked_by"] == technician.email


async def test_the_same_command_waits_once(technician, path, pool) -> None:
    assert (await technician.post(path, json={"do": "restart"})).status_code == 201
    assert (await technician.post(path, json={"do": "restart"})).status_code == 409
    await pool.execute("update device_commands set done_at = now()")
    assert (await technician.post(path, json={"do": "restart"})).status_code == 201


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"do": "format"}, 400),
        ({"do": "locate", "seconds": 0}, 400),
        ({"do": "locate", "seconds": 3601}, 400),
        ({"do": "restart", "seconds": 5}, 422),
        ({}, 400),
    ],
)
async def test_what_no_node_does_is_refused(technician, path, asked, status) -> None:
    assert (await technician.post(path, json=asked)).status_code == status


async def test_operators_give_none(sign_in, path) -> None:
    operator = await sign_in(Role.OPERATOR)
    assert (await operator.post(path, json={"do": "restart"})).status_code == 403
    assert (await operator.get(path)).status_code == 200
