"""The pages of all devices and of all alerts."""

import re

import pytest
from playwright.async_api import expect

from appliance.model.user import Role
from tests.webui.browser.conftest import LOOKS, now_ms

pytestmark = pytest.mark.browser


@pytest.fixture
async def alerts(plant, furnace, raise_alert, pool):
    """An open alert of each priority, and as many closed ones."""
    for priority in (1, 2, 3, 4):
        for closed in (False, True):
            message = f"{'Past' if closed else 'Open'} {priority}"
            rule = await plant.rule(furnace, limit=900.0, priority=priority, message=message)
            alert = await raise_alert(rule)
            if closed:
                await pool.execute(
                    """
                    update alerts set cleared_at = now(), acknowledged_at = now(), note = 'Seen.',
                           acknowledged_by = (select min(id) from users)
                     where id = $1
                    """,
                    alert,
                )
    await pool.execute("update rules set what_to_do = 'Call 4711.'")


def messages(one):
    return one.page.locator(".alert .message")


@LOOKS
async def test_the_pages_are_accessible(enter, plant, furnace, alerts, look) -> None:
    await plant.device("silent")
    one = await enter(path="/dashboard/alerts?alerts=all", **look)
    await expect(one.page.locator(".alert")).to_have_count(8)
    await one.page.get_by_role("button", name="What to do").first.click()
    await one.page.get_by_role("button", name="Note", exact=True).first.click()
    await one.is_accessible()
    await one.go("/dashboard/devices")
    await expect(one.page.locator("tbody tr")).to_have_count(2)
    await one.is_accessible()


async def test_open_ones_come_by_priority_and_others_on_request(enter, alerts) -> None:
    one = await enter(path="/dashboard/alerts")
    await expect(messages(one)).to_have_text(["Open 1", "Open 2", "Open 3", "Open 4"])
    await one.page.get_by_role("button", name="High").click()
    await expect(messages(one)).to_have_text(["Open 1", "Open 3", "Open 4"])
    await one.page.get_by_role("button", name="Closed").click()
    await expect(messages(one)).to_have_count(3)
    await expect(one.page.locator(".alert .note").first).to_have_text("Note: Seen.")
    await expect(one.page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    await one.page.reload()
    await expect(one.page.get_by_role("button", name="Closed")).to_have_attribute(
        "aria-pressed", "true"
    )
    await expect(messages(one)).to_have_count(3)
    for priority in ("Critical", "Medium", "Low"):
        await one.page.get_by_role("button", name=priority).click()
    await expect(
        one.page.get_by_text("None of the chosen priorities. Of others: 4.")
    ).to_be_visible()


async def test_what_is_acknowledged_elsewhere_changes_here(enter, alerts, pool) -> None:
    one = await enter(path="/dashboard/alerts")
    await expect(messages(one)).to_have_count(4)
    await pool.execute(
        """
        with done as (
            update alerts set acknowledged_at = now(), note = 'Valve shut',
                   acknowledged_by = (select min(id) from users)
             where message = 'Open 2' returning id
        )
        select pg_notify('alerts', id::text) from done
        """
    )
    row = one.page.locator(".alert", has_text="Open 2")
    await expect(row).to_contain_text(re.compile(r"acknowledged by Operator, \d\d:\d\d"))
    await expect(row).to_contain_text("Note: Valve shut")
    await expect(messages(one)).to_have_text(["Open 1", "Open 3", "Open 4", "Open 2"])


async def test_an_alert_leads_to_its_device_at_its_time(enter, alerts, furnace) -> None:
    one = await enter(path="/dashboard/alerts")
    await one.page.locator(".alert .where").first.click()
    await expect(one.page).to_have_url(
        re.compile(rf"/dashboard/devices/{furnace}\?from=\d+&to=\d+")
    )
    await expect(one.page.get_by_role("heading", level=1)).to_have_text("furnace-1")


async def test_no_alert_at_all_is_told_as_that(enter, furnace) -> None:
    one = await enter(Role.MANAGER, "/dashboard/alerts")
    await expect(one.page.get_by_text("Nothing needs attention.")).to_be_visible()
    await one.page.get_by_role("button", name="Closed").click()
    await expect(one.page.get_by_text("No alert has been closed yet.")).to_be_visible()


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


async def test_without_devices_the_list_says_how_the_first_one_comes(enter) -> None:
    one = await enter(path="/dashboard/devices")
    await expect(one.page.get_by_role("heading", name="No devices yet")).to_be_visible()
    await expect(one.page.get_by_text(f"carbonseed flash board --url {one.url}")).to_be_visible()
    await one.is_accessible()
    await one.page.get_by_role("link", name="Alerts").click()
    await expect(one.page.get_by_text("Nothing needs attention.")).to_be_visible()
