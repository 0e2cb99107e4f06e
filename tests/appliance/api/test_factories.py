"""Factories over HTTP."""

import pytest

from appliance.model.user import Role


async def test_a_new_factory_is_the_administrators_at_once(sign_in) -> None:
    administrator = await sign_in(Role.ADMINISTRATOR)
    asked = {"name": "South", "time_zone": "America/Sao_Paulo"}
    made = await administrator.post("/factories", json=asked)
    assert made.status_code == 201
    told = await made.get_json()
    assert told == {"id": told["id"], **asked}
    listed = (await (await administrator.get("/factories")).get_json())["factories"]
    assert [factory["name"] for factory in listed] == ["North", "South"]
    assert (await administrator.post("/factories", json=asked)).status_code == 409


@pytest.mark.parametrize(
    "zone", ["Mars/Base", "../../etc/passwd", "/etc/localtime", "europe", "+03", "UTC\n"]
)
async def test_a_time_zone_that_is_none_is_refused(sign_in, zone: str) -> None:
    administrator = await sign_in(Role.ADMINISTRATOR)
    response = await administrator.post("/factories", json={"name": "South", "time_zone": zone})
    assert response.status_code in {400, 422}


async def test_people_see_their_own_factories(sign_in, south) -> None:
    listed = await (await (await sign_in(Role.OPERATOR)).get("/factories")).get_json()
    assert [factory["name"] for factory in listed["factories"]] == ["North"]
