"""Whom alarms are told to, as administrators set it and others see it."""

from typing import Any

import pytest

from appliance.http.context import Context
from appliance.identity.vault import Vault
from appliance.model.factory import Factory
from appliance.model.user import Role
from tests.appliance.conftest import SignedIn, SignIn
from tests.appliance.plant import Plant

# Apprise looks for a module that Python 3.13 has dropped
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

SLACK = "slack://Carbonseed@T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#alarms"
MAIL = {"name": "Ada", "channel": "mail", "address": "ada@north.example"}
HOOK = {
    "name": "Siren", "channel": "webhook", "address": "http://192.0.2.9/siren",
    "secret": "sixteen letters!",
}  # fmt: skip
CHAT = {"name": "Chat", "channel": "apprise", "secret": SLACK}


async def put(caller: SignedIn, factory_id: int, *contacts: dict[str, Any]) -> Any:
    body = {"factory_id": factory_id, "contacts": contacts}
    return await caller.put("/notifications/contacts", json=body)


async def test_secrets_are_kept_encrypted_and_never_answered(
    plant: Plant, sign_in: SignIn, context: Context
) -> None:
    administrator = await sign_in(Role.ADMINISTRATOR)
    answer = await put(administrator, plant.factory_id, MAIL, HOOK, CHAT)
    told = await answer.get_json()
    assert answer.status_code == 200
    assert [(one["name"], one["address"], one["has_secret"]) for one in told["contacts"]] == [
        ("Ada", "ada@north.example", False),
        ("Chat", "slack://…", True),
        ("Siren", "http://192.0.2.9/siren", True),
    ]
    stored = await plant.pool.fetch("select secret from contacts where secret is not null")
    audit = await plant.pool.fetch("select old::text, new::text from audit")
    for secret in ("sixteen letters!", "TIiajkdnlazkcOXrIdevi7FQ"):
        for everything in (await answer.get_data(as_text=True), str(stored), str(audit)):
            assert secret not in everything
    opened = {Vault(context.keys.signing).open(row["secret"]) for row in stored}
    assert opened == {SLACK, "sixteen letters!"}


async def test_a_secret_that_is_left_out_stays_and_who_is_left_out_goes(
    plant: Plant, sign_in: SignIn
) -> None:
    administrator = await sign_in(Role.ADMINISTRATOR)
    told = await (await put(administrator, plant.factory_id, MAIL, HOOK)).get_json()
    ada, siren = told["contacts"]
    rosters = [
        {"name": "All", "contact_ids": [ada["id"], siren["id"]]},
        {"name": "Ada's", "contact_ids": [ada["id"]]},
    ]
    body = {"factory_id": plant.factory_id, "rosters": rosters}
    answer = await administrator.put("/notifications/rosters", json=body)
    assert answer.status_code == 200
    kept = {name: siren[name] for name in ("id", "channel", "address")}
    answer = await put(administrator, plant.factory_id, {**kept, "name": "Horn"})
    [horn] = (await answer.get_json())["contacts"]
    assert (horn["id"], horn["name"], horn["has_secret"]) == (siren["id"], "Horn", True)
    [roster] = (await (await administrator.get("/notifications/rosters")).get_json())["rosters"]
    assert (roster["name"], roster["contact_ids"]) == ("All", [horn["id"]])
    assert (roster["weekdays"], roster["begins"], roster["ends"]) == (
        [1, 2, 3, 4, 5, 6, 7], "00:00", "00:00",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("contact", "status", "says"),
    [
        ({"name": "A", "channel": "mail"}, 422, "mail needs an address"),
        ({**MAIL, "address": "nobody"}, 422, "no mail address"),
        ({**MAIL, "user_id": 999}, 422, "no such user"),
        ({**MAIL, "quiet_from": "22:00"}, 422, "quiet hours need both"),
        ({**MAIL, "quiet_from": "22:00Z"}, 400, ""),
        ({**HOOK, "secret": "short"}, 422, "16 characters"),
        ({**HOOK, "secret": None}, 422, "16 characters"),
        ({**HOOK, "address": "ftp://192.0.2.9"}, 422, "http:// or https://"),
        ({**HOOK, "address": "http://"}, 422, "http:// or https://"),
        ({**HOOK, "address": "http://[::1"}, 422, "http:// or https://"),
        ({**HOOK, "address": "http://u:p@192.0.2.9/"}, 422, "no user or password"),
        ({**HOOK, "address": "http://a b/"}, 400, ""),
        ({"name": "A", "channel": "apprise"}, 422, "Apprise"),
        ({**CHAT, "secret": "nonsense://x"}, 422, "Apprise"),
        ({**CHAT, "secret": "syslog://"}, 422, "Apprise"),
        ({**MAIL, "id": 77}, 404, ""),
        ({**MAIL, "channel": "pigeon"}, 400, ""),
    ],
)
async def test_a_contact_that_cannot_be_reached_is_refused(
    plant: Plant, sign_in: SignIn, contact: dict[str, Any], status: int, says: str
) -> None:
    administrator = await sign_in(Role.ADMINISTRATOR)
    answer = await put(administrator, plant.factory_id, MAIL, contact)
    told = (await answer.get_json())["detail"]
    assert (answer.status_code, says in told) == (status, True), told
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in told
    assert await plant.pool.fetchval("select count(*) from contacts") == 0


async def test_who_is_not_told_is_said_in_words(plant: Plant, sign_in: SignIn) -> None:
    administrator = await sign_in(Role.ADMINISTRATOR)

    async def problems() -> list[str]:
        return (await (await administrator.get("/notifications/contacts")).get_json())["problems"]

    assert await problems() == ["Nobody is told of alarms in North: there is no contact."]
    told = await (await put(administrator, plant.factory_id, MAIL)).get_json()
    no_server = "Mail cannot be sent: no server is set (CARBONSEED_SMTP_HOST)."
    assert told["problems"] == [
        "Nobody is told of alarms in North: no roster tells anybody at once.", no_server,
    ]  # fmt: skip
    roster = {
        "name": "Days", "contact_ids": [told["contacts"][0]["id"]], "weekdays": [1, 2, 3, 4, 5],
        "begins": "06:00", "ends": "22:00",
    }  # fmt: skip
    body = {"factory_id": plant.factory_id, "rosters": [roster]}
    told = await (await administrator.put("/notifications/rosters", json=body)).get_json()
    gap = "In 88 of a week's 168 hours nobody is told of critical alarms in North"
    assert told["problems"] == [f"{gap}: first on Monday 00:00.", no_server]


async def test_rosters_name_contacts_of_their_factory(plant: Plant, sign_in: SignIn) -> None:
    administrator = await sign_in(Role.ADMINISTRATOR)
    for roster, status in (
        ({"name": "A", "contact_ids": [5]}, 422),
        ({"name": "A", "contact_ids": []}, 400),
        ({"name": "A", "contact_ids": [1], "weekdays": [0]}, 400),
        ({"name": "A", "contact_ids": [1], "after_minutes": -1}, 400),
        ({"name": "A", "contact_ids": [1], "begins": "25:00"}, 400),
    ):
        body = {"factory_id": plant.factory_id, "rosters": [roster]}
        answer = await administrator.put("/notifications/rosters", json=body)
        assert answer.status_code == status


async def test_another_factorys_people_are_not_there(
    plant: Plant, south: Factory, sign_in: SignIn
) -> None:
    southern = await sign_in(Role.ADMINISTRATOR, factory=south)
    told = await (await put(southern, south.id, MAIL)).get_json()
    contact_id = told["contacts"][0]["id"]
    test = {"contact_id": contact_id}
    assert (await southern.post("/notifications/test", json=test)).status_code == 201
    northern = await sign_in(Role.OPERATOR)
    administrator = await sign_in(Role.ADMINISTRATOR)
    stolen = await put(administrator, plant.factory_id, {**MAIL, "id": contact_id})
    assert stolen.status_code == 404
    assert (await put(administrator, 999, MAIL)).status_code == 404
    body = {"factory_id": plant.factory_id, "rosters": [{"name": "A", "contact_ids": [contact_id]}]}
    assert (await administrator.put("/notifications/rosters", json=body)).status_code == 422
    for noun in ("contacts", "rosters", "deliveries"):
        answer = await northern.get(f"/notifications/{noun}")
        assert (await answer.get_json())[noun] == []
    [delivery] = (await (await southern.get("/notifications/deliveries")).get_json())["deliveries"]
    assert (delivery["occasion"], delivery["state"], delivery["contact"]) == (
        "test", "queued", "Ada",
    )  # fmt: skip


async def test_only_administrators_set_whom_to_tell(plant: Plant, sign_in: SignIn) -> None:
    for role in (Role.OPERATOR, Role.TECHNICIAN, Role.MANAGER, Role.COMPLIANCE):
        caller = await sign_in(role)
        assert (await caller.get("/notifications/contacts")).status_code == 200
        assert (await put(caller, plant.factory_id)).status_code == 403
        assert (await caller.put("/notifications/rosters", json={})).status_code == 403
        assert (await caller.post("/notifications/test", json={})).status_code == 403
