"""The page of all devices."""

import re

import pytest
from playwright.async_api import expect

from tests.webui.browser.conftest import LOOKS, now_ms

pytestmark = pytest.mark.browser


@LOOKS
async def test_the_page_is_accessible(enter, plant, furnace, look) -> None:
    await plant.device("silent")
    one = await enter(path="/dashboard/devices", **look)
    await expect(one.page.locator("tbody tr")).to_have_count(2)
    await one.is_accessible()


async def test_a_thousand_devices_are_searched_and_those_in_trouble_come_first(
    enter, plant, furnace, pool
) -> None:
    await pool.execute(
        """
        insert into devices (factory_id, name, expected_interval_ms)
        select $1, 'pump-' || n, 1000 from generate_series(1, 1000) as n
        """,
        plant.factory_id,
    )
    one = await enter(path="/dashboard/devices")
    await expect(one.page.locator("tbody tr")).to_have_count(200)
    await expect(one.page.get_by_text("1001 devices")).to_be_visible()
    await expect(one.page.locator("tbody tr").first).to_contain_text("no data yet")
    await one.page.get_by_role("button", name="Show more").click()
    await expect(one.page.locator("tbody tr")).to_have_count(400)
    search = one.page.get_by_role("searchbox")
    await search.fill("melting FURN")
    await expect(one.page.locator("tbody tr")).to_have_count(1)
    await expect(one.page.get_by_text("1 of 1001 devices")).to_be_visible()
    await expect(one.page).to_have_url(re.compile("q=melting"))
    await plant.send(furnace, [now_ms()], {"temperature": [799.0], "running": [1.0]})
    await expect(one.page.locator('td[data-label="Temperature"]')).to_have_text("799.0")
    await search.fill("nothing like it")
    await expect(one.page.get_by_text("No device matches “nothing like it”.")).to_be_visible()
    await search.fill("pump-77 ")
    await one.page.get_by_role("link", name="pump-77", exact=True).click()
    await expect(one.page.get_by_role("heading", level=1)).to_have_text("pump-77")


async def test_devices_are_chosen_by_state_and_area(enter, plant, furnace) -> None:
    for name, area in (("a", "Hall 1"), ("b", "Hall 2"), ("c", "Hall 2")):
        await plant.device(name, machine=f"Machine {name}", area=area)
    one = await enter(path="/dashboard/devices")
    rows = one.page.locator("tbody tr")
    await expect(rows).to_have_count(4)
    await one.page.get_by_label("All areas").select_option("Hall 2")
    await expect(rows).to_have_count(2)
    await expect(one.page.get_by_text("2 of 4 devices")).to_be_visible()
    await one.page.get_by_label("All states").select_option("live")
    await expect(one.page.get_by_text("No device is like that.")).to_be_visible()
    await one.page.get_by_label("All areas").select_option("")
    await expect(rows).to_have_count(1)
    await expect(rows.first.get_by_role("link", name="Melting furnace")).to_be_visible()


async def test_without_devices_the_list_says_how_the_first_one_comes(enter) -> None:
    one = await enter(path="/dashboard/devices")
    await expect(one.page.get_by_role("heading", name="No devices yet")).to_be_visible()
    await expect(one.page.get_by_text(f"carbonseed flash board --url {one.url}")).to_be_visible()
    await one.is_accessible()
    await one.page.get_by_role("link", name="Alerts").click()
    await expect(one.page.get_by_text("Nothing needs attention.")).to_be_visible()
