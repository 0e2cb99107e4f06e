"""A manager's five questions, each answered within two clicks from the page after the login."""

import re
from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from appliance.model.user import Role
from tests.webui.browser.conftest import MINUTE_MS, now_ms

pytestmark = pytest.mark.browser

WEEK_MS = 7 * 24 * 60 * MINUTE_MS
MOST_CLICKS = 2


class Clicks:
    """Clicks that are counted: more than two are a failure."""

    def __init__(self) -> None:
        self.done = 0

    async def on(self, target) -> None:
        self.done += 1
        assert self.done <= MOST_CLICKS
        await target.click()


@pytest.fixture
async def manager(enter, furnace):
    """A manager's page after the login."""
    return await enter(Role.MANAGER)


async def test_what_is_wrong_now_since_when_and_why(manager, plant, furnace) -> None:
    await plant.rule(furnace, limit=780.0, priority=1, message="Melt too hot")
    await plant.send(furnace, [now_ms()], {"temperature": [801.0], "running": [1.0]})
    alert = manager.page.get_by_role("region", name="Needs attention").locator(".alert")
    await expect(alert).to_contain_text("Melt too hot")
    await expect(alert).to_contain_text(re.compile(r"since (\d{4}-\d\d-\d\d )?\d\d:\d\d"))
    await expect(alert).to_contain_text("801.0 > 780.0\u202f°C")


async def test_how_last_week_compares(enter, plant) -> None:
    device = await plant.device("oven", interval_ms=10_000, machine="Oven")
    before = now_ms() - WEEK_MS - 60 * MINUTE_MS
    await plant.send(device, [before, before + 10_000], {"temperature": [50.0, 50.0]})
    await plant.send(device, [now_ms()], {"temperature": [62.5]}, epoch=2)
    one = await enter(Role.MANAGER)
    card = one.page.locator(".kpi").first
    await expect(card.locator(".week")).to_have_text("+12.5\u202f°C vs. same time last week")
    clicks = Clicks()
    await clicks.on(one.page.get_by_role("link", name=re.compile("^Weekly")))
    await expect(one.page.locator("cs-reports")).to_contain_text("What happened")


async def test_which_machine_gets_worse(enter, furnace, scored) -> None:
    await scored(furnace, 60.0)
    one = await enter(Role.MANAGER)
    worse = one.page.get_by_role("region", name="Machines getting worse").locator("li")
    await expect(worse).to_contain_text("Melting furnace")
    await expect(worse).to_contain_text(re.compile(r"−35 points since \d{4}-\d\d-\d\d"))
    await expect(worse.locator(".why")).to_contain_text("furnace-1, Temperature is at 790.0")
    clicks = Clicks()
    await clicks.on(worse.get_by_role("link"))
    await expect(one.page.locator(".whys li")).to_have_count(1)


async def test_whether_the_limits_are_kept_this_month(manager) -> None:
    clicks = Clicks()
    await clicks.on(manager.page.get_by_role("link", name="Compliance report of this month"))
    month = f"{datetime.now(UTC):%Y-%m}"
    await expect(manager.page).to_have_url(re.compile(f"kind=compliance&period={month}"))
    await expect(manager.page.locator("cs-reports")).to_contain_text(
        "Is anything beyond its limits", timeout=15_000
    )


async def test_whether_the_data_is_complete(enter, plant, furnace) -> None:
    newest = {"temperature": [745.0], "running": [1.0]}
    await plant.send(furnace, [now_ms()], newest, first_row=1050)
    one = await enter(Role.MANAGER)
    month = one.page.get_by_role("region", name="This month")
    await expect(month).to_contain_text(re.compile(r"94\.\d.%"))
    await expect(month).to_contain_text(re.compile(r"5\d of 1.051 readings are not there"))
    clicks = Clicks()
    await clicks.on(month.get_by_role("link", name="Completeness certificate"))
    await clicks.on(one.page.get_by_role("button", name="furnace-1"))
    await expect(one.page.locator("#certificate")).to_be_visible()
