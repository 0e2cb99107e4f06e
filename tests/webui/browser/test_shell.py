"""The frame of the pages: search and commands, colours, language, roles, a narrow screen."""

import re

import pytest
from playwright.async_api import expect

from appliance.model.user import Role
from tests.appliance.conftest import PASSWORD
from tests.webui.browser.conftest import LOOKS, PHONE

pytestmark = pytest.mark.browser

LONG = "<b>Furnace</b> & sons, the one behind the old hall, no. 7 N."


def options(one):
    return one.page.locator(".palette [role=option]")


def typing(one):
    return one.page.get_by_role("combobox", name=re.compile("^(Search|Seiten)"))


async def test_a_device_is_found_by_a_few_letters_and_opened_by_the_keyboard(
    enter, plant, furnace
) -> None:
    await plant.device("pump-1")
    one = await enter()
    await one.page.keyboard.press("Control+k")
    field = typing(one)
    await expect(field).to_be_focused()
    await expect(options(one).first).to_contain_text("Overview")
    await one.page.keyboard.type("melting")
    await expect(options(one)).to_have_count(2)
    await expect(options(one).first).to_contain_text("Melting furnace")
    await expect(field).to_have_attribute("aria-activedescendant", "palette-0")
    await one.page.keyboard.press("ArrowDown")
    await expect(options(one).nth(1)).to_have_attribute("aria-selected", "true")
    await one.is_accessible()
    await field.fill("furnace-1")
    await one.page.keyboard.press("Enter")
    await expect(one.page).to_have_url(f"{one.url}/dashboard/devices/{furnace}")


async def test_commands_change_colours_and_language_and_sign_out(enter, furnace) -> None:
    one = await enter()
    root = one.page.locator("html")

    async def command(words: str) -> None:
        await one.page.get_by_role("button", name=re.compile("Search|Suchen")).click()
        await typing(one).fill(words)
        await one.page.keyboard.press("Enter")

    await command("high contrast")
    await expect(root).to_have_attribute("data-theme", "contrast")
    await one.page.reload()
    await expect(root).to_have_attribute("data-theme", "contrast")
    await one.is_accessible()
    await command("deutsch")
    await expect(root).to_have_attribute("lang", "de")
    await expect(one.page.get_by_role("link", name="Übersicht")).to_be_visible()
    await command("abmelden")
    await expect(one.page).to_have_url(f"{one.url}/login?done=out")
    await expect(one.page.get_by_text("Sie sind abgemeldet.")).to_be_visible()


async def test_the_palette_shows_nothing_that_is_closed_to_the_role(enter, furnace) -> None:
    one = await enter(Role.MANAGER)
    await one.page.keyboard.press("Control+k")
    await typing(one).fill("admin")
    await expect(one.page.get_by_text("Nothing fits.")).to_be_visible()
    await one.page.keyboard.press("Escape")
    await expect(one.page.get_by_role("dialog")).to_have_count(0)


async def test_numbers_follow_the_language_and_dates_do_not(enter, furnace) -> None:
    one = await enter(path="/dashboard")
    await one.page.locator(".topbar-end details.menu summary").click()
    await one.page.get_by_role("button", name="Deutsch").click()
    await expect(one.page.locator(".kpi .number").first).to_have_text(re.compile(r"^7\d\d,\d$"))
    await expect(one.page.locator(".plant-clock .time")).to_have_text(
        re.compile(r"^\d\d:\d\d:\d\d$")
    )


@LOOKS
async def test_the_account_menu_is_accessible(enter, furnace, look) -> None:
    one = await enter(path="/dashboard/alerts", **look)
    await one.page.locator(".topbar-end details.menu summary").click()
    await expect(one.page.get_by_role("button", name="High contrast")).to_be_visible()
    await one.is_accessible()


async def test_a_narrow_screen_keeps_every_page_within_reach(enter, furnace) -> None:
    one = await enter(Role.ADMINISTRATOR, viewport=PHONE)
    await expect(one.page.get_by_role("link", name="Rules")).to_have_count(0)
    await one.page.locator(".sidenav .more summary").click()
    await one.page.get_by_role("link", name="Rules").click()
    await expect(one.page).to_have_url(f"{one.url}/dashboard/rules")
    await one.is_accessible()


async def test_a_name_of_sixty_characters_with_markup_is_a_name(enter, plant) -> None:
    assert len(LONG) == 60
    await plant.device(LONG)
    for viewport in ({"width": 1440, "height": 900}, PHONE):
        one = await enter(Role.TECHNICIAN, "/dashboard/admin/devices", viewport=viewport)
        await expect(one.page.get_by_role("link", name=LONG)).to_be_visible()
        await one.is_accessible()
        await one.page.keyboard.press("Control+k")
        await typing(one).fill("sons")
        await expect(options(one).first).to_contain_text(LONG)


async def test_a_session_that_ends_leads_back_to_where_one_was(
    enter, furnace, pool, sign_in
) -> None:
    one = await enter(path="/dashboard/alerts?alerts=closed&text=fan")

    async def ends(route) -> None:
        """The session is over when the page asks for more."""
        await pool.execute("delete from sessions")
        await route.continue_()

    await one.page.route("**/alerts?*state=shelved*", ends, times=1)
    await one.page.get_by_role("button", name="Shelved").click()
    await expect(one.page).to_have_url(re.compile("/login"))
    operator = await sign_in(Role.OPERATOR)
    await one.sign_in(operator.email, PASSWORD)
    await expect(one.page).to_have_url(f"{one.url}/dashboard/alerts?alerts=shelved&text=fan")
    one.trouble.clear()  # the browser's own words about the 401
