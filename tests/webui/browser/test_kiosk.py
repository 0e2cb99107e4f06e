"""The dashboard on a wall."""

import re

import pytest
from playwright.async_api import expect

from appliance.model.user import Role
from appliance.store.users import select_user_id, update_memberships
from tests.webui.browser.conftest import LOOKS

pytestmark = pytest.mark.browser


@LOOKS
async def test_the_wall_view_is_accessible(enter, furnace, look) -> None:
    one = await enter(path="/dashboard?kiosk", **look)
    await expect(one.page.locator("cs-machines li")).to_have_count(1)
    await expect(one.page.locator(".sidenav")).to_be_hidden()
    await one.is_accessible()


async def test_it_is_entered_and_left_by_a_button(enter, furnace) -> None:
    one = await enter()
    await one.page.get_by_role("link", name="Wall view").click()
    await expect(one.page.locator(".sidenav")).to_be_hidden()
    size = "parseFloat(getComputedStyle(document.querySelector('.kpi .figure')).fontSize)"
    assert await one.page.evaluate(size) == 56
    await one.page.get_by_role("link", name="Leave the wall view").click()
    await expect(one.page.locator(".sidenav")).to_be_visible()


async def test_plants_take_turns(enter, furnace, north, south, sign_in, pool) -> None:
    await sign_in(Role.MANAGER)
    user = await select_user_id(pool, "manager@north.example")
    assert user is not None
    await update_memberships(pool, user, [north.id, south.id])
    one = await enter(Role.MANAGER, "/dashboard?kiosk=5")
    first = await one.page.locator("h1").text_content()
    await expect(one.page.locator("h1")).not_to_have_text(first, timeout=15_000)
    await expect(one.page).to_have_url(re.compile("kiosk=5"))
    await expect(one.page.locator("h1")).to_have_text(first, timeout=15_000)


async def test_a_lost_connection_is_told_loudly_and_no_turn_is_taken(
    enter, furnace, north, south, sign_in, pool, door, context
) -> None:
    await sign_in(Role.MANAGER)
    user = await select_user_id(pool, "manager@north.example")
    assert user is not None
    await update_memberships(pool, user, [north.id, south.id])
    one = await enter(Role.MANAGER, "/dashboard?kiosk=5")
    context.live.close()
    await door.shut()
    banner = one.page.locator("cs-banner")
    await expect(banner).to_contain_text(re.compile(r"lost \d+ s ago"))
    size = "parseFloat(getComputedStyle(document.querySelector('cs-banner')).fontSize)"
    assert await one.page.evaluate(size) == 32
    url = one.page.url
    await expect(banner).to_contain_text(re.compile(r"lost ([6-9]|\d\d) s ago"), timeout=15_000)
    assert one.page.url == url
    await door.open()
    await expect(banner).to_be_hidden(timeout=15_000)
    one.trouble.clear()  # chromium logs the refused connections
