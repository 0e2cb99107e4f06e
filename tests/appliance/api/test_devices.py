"""Devices over HTTP: registered, shown, given keys."""

import pytest

from appliance.identity import device_keys
from appliance.model.user import Role
from appliance.store.device_keys import select_key_holder
from tests.appliance.plant import DAY_MS, NOON_MS


@pytest.fixture
async def technician(sign_in):
    return await sign_in(Role.TECHNICIAN)


@pytest.fixture
async def registered(technician, north):
    response = await technician.post("/devices", json={"factory_id": north.id, "name": "Node 1"})
    assert response.status_code == 201
    return await response.get_json()


async def test_a_registered_device_is_there_and_has_not_been_heard_of(
    technician, registered
) -> None:
    device = registered["device"]
    assert (device["name"], device["expected_interval_ms"]) == ("Node 1", 10_000)
    one = await (await technician.get(f"/devices/{device['id']}")).get_json()
    status = {
        "device": device,
        "state": "never",
        "received_at": None,
        "latest": [],
        "condition": None,
    }
    assert one == {**status, "quarantined": 0, "firmware": None}
    assert (await (await technician.get("/devices")).get_json()) == {"devices": [status]}


async def test_rows_that_are_set_aside_are_counted(technician, registered, plant) -> None:
    device_id = registered["device"]["id"]
    times = [NOON_MS + number * DAY_MS for number in range(3)]
    await plant.send(device_id, times, {"gas": [1.0, 2.0, 3.0]}, received_ms=NOON_MS)
    one = await (await technician.get(f"/devices/{device_id}")).get_json()
    assert one["quarantined"] == 2


async def test_a_device_knows_its_machine(technician, north) -> None:
    machine = {"factory_id": north.id, "name": "Furnace 3", "area": "Melting", "kind": "furnace"}
    made = await (await technician.post("/machines", json=machine)).get_json()
    device = {"factory_id": north.id, "name": "Node 1", "machine_id": made["id"]}
    told = (await (await technician.post("/devices", json=device)).get_json())["device"]
    assert (told["machine"], told["area"]) == ("Furnace 3", "Melting")


async def test_a_name_is_there_once_in_a_factory(technician, registered, north) -> None:
    response = await technician.post("/devices", json={"factory_id": north.id, "name": "Node 1"})
    assert response.status_code == 409
    assert "Node 1" in (await response.get_json())["detail"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"name": ""}, 400),
        ({"name": " "}, 400),
        ({"name": "x" * 61}, 400),
        ({"name": "bell\a"}, 400),
        ({"name": "two\nlines"}, 400),
        ({"name": "\u001b[31mred"}, 400),
        ({"name": "<script>alert(1)</script>"}, 201),
        ({"name": "Öfen Nr. 3 ~ ☃"}, 201),
        ({"expected_interval_ms": 99}, 400),
        ({"expected_interval_ms": 86_400_001}, 400),
        ({"expected_interval_ms": 1.5}, 400),
        ({"machine_id": 4711}, 422),
        ({"machine_id": 2**40}, 400),
        ({"factory_id": 4711}, 404),
        ({"factory_id": 2**31}, 400),
        ({"factory_id": -1}, 400),
        ({"factory_id": "1"}, 400),
        ({"id": 5}, 400),
        ({"sha256": "00"}, 400),
    ],
)
async def test_what_a_device_may_be(technician, north, changes, status) -> None:
    asked = {"factory_id": north.id, "name": "Node 1", **changes}
    response = await technician.post("/devices", json=asked)
    assert response.status_code == status


async def test_a_machine_of_another_factory_is_not_taken(sign_in, north, south) -> None:
    administrator = await sign_in(Role.ADMINISTRATOR)
    machine = {"factory_id": south.id, "name": "Press"}
    made = await (await administrator.post("/machines", json=machine)).get_json()
    device = {"factory_id": north.id, "name": "Node 1", "machine_id": made["id"]}
    assert (await administrator.post("/devices", json=device)).status_code == 422


async def test_the_key_is_shown_once_and_is_nowhere_else(context, technician, registered) -> None:
    key_id, secret = device_keys.parse(registered["key"])
    holder = await select_key_holder(context.db, key_id)
    assert holder.device_id == registered["device"]["id"]
    assert device_keys.matches(secret, holder.sha256)
    listed = await technician.get(f"/devices/{registered['device']['id']}/keys")
    assert secret not in await listed.get_data(as_text=True)
    dump = await context.db.fetch("select device_keys::text, audit::text from device_keys, audit")
    assert secret not in str(dump)


async def test_a_device_is_handed_from_one_key_to_the_next(technician, registered) -> None:
    path = f"/devices/{registered['device']['id']}/keys"
    second = await technician.post(path)
    assert second.status_code == 201
    issued = await second.get_json()
    assert set(issued) == {"id", "key"}
    assert (await technician.post(path)).status_code == 409, "two live keys are enough"
    first_id, _ = device_keys.parse(registered["key"])
    assert (await technician.delete(f"{path}/{first_id}")).status_code == 204
    assert (await technician.delete(f"{path}/{first_id}")).status_code == 404
    keys = (await (await technician.get(path)).get_json())["keys"]
    assert {key["id"]: key["revoked_at"] is None for key in keys} == {
        first_id: False,
        issued["id"]: True,
    }
    assert (await technician.post(path)).status_code == 201


@pytest.mark.parametrize("key_id", ["aaaaaaaaaa", "%00", "A" * 5000, "'; drop table x"])
async def test_a_key_that_is_not_there_cannot_be_revoked(technician, registered, key_id) -> None:
    path = f"/devices/{registered['device']['id']}/keys/{key_id}"
    assert (await technician.delete(path)).status_code == 404


async def test_a_key_is_not_revoked_through_another_device(technician, registered, north) -> None:
    asked = {"factory_id": north.id, "name": "Node 2"}
    other = await (await technician.post("/devices", json=asked)).get_json()
    key_id, _ = device_keys.parse(registered["key"])
    path = f"/devices/{other['device']['id']}/keys/{key_id}"
    assert (await technician.delete(path)).status_code == 404


async def test_a_device_is_changed_and_what_was_expected_before_is_kept(
    technician, registered, context, clock
) -> None:
    device_id = registered["device"]["id"]
    address = f"/devices/{device_id}"
    changes = {"name": "Node 2", "expected_interval_ms": 2000}
    response = await technician.patch(address, json=changes)
    told = await response.get_json()
    assert (response.status_code, told) == (200, registered["device"] | changes)
    assert (await technician.patch(address, json=changes)).status_code == 200  # nothing more
    rows = await context.db.fetch("select * from device_intervals")
    assert [tuple(row) for row in rows] == [(device_id, clock(), 10_000)]
    [deed] = await context.db.fetch("select old, new from audit where action = 'device.change'")
    assert deed["old"] == {"name": "Node 1", "expected_interval_ms": 10_000}
    assert deed["new"] == changes


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"expected_interval_ms": 1}, 400),
        ({"factory_id": 2}, 400),
        ({"name": ""}, 400),
        ({"machine_id": 999_999}, 422),
        ({"name": "Node 3"}, 409),
    ],
)
async def test_what_a_device_may_not_become(technician, registered, north, changes, status) -> None:
    await technician.post("/devices", json={"factory_id": north.id, "name": "Node 3"})
    device_id = registered["device"]["id"]
    response = await technician.patch(f"/devices/{device_id}", json=changes)
    assert response.status_code == status
    one = await (await technician.get(f"/devices/{device_id}")).get_json()
    assert one["device"] == registered["device"]


async def test_a_device_of_another_factory_is_not_changed(sign_in, registered, south) -> None:
    stranger = await sign_in(Role.TECHNICIAN, factory=south)
    response = await stranger.patch(f"/devices/{registered['device']['id']}", json={"name": "x"})
    assert response.status_code == 404
