"""Releases and roll-outs over HTTP."""

import hashlib

import pytest

from appliance.model import bundle
from appliance.model.user import Role
from tests.appliance.bundles import add_release, packed

OCTETS = {"Content-Type": "application/octet-stream"}


@pytest.fixture
async def technician(sign_in):
    return await sign_in(Role.TECHNICIAN)


@pytest.fixture
async def device(technician, north) -> int:
    made = await technician.post("/devices", json={"factory_id": north.id, "name": "Node 1"})
    return (await made.get_json())["device"]["id"]


@pytest.fixture
def begin(technician, north, device):
    async def do(release_id: int, **given):
        asked = {"release_id": release_id, "factory_id": north.id, "device_ids": [device], **given}
        return await technician.post("/firmware/rollouts", json=asked)

    return do


async def test_a_release_is_kept_with_what_proves_it(technician, pool) -> None:
    added = await add_release(technician)
    listed = await (await technician.get("/firmware/releases")).get_json()
    assert listed["releases"] == [added]
    assert added["added_by"] == technician.email
    kept = await pool.fetchval("select bundle from firmware_releases")
    assert hashlib.sha256(kept).hexdigest() == added["sha256"]
    assert (len(kept), added["files"], added["mpy"]) == (added["bytes"], 3, 6)
    assert listed["key"]["fingerprint"] == added["key_fingerprint"]
    assert int(listed["key"]["modulus"], 16).bit_length() == 3072
    assert bundle.read(kept).signature != bundle.UNSIGNED


async def test_a_signature_of_somebody_else_is_replaced_by_ours(technician, pool) -> None:
    given = bundle.read(packed())
    foreign = bundle.pack("1.0.7", given.files, b"x" * bundle.SIGNATURE_BYTES)
    response = await technician.post("/firmware/releases", data=foreign, headers=OCTETS)
    assert response.status_code == 201
    kept = await pool.fetchval("select bundle from firmware_releases")
    assert bundle.read(kept).signature != b"x" * bundle.SIGNATURE_BYTES


async def test_what_is_no_bundle_is_refused_and_not_kept(technician, pool) -> None:
    damaged = packed()[:-1]
    for data, status in [(b"", 422), (damaged, 422), (bytes(300_000), 413)]:
        response = await technician.post("/firmware/releases", data=data, headers=OCTETS)
        assert response.status_code == status
    assert (await technician.post("/firmware/releases", json={})).status_code == 415
    assert await pool.fetchval("select count(*) from firmware_releases") == 0


async def test_a_version_is_added_once(technician) -> None:
    await add_release(technician)
    again = await technician.post("/firmware/releases", data=packed(), headers=OCTETS)
    assert again.status_code == 409


async def test_operators_see_no_firmware(sign_in) -> None:
    operator = await sign_in(Role.OPERATOR)
    assert (await operator.get("/firmware/releases")).status_code == 403
    refused = await operator.post("/firmware/releases", data=packed(), headers=OCTETS)
    assert refused.status_code == 403


async def test_a_roll_out_is_seen_with_its_devices(technician, begin, device) -> None:
    added = await add_release(technician)
    begun = await (await begin(added["id"])).get_json()
    assert (begun["state"], begun["stage"], begun["version"]) == ("running", 1, "1.0.7")
    listed = await (await technician.get("/firmware/rollouts")).get_json()
    assert listed == {"rollouts": [begun]}
    one = await (await technician.get(f"/firmware/rollouts/{begun['id']}")).get_json()
    assert one["rollout"] == begun
    assert [(d["device_id"], d["device"], d["state"]) for d in one["devices"]] == [
        (device, "Node 1", "offered")
    ]


async def test_a_release_stays_while_its_roll_out_runs(technician, begin) -> None:
    added = await add_release(technician)
    path = f"/firmware/releases/{added['id']}"
    begun = await (await begin(added["id"])).get_json()
    assert (await technician.delete(path)).status_code == 409
    rollout = f"/firmware/rollouts/{begun['id']}"
    halted = await technician.post(f"{rollout}/halt", json={"reason": "Wait"})
    assert (await halted.get_json())["reason"] == "Wait"
    assert (await technician.delete(path)).status_code == 204
    assert (await technician.delete(path)).status_code == 404
    told = await (await technician.get(rollout)).get_json()
    assert (told["rollout"]["version"], told["rollout"]["release_id"]) == ("1.0.7", None)
    resumed = await technician.post(f"{rollout}/resume")
    assert resumed.status_code == 409
    assert "deleted" in (await resumed.get_json())["detail"]


async def test_a_roll_out_of_nothing_or_to_nobody_is_refused(technician, begin, north) -> None:
    assert (await begin(99)).status_code == 404
    added = await add_release(technician)
    assert (await begin(added["id"], device_ids=[999])).status_code == 404
    assert (await begin(added["id"], device_ids=None)).status_code == 422
    assert (await begin(added["id"], device_ids=[])).status_code == 400
