"""The pages before the sign-in, as people see them."""

import pytest
from playwright.async_api import expect

from appliance.identity import first_administrator
from appliance.model.user import Role
from appliance.store.pilot_requests import select_pilot_requests
from tests.appliance.conftest import PASSWORD
from tests.webui.browser.conftest import LOOKS

pytestmark = pytest.mark.browser


@LOOKS
async def test_every_public_page_is_accessible(window, look) -> None:
    one = await window(**look)
    for path in ("/", "/login", "/setup", "/password"):
        await one.go(path)
        await one.is_accessible()


async def test_a_stranger_asks_for_a_pilot(window, pool) -> None:
    one = await window()
    await one.go("/")
    await one.page.get_by_role("link", name="Request a pilot").first.click()
    await one.page.get_by_label("Your name").fill("Ada Berg")
    await one.page.get_by_label("Work e-mail").fill("ada@foundry.example")
    await one.page.get_by_label("Company and site").fill("Foundry Ltd")
    await one.page.get_by_role("button", name="Request a pilot").click()
    await expect(one.page.get_by_role("status")).to_contain_text("Thank you")
    await one.is_accessible()
    (stored,) = await select_pilot_requests(pool, 10)
    assert stored.asked.company == "Foundry Ltd"


async def test_a_pilot_is_asked_for_once_however_often_the_button_is_pressed(window, pool) -> None:
    one = await window()
    await one.go("/")
    sent = []
    one.page.on("request", lambda request: request.method == "POST" and sent.append(request))
    await one.page.get_by_label("Your name").fill("Ada Berg")
    await one.page.get_by_label("Work e-mail").fill("ada@foundry.example")
    await one.page.get_by_label("Company and site").fill("Foundry Ltd")
    await one.page.evaluate(
        "for (const _ of '123') document.querySelector('#pilot form button').click()"
    )
    await expect(one.page.get_by_role("status")).to_contain_text("Thank you")
    assert len(sent) == 1
    assert len(await select_pilot_requests(pool, 10)) == 1


async def test_signing_in_with_a_wrong_and_then_the_right_password(window, sign_in) -> None:
    operator = await sign_in(Role.OPERATOR)
    one = await window()
    await one.go("/dashboard?range=24h")
    await expect(one.page).to_have_url(f"{one.url}/login?next=/dashboard%3Frange%3D24h")
    await one.sign_in(operator.email, "wrong")
    await expect(one.page.get_by_role("alert")).to_have_text("E-mail or password is wrong.")
    await expect(one.page.get_by_label("E-mail")).to_have_value(operator.email)
    await one.is_accessible()
    one.trouble.clear()  # chromium logs the status 401
    await one.page.get_by_role("button", name="Show").click()
    await one.page.get_by_role("textbox", name="Password").fill(PASSWORD)
    await one.page.keyboard.press("Enter")
    await expect(one.page).to_have_url(f"{one.url}/dashboard?range=24h")


async def test_everything_before_the_dashboard_works_without_scripts(window, sign_in) -> None:
    manager = await sign_in(Role.MANAGER)
    one = await window(scripts=False)
    await one.go("/")
    await one.page.get_by_role("link", name="Sign in").click()
    await one.sign_in(manager.email, PASSWORD)
    await expect(one.page).to_have_url(f"{one.url}/dashboard")
    await expect(one.page.get_by_text("needs JavaScript")).to_be_visible()
    await one.page.locator("summary[aria-label]").click()
    await one.page.get_by_role("button", name="Sign out").click()
    await expect(one.page.get_by_role("status")).to_have_text("You are signed out.")


async def test_the_first_administrator_comes_by_the_printed_link(window, pool, clock) -> None:
    code = await first_administrator.issue_code(pool, clock())
    one = await window()
    await one.go(f"/setup?code={code}")
    await one.page.get_by_label("Your name").fill("Ada Berg")
    await one.page.get_by_label("E-mail").fill("ada@plant.example")
    await one.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await one.page.get_by_label("Plant", exact=True).fill("Works 1")
    await expect(one.page.get_by_label("Time zone")).not_to_have_value("")
    await one.page.get_by_label("Time zone").fill("Europe/Istanbul")
    await one.page.get_by_role("button", name="Create").click()
    await expect(one.page).to_have_url(f"{one.url}/dashboard")
    await expect(one.page.get_by_role("heading", name="No devices yet")).to_be_visible()
    await expect(one.page.get_by_text("Europe/Istanbul UTC+3")).to_be_visible()
    await one.is_accessible()


async def test_the_chosen_colours_stay(window) -> None:
    one = await window()
    await one.go("/")
    background = "getComputedStyle(document.body).backgroundColor"
    assert await one.page.evaluate(background) == "rgb(247, 248, 249)"
    dark = one.page.get_by_role("button", name="Dark")
    await one.page.locator(".masthead summary").click()
    await dark.click()
    assert await one.page.evaluate(background) == "rgb(27, 31, 35)"
    await one.go("/login")
    assert await one.page.evaluate(background) == "rgb(27, 31, 35)"
    await one.page.locator(".masthead summary").click()
    await expect(dark).to_have_attribute("aria-pressed", "true")
