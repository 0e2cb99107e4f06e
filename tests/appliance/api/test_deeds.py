"""Every write, by whatever route, is one row in the record."""

import re
from typing import Any

import pytest

from appliance.identity import certificates, device_keys, first_administrator
from appliance.model.user import Role
from tests.appliance import bundles, signing

NO_DEED = {
    ("POST", "/auth/refresh"),
    ("POST", "/rules/backtest"),
    ("POST", "/rules/{}/backtest"),
}
"""Renewing tokens goes on all day, and trying a rule changes nothing anybody would look up."""
PASSWORD = "seven walrus kettle"
HOT = {
    "look": {"kind": "threshold", "h": 9.0},
    "metric": "temperature",
    "priority": 2,
    "message": "Hot",
}
DAY = {"from": "2026-11-10T00:00:00Z", "to": "2026-11-11T00:00:00Z"}

Deeds = dict[tuple[str, str], tuple[str, dict[str, Any] | bytes | None]]
"""For each verb and path where to send what: JSON, bytes, or nothing."""


@pytest.fixture
async def administrator(sign_in):
    return await sign_in(Role.ADMINISTRATOR)


@pytest.fixture
async def tokens(client, administrator):
    """Those of another session of the same person."""
    login = {"email": administrator.email, "password": PASSWORD}
    return await (await client.post("/auth/login", json=login)).get_json()


@pytest.fixture
def authority(context) -> None:
    """What a claimed board is told to trust."""
    context.settings.certificates_dir.mkdir(parents=True)
    certificates.ensure(context.settings.certificates_dir, [], context.clock())


@pytest.fixture
async def made(administrator):
    """`made("/rules", …)`: what was added there."""

    async def do(path: str, **given: object) -> dict[str, Any]:
        response = await administrator.post(path, json=given)
        assert response.status_code == 201, path
        return await response.get_json()

    return do


@pytest.fixture
async def device(made, north) -> int:
    return (await made("/devices", factory_id=north.id, name="Node 1"))["device"]["id"]


@pytest.fixture
async def rule_deeds(made, device) -> Deeds:
    rule = (await made("/rules", device_id=device, **HOT))["id"]
    mark = {**DAY, "device_id": device, "title": "Bearing broke"}
    marked = (await made("/incidents", **mark))["id"]
    return {
        ("POST", "/rules"): ("/rules", {"device_id": device, **HOT}),
        ("PATCH", "/rules/{}"): (f"/rules/{rule}", {"priority": 1}),
        ("POST", "/rules/backtest"): ("/rules/backtest", {"rule": {"device_id": device, **HOT}}),
        ("POST", "/rules/{}/backtest"): (f"/rules/{rule}/backtest", DAY),
        ("POST", "/rules/{}/mode"): (f"/rules/{rule}/mode", {"mode": "shadow"}),
        ("POST", "/incidents"): ("/incidents", mark),
        ("DELETE", "/incidents/{}"): (f"/incidents/{marked}", None),
    }


@pytest.fixture
async def alert_deeds(context, made, device, raise_alert) -> Deeds:
    alert, second, latched = [
        await raise_alert((await made("/rules", device_id=device, **HOT))["id"]) for _ in range(3)
    ]
    await context.db.execute(
        "update alerts set latching = true, cleared_at = $2, acknowledged_at = $2 where id = $1",
        latched,
        context.clock(),
    )
    repair = {"minutes": 5, "reason": "Repair"}
    return {
        ("POST", "/alerts/{}/acknowledge"): (f"/alerts/{alert}/acknowledge", {"note": "Seen"}),
        ("POST", "/alerts/acknowledge"): ("/alerts/acknowledge", {"ids": [second]}),
        ("POST", "/alerts/{}/comments"): (f"/alerts/{alert}/comments", {"text": "Belt worn"}),
        ("POST", "/alerts/{}/shelve"): (f"/alerts/{alert}/shelve", repair),
        ("POST", "/alerts/{}/unshelve"): (f"/alerts/{alert}/unshelve", None),
        ("POST", "/alerts/{}/reset"): (f"/alerts/{latched}/reset", None),
    }


@pytest.fixture
async def notification_deeds(context, north) -> Deeds:
    contact = await context.db.fetchval(
        "insert into contacts (factory_id, name, channel, address, tell_cleared) "
        "values ($1, 'Ada', 'mail', 'ada@north.example', false) returning id",
        north.id,
    )
    contacts, rosters = "/notifications/contacts", "/notifications/rosters"
    return {
        ("POST", "/notifications/test"): ("/notifications/test", {"contact_id": contact}),
        ("PUT", contacts): (contacts, {"factory_id": north.id, "contacts": []}),
        ("PUT", rosters): (rosters, {"factory_id": north.id, "rosters": []}),
    }


@pytest.fixture
async def node_deeds(made, administrator, device, north) -> Deeds:
    release = await bundles.add_release(administrator)
    asked = {"release_id": release["id"], "factory_id": north.id, "device_ids": [device]}
    halted = (await made("/firmware/rollouts", **asked))["id"]
    east = (await made("/factories", name="East"))["id"]
    there = (await made("/devices", factory_id=east, name="Node 9"))["device"]["id"]
    elsewhere = {"release_id": release["id"], "factory_id": east, "device_ids": [there]}
    unused = (await bundles.add_release(administrator, "1.0.8"))["id"]
    config = {"sampling": {"interval_ms": 1000}, "sending": {"interval_ms": 5000}}
    rollouts = f"/firmware/rollouts/{halted}"
    return {
        ("PUT", "/devices/{}/config"): (f"/devices/{device}/config", config),
        ("POST", "/devices/{}/commands"): (f"/devices/{device}/commands", {"do": "restart"}),
        ("POST", "/firmware/releases"): ("/firmware/releases", bundles.packed("1.0.9")),
        ("DELETE", "/firmware/releases/{}"): (f"/firmware/releases/{unused}", None),
        ("POST", "/firmware/rollouts/{}/halt"): (f"{rollouts}/halt", {"reason": "Wait"}),
        ("POST", "/firmware/rollouts"): ("/firmware/rollouts", elsewhere),
        ("POST", "/firmware/rollouts/{}/resume"): (f"{rollouts}/resume", None),
    }


@pytest.fixture
async def plant_deeds(made, authority, administrator, north) -> Deeds:
    registered = await made("/devices", factory_id=north.id, name="Node 4")
    device, key_id = registered["device"]["id"], device_keys.parse(registered["key"])[0]
    claim = {"factory_id": north.id, "name": "Node 3", "mac": "24:0a:c4:e2:95:26"}
    kept = {"factory_id": north.id, "metric": "gas", "kind": "readings", "keep_days": 90}
    signature = await signing.read(administrator, north.id, "2026-W46")
    return {
        ("POST", "/factories"): ("/factories", {"name": "South"}),
        ("POST", "/machines"): ("/machines", {"factory_id": north.id, "name": "Furnace"}),
        ("POST", "/devices"): ("/devices", {"factory_id": north.id, "name": "Node 2"}),
        ("PATCH", "/devices/{}"): (f"/devices/{device}", {"name": "Node 5"}),
        ("POST", "/devices/{}/keys"): (f"/devices/{device}/keys", None),
        ("DELETE", "/devices/{}/keys/{}"): (f"/devices/{device}/keys/{key_id}", None),
        ("POST", "/devices/claims"): ("/devices/claims", claim),
        ("POST", "/devices/claims/batch"): (
            "/devices/claims/batch",
            {"factory_id": north.id, "names": ["Node 6"]},
        ),
        ("POST", "/devices/claims/used"): (
            "/devices/claims/used",
            {"boards": [{"device_id": device, "mac": "24:0a:c4:e2:95:27"}]},
        ),
        ("PUT", "/retention"): ("/retention", kept),
        ("POST", "/reports/signed"): ("/reports/signed", signature),
    }


@pytest.fixture
async def people_deeds(made, administrator, tokens, north) -> Deeds:
    joe = {"name": "Joe", "role": "operator", "factory_ids": [north.id]}
    invited = await made("/users", email="joe@north.example", **joe)
    user = invited["user"]["id"]
    sessions = await (await administrator.get("/auth/sessions")).get_json()
    spare = next(s["id"] for s in sessions["sessions"] if s["id"] != sessions["current"])
    login = {"email": administrator.email, "password": PASSWORD}
    reset = {"code": invited["code"], "password": "nine badger teapot"}
    changed = {"current": PASSWORD, "new": "nine badger teapot"}
    return {
        ("POST", "/auth/login"): ("/auth/login", login),
        ("POST", "/auth/refresh"): ("/auth/refresh", {"refresh": tokens["refresh"]}),
        ("POST", "/auth/reset"): ("/auth/reset", reset),
        ("POST", "/users"): ("/users", {"email": "ann@north.example", **joe}),
        ("PATCH", "/users/{}"): (f"/users/{user}", {"name": "Joseph"}),
        ("POST", "/users/{}/reset"): (f"/users/{user}/reset", None),
        ("DELETE", "/auth/sessions/{}"): (f"/auth/sessions/{spare}", None),
        ("POST", "/auth/password"): ("/auth/password", changed),
        ("POST", "/auth/logout"): ("/auth/logout", None),
    }


@pytest.fixture
async def deeds(
    plant_deeds, node_deeds, rule_deeds, alert_deeds, notification_deeds, people_deeds
) -> Deeds:
    """For each verb and path that writes, in this order: where to send what."""
    plant = plant_deeds | node_deeds | rule_deeds
    return plant | alert_deeds | notification_deeds | people_deeds


def sent(given: dict[str, Any] | bytes | None) -> dict[str, Any]:
    if isinstance(given, bytes):
        return {"data": given, "headers": {"Content-Type": "application/octet-stream"}}
    return {} if given is None else {"json": given}


async def test_every_write_is_one_row_in_the_record(context, administrator, deeds) -> None:
    for (verb, path), (url, given) in deeds.items():
        before = await context.db.fetchval("select count(*) from audit")
        response = await administrator.open(url, method=verb, **sent(given))
        assert response.status_code in {200, 201, 204}, (path, await response.get_data())
        rows = await context.db.fetchval("select count(*) from audit") - before
        assert rows == (0 if (verb, path) in NO_DEED else 1), path


async def test_every_route_that_writes_is_tried_here(app, deeds) -> None:
    writes = {
        (verb, re.sub(r"<[^>]+>", "{}", rule.rule))
        for rule in app.url_map.iter_rules()
        for verb in rule.methods - {"GET", "HEAD", "OPTIONS"}
    }
    assert writes == set(deeds) | {("POST", "/auth/setup")}


async def test_what_does_not_belong_into_a_body_is_refused(administrator, deeds) -> None:
    """No field that is not asked for can be set along with one that is."""
    tried = 0
    for (verb, path), (url, given) in deeds.items():
        if not isinstance(given, dict):
            continue
        for extra in ("id", "key_hash", "created_at", "user_id", "password_hash"):
            body = {**given, extra: 1}
            response = await administrator.open(url, method=verb, json=body)
            assert response.status_code == 400, (path, extra)
            assert extra in (await response.get_json())["detail"], (path, extra)
            tried += 1
    assert tried > 50


async def test_a_refused_write_leaves_no_row_and_changes_nothing(context, sign_in, deeds) -> None:
    manager = await sign_in(Role.MANAGER)
    before = await context.db.fetchval("select count(*) from audit")
    for (verb, path), (url, given) in deeds.items():
        if not path.startswith("/auth/"):
            response = await manager.open(url, method=verb, **sent(given))
            assert response.status_code == 403, path
    assert await context.db.fetchval("select count(*) from audit") == before


async def test_the_first_administrator_is_one_row_in_the_record(client, context) -> None:
    code = await first_administrator.issue_code(context.db, context.clock())
    me = {"email": "jane@north.example", "name": "Jane", "password": PASSWORD}
    assert (await client.post("/auth/setup", json={"code": code, **me})).status_code == 201
    assert await context.db.fetchval("select count(*) from audit") == 1
