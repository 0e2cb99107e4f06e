"""The frame of the dashboard: whom it lets in, and what it is told to show."""

import json
import re

import pytest

from appliance.model.user import Role
from appliance.store import factories, users
from tests.appliance.conftest import PASSWORD
from tests.webui.conftest import text_of


async def start_of(response) -> dict:
    page = await response.get_data(as_text=True)
    found = re.search(r'<script type="application/json" id="start">(.*?)</script>', page, re.DOTALL)
    return json.loads(found[1])


async def enter(browser, person):
    response = await browser.post("/login", {"email": person.email, "password": PASSWORD})
    assert response.status_code == 303
    return await browser.get("/dashboard")


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.ADMINISTRATOR, True),
        (Role.TECHNICIAN, True),
        (Role.OPERATOR, True),
        (Role.MANAGER, False),
        (Role.COMPLIANCE, False),
    ],
)
async def test_every_role_has_its_dashboard(browser, sign_in, role, may) -> None:
    response = await enter(browser, await sign_in(role))
    start = await start_of(response)
    assert response.status_code == 200
    assert start["mayAcknowledge"] is may
    assert start["timeZone"] == "Europe/Istanbul"


async def test_a_stranger_is_sent_to_the_sign_in_page(browser) -> None:
    response = await browser.get("/dashboard")
    assert (response.status_code, response.headers["Location"]) == (303, "/login?next=/dashboard")


async def test_nobody_sees_a_plant_that_is_not_theirs(browser, sign_in, north, south) -> None:
    await enter(browser, await sign_in(Role.MANAGER))
    response = await browser.get(f"/dashboard?factory={south.id}")
    assert (await start_of(response))["factory"] == north.id
    assert "South" not in await text_of(response)


async def test_who_has_more_plants_chooses_one(browser, sign_in, pool, north, south) -> None:
    manager = await sign_in(Role.MANAGER)
    user_id = await users.select_user_id(pool, manager.email)
    await users.update_memberships(pool, user_id, [north.id, south.id])
    assert (await start_of(await enter(browser, manager)))["factory"] == north.id
    start = await start_of(await browser.get(f"/dashboard?factory={south.id}"))
    assert (start["factory"], start["timeZone"]) == (south.id, "UTC")


async def test_who_has_no_plant_yet_is_not_turned_away(browser, sign_in, pool) -> None:
    manager = await sign_in(Role.MANAGER)
    await users.update_memberships(pool, await users.select_user_id(pool, manager.email), [])
    response = await enter(browser, manager)
    assert response.status_code == 200
    assert (await start_of(response))["factory"] is None


async def test_a_plants_name_never_becomes_markup(browser, sign_in, pool) -> None:
    factory = await factories.insert_factory(pool, "</script><script>x", "UTC")
    response = await enter(
        browser, await sign_in(Role.MANAGER, factory=factory, email="a@b.example")
    )
    page = await response.get_data(as_text=True)
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_has_a_devices_page_and_only_some_see_keys(
    browser, sign_in, plant, role
) -> None:
    device = await plant.device("furnace-1")
    await enter(browser, await sign_in(role))
    response = await browser.get(f"/dashboard/devices/{device}")
    start = await start_of(response)
    assert "furnace-1" in await text_of(response)
    assert start["device"] == device
    assert start["maySeeKeys"] is (role in {Role.ADMINISTRATOR, Role.TECHNICIAN})


async def test_a_device_of_another_plant_does_not_exist(browser, sign_in, pool, south) -> None:
    theirs = await pool.fetchval(
        """
        insert into devices (factory_id, name, expected_interval_ms)
        values ($1, 'secret', 1000) returning id
        """,
        south.id,
    )
    await enter(browser, await sign_in(Role.TECHNICIAN))
    for device in (theirs, 999_999):
        response = await browser.get(f"/dashboard/devices/{device}")
        assert response.status_code == 404
        assert "secret" not in await text_of(response)


async def test_a_device_is_shown_in_its_own_plant_and_time(
    browser, sign_in, pool, plant, north, south
) -> None:
    manager = await sign_in(Role.MANAGER, factory=south)
    user_id = await users.select_user_id(pool, manager.email)
    await users.update_memberships(pool, user_id, [north.id, south.id])
    device = await plant.device("furnace-1")
    await enter(browser, manager)
    response = await browser.get(f"/dashboard/devices/{device}?factory={south.id}")
    start = await start_of(response)
    assert (start["factory"], start["timeZone"]) == (north.id, "Europe/Istanbul")
    page = await response.get_data(as_text=True)
    assert f'href="/dashboard/alerts?factory={north.id}"' in page


async def test_a_devices_name_never_becomes_markup(browser, sign_in, plant) -> None:
    device = await plant.device("</script><script>x")
    await enter(browser, await sign_in(Role.MANAGER))
    page = await (await browser.get(f"/dashboard/devices/{device}")).get_data(as_text=True)
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page
