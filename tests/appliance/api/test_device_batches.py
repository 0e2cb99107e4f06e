"""Batches over HTTP: devices before their boards, signed, reported; used twice is found out."""

import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.identity import certificates, device_keys
from appliance.model.user import Role
from appliance.store.device_keys import select_key_holder

MACS = ["24:0a:c4:00:00:01", "24:0A:C4:00:00:02", "24:0a:c4:00:00:03"]


@pytest.fixture
async def technician(sign_in):
    return await sign_in(Role.TECHNICIAN)


@pytest.fixture
def export(technician, north, context):
    folder = context.settings.certificates_dir
    folder.mkdir(parents=True, exist_ok=True)
    certificates.ensure(folder, [], context.clock())

    async def do(person=technician, **given):
        asked = {"factory_id": north.id, "names": ["Node 1", "Node 2"]} | given
        response = await person.post("/devices/claims/batch", json=asked)
        return response.status_code, await response.get_json()

    return do


@pytest.fixture
def report(technician):
    async def do(person=technician, **macs):
        boards = [{"device_id": int(one[1:]), "mac": mac} for one, mac in macs.items()]
        response = await person.post("/devices/claims/used", json={"boards": boards})
        return response.status_code, await response.get_json()

    return do


async def test_a_batch_holds_devices_whose_keys_open_them(export, pool) -> None:
    status, batch = await export()
    assert status == 201
    assert [one["device"]["name"] for one in batch["identities"]] == ["Node 1", "Node 2"]
    for one in batch["identities"]:
        holder = await select_key_holder(pool, device_keys.parse(one["key"])[0])
        assert holder.device_id == one["device"]["id"]


async def test_the_batch_is_signed_with_the_key_that_signs_reports(
    export, sign_in, context
) -> None:
    _, batch = await export()
    statement = batch["statement"].encode()
    officer = await sign_in(Role.COMPLIANCE)
    known = (await (await officer.get("/reports/signed")).get_json())["key"]
    assert batch["public_key"] == known["public_key"]
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(batch["public_key"]))
    key.verify(bytes.fromhex(batch["signature"]), statement)
    with pytest.raises(InvalidSignature):
        key.verify(bytes.fromhex(batch["signature"]), statement.replace(b"Node 1", b"Node 9"))
    told = json.loads(statement)
    assert told["purpose"] == "carbonseed batch"
    assert told["home"]["port"] == context.settings.device_port
    assert [one[0] for one in told["devices"]] == [
        one["device"]["id"] for one in batch["identities"]
    ]
    assert not any(one["key"] in batch["statement"] for one in batch["identities"])


async def test_used_identities_are_told_once_however_often(
    export, report, technician, north
) -> None:
    _, batch = await export()
    first, second = (f"d{one['device']['id']}" for one in batch["identities"])
    for _ in range(2):
        told = await report(**{first: MACS[0], second: MACS[1]})
        assert told == (200, {"taken": 2, "refused": []})
    asked = {"factory_id": north.id, "name": "Node 2", "mac": MACS[1]}
    again = await technician.post("/devices/claims", json=asked)
    assert again.status_code == 200
    assert (await again.get_json())["device"]["id"] == int(second[1:])


async def test_a_batch_that_was_used_twice_is_found_out_and_the_rest_is_taken(
    export, report
) -> None:
    _, batch = await export()
    first, second = (f"d{one['device']['id']}" for one in batch["identities"])
    await report(**{first: MACS[0]})
    status, told = await report(**{first: MACS[2], second: MACS[1]})
    assert (status, told["taken"]) == (200, 1)
    (refused,) = told["refused"]
    assert (refused["device_id"], refused["mac"]) == (int(first[1:]), MACS[2])
    assert "used twice" in refused["detail"]
    _, told = await report(**{second: MACS[0]})
    assert "used twice" in told["refused"][0]["detail"]


async def test_nobody_makes_or_reports_what_is_another_factorys(
    export, report, sign_in, south
) -> None:
    _, batch = await export()
    other = await sign_in(Role.TECHNICIAN, factory=south)
    assert (await export(other))[0] == 404
    assert (await report(other, **{f"d{batch['identities'][0]['device']['id']}": MACS[0]}))[
        0
    ] == 404


@pytest.mark.parametrize("names", [[], [""], ["Node"] * 201, "Node"])
async def test_a_batch_without_names_or_with_too_many_is_refused(export, names) -> None:
    assert (await export(names=names))[0] == 400


async def test_a_name_that_is_taken_makes_no_batch_at_all(export, technician) -> None:
    assert (await export(names=["Node 1", "Node 1"]))[0] == 409
    assert await (await technician.get("/devices")).get_json() == {"devices": []}
