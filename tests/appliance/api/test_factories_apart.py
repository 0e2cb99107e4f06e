"""Two factories: whoever is in one sees nothing of the other, by no route."""

import re

import pytest

from appliance.identity import device_keys
from appliance.model.user import Role
from tests.appliance import bundles, signing

TOO_HOT = {
    "look": {"kind": "threshold", "h": 900.0},
    "metric": "temperature",
    "priority": 2,
    "message": "Too hot",
}


DAY = {"from": "2026-11-10T00:00:00Z", "to": "2026-11-11T00:00:00Z"}
GIVEN = {
    "/rules/<int:rule_id>/mode": {"mode": "shadow"},
    "/alerts/<int:alert_id>/shelve": {"minutes": 5, "reason": "Repair"},
    "/alerts/<int:alert_id>/comments": {"text": "Seen"},
    "/firmware/rollouts/<int:rollout_id>/halt": {"reason": "Wait"},
}
"""What paths want to be sent before they look; the others take an empty object."""


@pytest.fixture
async def theirs(sign_in, south, raise_alert):
    """What is in the other factory, by the names that paths use."""
    technician = await sign_in(Role.TECHNICIAN, factory=south)
    machine = {"factory_id": south.id, "name": "Their press"}
    made = await (await technician.post("/machines", json=machine)).get_json()
    device = {"factory_id": south.id, "name": "Their node", "machine_id": made["id"]}
    registered = await (await technician.post("/devices", json=device)).get_json()
    listed = await (await technician.get("/auth/sessions")).get_json()
    rule = {**TOO_HOT, "device_id": registered["device"]["id"], "message": "Their press is hot"}
    rule_id = (await (await technician.post("/rules", json=rule)).get_json())["id"]
    alert_id = await raise_alert(rule_id)
    incident = {**DAY, "device_id": registered["device"]["id"], "title": "Their press broke"}
    marked = await (await technician.post("/incidents", json=incident)).get_json()
    await technician.post(f"/rules/{rule_id}/backtest", json=DAY)
    signer = await sign_in(Role.COMPLIANCE, factory=south)
    signature = await signing.read(signer, south.id, "2026-W46")
    signature_id = (await (await signer.post("/reports/signed", json=signature)).get_json())["id"]
    added = await bundles.add_release(technician)
    asked = {"release_id": added["id"], "factory_id": south.id}
    asked["device_ids"] = [registered["device"]["id"]]
    rollout = await (await technician.post("/firmware/rollouts", json=asked)).get_json()
    return {
        "rollout_id": rollout["id"],
        "signature_id": signature_id,
        "rule_id": rule_id,
        "alert_id": alert_id,
        "incident_id": marked["id"],
        "machine_id": made["id"],
        "device_id": registered["device"]["id"],
        "key_id": device_keys.parse(registered["key"])[0],
        "session_id": listed["current"],
        "technician": technician,
    }


# Users and firmware releases are the appliance's, not a factory's.
async def test_every_path_to_the_other_factory_leads_nowhere(app, sign_in, theirs) -> None:
    technician = await sign_in(Role.TECHNICIAN)
    tried = 0
    for rule in app.url_map.iter_rules():
        if not rule.arguments or rule.endpoint.startswith("users.") or "release_id" in rule.rule:
            continue
        url = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(theirs[found[1]]), rule.rule)
        for verb in rule.methods - {"HEAD", "OPTIONS"}:
            response = await technician.open(url, method=verb, json=GIVEN.get(rule.rule, {}))
            assert response.status_code == 404, (verb, url)
            assert "Their" not in await response.get_data(as_text=True)
            tried += 1
            if verb == "GET":
                assert (await theirs["technician"].get(url)).status_code == 200, url
    assert tried >= 7


async def test_no_list_holds_anything_of_the_other_factory(app, sign_in, south, theirs) -> None:
    technician = await sign_in(Role.TECHNICIAN)
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.arguments or rule.rule == "/live":
            continue
        for asked in ("", f"?factory_id={south.id}", f"?device_id={theirs['device_id']}"):
            response = await technician.get(rule.rule + asked)
            told = await response.get_data(as_text=True)
            assert "Their" not in told, rule.rule
            assert "South" not in told, rule.rule


async def test_nothing_is_put_into_the_other_factory(sign_in, south, theirs) -> None:
    technician = await sign_in(Role.TECHNICIAN)
    for path, asked in [
        ("/machines", {"factory_id": south.id, "name": "X"}),
        ("/rules", {"device_id": theirs["device_id"], **TOO_HOT}),
        ("/rules/backtest", {"rule": {"device_id": theirs["device_id"], **TOO_HOT}}),
        ("/alerts/acknowledge", {"ids": [theirs["alert_id"]]}),
        ("/incidents", {"device_id": theirs["device_id"], "title": "X", **DAY}),
        ("/devices", {"factory_id": south.id, "name": "X"}),
        ("/firmware/rollouts", {"factory_id": south.id, "release_id": 1}),
        ("/devices", {"factory_id": south.id, "name": "X", "machine_id": theirs["machine_id"]}),
    ]:
        assert (await technician.post(path, json=asked)).status_code == 404


async def test_series_of_the_other_factory_are_not_there(sign_in, theirs) -> None:
    path = f"/data/series?device_id={theirs['device_id']}&metric=temperature&from=0&to=1000"
    assert (await (await sign_in(Role.OPERATOR)).get(path)).status_code == 404
    assert (await theirs["technician"].get(path)).status_code == 200
