"""People over HTTP."""

import pytest

from appliance.model.user import Role

JOE = {"email": "joe@north.example", "name": "Joe", "role": "operator"}


@pytest.fixture
async def administrator(sign_in):
    return await sign_in(Role.ADMINISTRATOR)


async def test_people_are_listed_without_their_hashes(administrator, sign_in) -> None:
    await sign_in(Role.OPERATOR)
    told = (await (await administrator.get("/users")).get_json())["users"]
    assert [user["role"] for user in told] == ["administrator", "operator"]
    assert set(told[0]) == {
        "id",
        "email",
        "name",
        "role",
        "factory_ids",
        "created_at",
        "disabled_at",
        "last_login_at",
    }


async def test_a_person_is_changed_disabled_and_let_in_again(administrator, north, south) -> None:
    made = await administrator.post("/users", json={**JOE, "factory_ids": [north.id]})
    user_id = (await made.get_json())["user"]["id"]
    for changes in ({"factory_ids": [south.id]}, {"disabled": True}, {"disabled": False}):
        changed = await administrator.patch(f"/users/{user_id}", json=changes)
        assert changed.status_code == 200
    told = await changed.get_json()
    assert (told["factory_ids"], told["disabled_at"]) == ([south.id], None)


@pytest.mark.parametrize(
    "extra", ["password", "password_hash", "id", "created_at", "disabled_at", "last_login_at", "x"]
)
async def test_nothing_else_can_be_set(administrator, north, extra: str) -> None:
    asked = {**JOE, "factory_ids": [north.id], extra: "2026-01-01T00:00:00Z"}
    assert (await administrator.post("/users", json=asked)).status_code == 400
    assert (await administrator.patch("/users/1", json={extra: 1})).status_code == 400


@pytest.mark.parametrize(
    "email",
    ["", "joe", "joe@", "@north.example", "a@b@c", "joe @north.example", "jö@x.y", "a@\nb.c", 7],
)
async def test_what_is_no_email_address_is_refused(administrator, north, email) -> None:
    asked = {**JOE, "email": email, "factory_ids": [north.id]}
    assert (await administrator.post("/users", json=asked)).status_code == 400


@pytest.mark.parametrize("role", ["root", "", "Operator", None])
async def test_what_is_no_role_is_refused(administrator, north, role) -> None:
    asked = {**JOE, "role": role, "factory_ids": [north.id]}
    assert (await administrator.post("/users", json=asked)).status_code == 400


async def test_who_is_not_there_is_not_found(administrator) -> None:
    assert (await administrator.patch("/users/4711", json={"name": "X"})).status_code == 404
    assert (await administrator.post("/users/4711/reset")).status_code == 404
