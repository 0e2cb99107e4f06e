"""Claims over HTTP: a board becomes a device, and stays it however often it is flashed."""

import pytest

from appliance.identity import certificates, device_keys
from appliance.model.user import Role
from appliance.store.device_keys import select_key_holder, update_last_used

MAC = "24:0a:c4:e2:95:26"


@pytest.fixture
async def technician(sign_in):
    return await sign_in(Role.TECHNICIAN)


@pytest.fixture
def authority(context) -> str:
    folder = context.settings.certificates_dir
    folder.mkdir(parents=True)
    return certificates.ensure(folder, [], context.clock()).authority.read_text()


@pytest.fixture
def claim(technician, north, authority, clock):
    async def do(person=technician, **given):
        clock.forward(seconds=1)
        asked = {"factory_id": north.id, "name": "Kiln 3", "mac": MAC} | given
        response = await person.post("/devices/claims", json=asked)
        return response.status_code, await response.get_json()

    return do


@pytest.fixture
def lives(pool):
    async def do(key: str) -> bool:
        return await select_key_holder(pool, device_keys.parse(key)[0]) is not None

    return do


@pytest.fixture
def use(pool, clock):
    async def do(claimed) -> None:
        clock.forward(minutes=1)
        await update_last_used(pool, {claimed["key_id"]: clock()})

    return do


async def test_a_new_board_becomes_a_device_and_learns_where_home_is(
    claim, lives, authority, context
) -> None:
    status, told = await claim(expected_interval_ms=1000)
    assert status == 201
    assert (told["device"]["name"], told["device"]["expected_interval_ms"]) == ("Kiln 3", 1000)
    assert told["known"] is False
    assert device_keys.parse(told["key"])[0] == told["key_id"]
    assert await lives(told["key"])
    assert int(told["home"].pop("modulus"), 16).bit_length() == 3072
    assert told["home"] == {
        "port": context.settings.device_port,
        "name": certificates.DEVICE_NAME,
        "ca": authority,
    }


async def test_the_same_board_stays_the_same_device_with_another_key(claim, lives) -> None:
    _, first = await claim()
    status, again = await claim(mac=MAC.upper())
    assert status == 200
    assert again["known"] is True
    assert again["device"] == first["device"]
    assert again["key"] != first["key"]
    assert await lives(first["key"])
    assert await lives(again["key"])


async def test_a_known_board_is_refused_under_another_name(claim, lives) -> None:
    _, first = await claim()
    status, problem = await claim(name="Kiln 4")
    assert status == 409
    assert "Kiln 3" in problem["detail"]
    assert await lives(first["key"])


async def test_replaced_a_board_is_another_device_and_its_old_keys_open_nothing(
    claim, lives, use, pool
) -> None:
    _, old = await claim()
    await use(old)
    _, spare = await claim()
    status, new = await claim(name="Kiln 4", replace=True)
    assert status == 201
    assert (new["known"], new["device"]["name"]) == (False, "Kiln 4")
    assert new["device"]["id"] != old["device"]["id"]
    assert [await lives(one["key"]) for one in (old, spare, new)] == [False, False, True]
    assert (await claim(name="Kiln 4"))[1]["device"]["id"] == new["device"]["id"]
    left = await pool.fetchval(
        "select old from audit where action = 'device.claim' and old ? 'left_device_id'"
    )
    assert str(old["device"]["id"]) in str(left)


async def test_a_name_that_another_board_has_is_refused(claim) -> None:
    await claim()
    status, problem = await claim(mac="24:0a:c4:00:00:01")
    assert status == 409
    assert "Kiln 3" in problem["detail"]


async def test_the_key_in_use_outlives_claims_that_came_to_nothing(claim, lives, use) -> None:
    _, used = await claim()
    await use(used)
    _, failed = await claim()
    _, last = await claim()
    assert [await lives(one["key"]) for one in (used, failed, last)] == [True, False, True]


async def test_once_the_new_key_was_used_the_next_claim_revokes_the_old_one(
    claim, lives, use
) -> None:
    _, old = await claim()
    await use(old)
    _, new = await claim()
    await use(new)
    _, newest = await claim()
    assert [await lives(one["key"]) for one in (old, new, newest)] == [False, True, True]


async def test_a_board_of_another_factory_is_refused_without_saying_whose_it_is(
    claim, sign_in, south
) -> None:
    await claim()
    other = await sign_in(Role.TECHNICIAN, factory=south)
    status, problem = await claim(other, factory_id=south.id, name="Press")
    assert status == 409
    assert "Kiln" not in problem["detail"]
    assert (await (await other.get("/devices")).get_json()) == {"devices": []}


async def test_nobody_claims_into_a_factory_that_is_not_theirs(claim, south) -> None:
    assert (await claim(factory_id=south.id))[0] == 404


@pytest.mark.parametrize(
    "mac", ["", "24:0a:c4:e2:95", "24:0a:c4:e2:95:2g", "24:0a:c4:e2:95:26:00", "240ac4e29526", 7]
)
async def test_what_is_no_mac_is_refused(claim, mac) -> None:
    status, problem = await claim(mac=mac)
    assert status == 400
    assert "mac" in problem["detail"]


async def test_a_machine_of_another_factory_is_refused(claim) -> None:
    assert (await claim(machine_id=4711))[0] == 422


async def test_claims_are_recorded_without_the_key(claim, sign_in) -> None:
    _, first = await claim()
    _, second = await claim()
    _, third = await claim()
    officer = await sign_in(Role.COMPLIANCE)
    response = await officer.get("/audit?limit=50")
    rows = [row for row in (await response.get_json())["rows"] if row["action"] == "device.claim"]
    assert [row["new"]["key_id"] for row in rows] == [
        claimed["key_id"] for claimed in (third, second, first)
    ]
    assert rows[0]["old"] == {"revoked_key_ids": [first["key_id"]]}
    assert (rows[0]["new"]["mac"], rows[0]["new"]["name"]) == (MAC, "Kiln 3")
    told = await response.get_data(as_text=True)
    assert not any(claimed["key"] in told for claimed in (first, second, third))
