"""The page of completeness: the answer at a glance, ranges, days, files; empty, and in trouble."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import expect

from appliance.model.user import Role
from tests.webui.browser.conftest import LOOKS, MINUTE_MS, now_ms

pytestmark = pytest.mark.browser
PATH = "/dashboard/completeness"


@pytest.fixture
async def two(plant):
    """Two hours of a row a minute: all of one device, half an hour of the other never came."""
    end = now_ms() // MINUTE_MS * MINUTE_MS
    for name, gone in (("pump", range(0)), ("furnace", range(45, 75))):
        device = await plant.device(name, interval_ms=MINUTE_MS)
        for first in [row for row in range(0, 120, 5) if row not in gone]:
            times = [end - (119 - row) * MINUTE_MS for row in range(first, first + 5)]
            await plant.send(device, times, {"temperature": [20.0] * 5}, first_row=first)
    return device


async def table(one):
    rows = one.page.locator(".counts tbody tr")
    await expect(rows.first).to_be_visible()
    return rows


@LOOKS
async def test_the_page_is_accessible(enter, two, look) -> None:
    one = await enter(Role.MANAGER, PATH, **look)
    await table(one)
    await one.page.get_by_role("button", name="furnace").click()
    await expect(one.page.locator(".certificate tbody tr")).to_have_count(1)
    await one.is_accessible()


async def test_the_answer_is_given_at_a_glance_and_the_worst_comes_first(enter, two) -> None:
    one = await enter(Role.MANAGER, PATH)
    rows = await table(one)
    await expect(one.page.locator(".verdict")).to_contain_text("87.5")
    await expect(one.page.locator(".verdict")).to_contain_text("1 of 2 devices have gaps: 30")
    await expect(rows.nth(0)).to_contain_text("furnace")
    await expect(rows.nth(0)).to_contain_text("75.0")
    await expect(rows.nth(1)).to_contain_text("100")
    await expect(rows.nth(0).get_by_role("img")).to_have_attribute(
        "aria-label", re.compile("days complete; the worst is")
    )


async def test_a_devices_ranges_are_told_with_their_cause_by_keyboard(enter, two) -> None:
    one = await enter(Role.MANAGER, PATH)
    await table(one)
    button = one.page.get_by_role("button", name="furnace")
    await button.focus()
    await one.page.keyboard.press("Enter")
    await expect(button).to_have_attribute("aria-expanded", "true")
    told = one.page.locator(".certificate tbody tr")
    await expect(told).to_contain_text("Nothing tells why.")
    await expect(told).to_contain_text("30")
    await one.page.reload()  # the address keeps it
    await expect(told).to_contain_text("Nothing tells why.")
    async with one.page.expect_download() as coming:
        await one.page.get_by_role("button", name="JSON: furnace").click()
    data = json.loads(Path(await (await coming.value).path()).read_text())
    assert (data["device"], data["counts"]["missing"]) == ("furnace", 30)


async def test_days_are_chosen_and_wrong_ones_refused_in_words(enter, two) -> None:
    one = await enter(Role.MANAGER, PATH)
    await table(one)
    first, last = one.page.get_by_label("First day"), one.page.get_by_label("Last day")
    await first.fill("2026-05-02")
    await last.fill("2026-05-01")
    await one.page.get_by_role("button", name="Show", exact=True).click()
    await expect(one.page.get_by_text("The first day is after the last one")).to_be_visible()
    await expect(first).to_be_focused()
    await last.fill("2026-05-03")
    await one.page.get_by_role("button", name="Show", exact=True).click()
    await expect(one.page.get_by_text("Nothing was expected in this period")).to_be_visible()
    await one.page.get_by_role("button", name="Today").click()
    today = datetime.now(UTC).date().isoformat()
    await expect(first).to_have_value(today)


async def test_a_plant_without_devices_is_told_what_to_do(enter) -> None:
    one = await enter(Role.MANAGER, PATH)
    await expect(one.page.get_by_text("This plant has no devices yet")).to_be_visible()


async def test_what_cannot_be_loaded_can_be_asked_for_again(enter, two) -> None:
    one = await enter(Role.MANAGER, PATH)
    await table(one)
    await one.page.route("**/data/completeness*", lambda route: route.abort())
    await one.page.get_by_role("button", name="31 days").click()
    await expect(one.page.get_by_role("alert").get_by_role("button")).to_be_visible()
    one.trouble.clear()  # the browser says so too
    await one.page.unroute("**/data/completeness*")
    await one.page.get_by_role("alert").get_by_role("button").click()
    await table(one)


async def test_many_devices_come_a_part_at_a_time(enter, plant, two, pool) -> None:
    await pool.execute(
        """
        insert into devices (factory_id, name, expected_interval_ms)
        select $1, 'mill-' || n, 1000 from generate_series(1, 118) as n
        """,
        plant.factory_id,
    )
    one = await enter(Role.MANAGER, PATH)
    rows = one.page.locator(".counts tbody tr")
    await expect(rows).to_have_count(50)
    await expect(rows.first).to_contain_text("furnace")
    await expect(one.page.locator(".verdict")).to_contain_text("1 of 120 devices have gaps: 30")
    await expect(one.page.get_by_text("50 of 120 devices, the worst first")).to_be_visible()
    more = one.page.get_by_role("button", name="Show more")
    await more.click()
    await expect(rows).to_have_count(100)
    await more.click()
    await expect(rows).to_have_count(120)
    await expect(rows.last).to_contain_text("mill-118")
    await expect(more).to_have_count(0)
    await one.is_accessible()
