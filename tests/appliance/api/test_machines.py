"""Machines over HTTP."""

import pytest

from appliance.model.user import Role


async def test_machines_are_listed_by_factory_area_and_name(sign_in, north, south) -> None:
    administrator = await sign_in(Role.ADMINISTRATOR)
    for factory, area, name in [(south, "A", "1"), (north, "B", "2"), (north, "A", "3")]:
        machine = {"factory_id": factory.id, "name": name, "area": area}
        assert (await administrator.post("/machines", json=machine)).status_code == 201
    listed = await (await administrator.get("/machines")).get_json()
    assert [machine["name"] for machine in listed["machines"]] == ["3", "2", "1"]
    listed = await (await administrator.get(f"/machines?factory_id={south.id}")).get_json()
    assert [machine["name"] for machine in listed["machines"]] == ["1"]


async def test_a_machine_is_there_once_in_a_factory(sign_in, north, south) -> None:
    administrator = await sign_in(Role.ADMINISTRATOR)
    for factory, status in [(north, 201), (south, 201), (north, 409)]:
        machine = {"factory_id": factory.id, "name": "Furnace 3"}
        assert (await administrator.post("/machines", json=machine)).status_code == status


@pytest.mark.parametrize("asked", ["factory_id=x", "factory_id=0", "factory_id=4294967296", "a=b"])
async def test_a_question_that_makes_no_sense_is_refused(sign_in, asked: str) -> None:
    response = await (await sign_in(Role.MANAGER)).get(f"/machines?{asked}")
    assert response.status_code == 400
