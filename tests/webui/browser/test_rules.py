"""The page of rules: a sentence is said, tried on the past, and put to work step by step."""

import re

import pytest
from playwright.async_api import expect

from appliance.model.user import Role
from tests.webui.browser.conftest import LOOKS

pytestmark = pytest.mark.browser

KINDS = (
    "threshold",
    "rate",
    "no_data",
    "stuck",
    "baseline",
    "drift",
    "exposure",
    "vibration",
    "health",
    "model",
)


@pytest.fixture
def write(enter):
    """`await write()`: the sentence builder, opened by a technician."""

    async def do(**look):
        one = await enter(Role.TECHNICIAN, "/dashboard/rules", **look)
        await one.page.get_by_role("button", name="New rule").click()
        await expect(one.page.locator(".builder")).to_be_visible()
        return one

    return do


@LOOKS
async def test_the_page_and_its_builder_are_accessible(write, furnace, plant, look) -> None:
    await plant.rule(furnace, limit=900.0, message="Furnace too hot")
    one = await write(**look)
    await one.page.get_by_text("More: delays").click()
    await one.is_accessible()
    await one.page.get_by_role("button", name="Cancel").click()
    await one.page.get_by_role("button", name="Open: Furnace too hot").click()
    await expect(one.page.get_by_role("dialog", name="Furnace too hot")).to_be_visible()
    await one.is_accessible()
    one.trouble.clear()  # the browser's own words: the rule was never tried


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_asks_for_what_it_needs(write, furnace, kind: str) -> None:
    one = await write()
    await one.page.get_by_label("What is wrong").select_option(kind)
    sentence = one.page.locator(".said-sentence")
    await expect(sentence).to_contain_text("furnace-1: ")
    await expect(sentence).not_to_contain_text("undefined")
    await expect(sentence).not_to_contain_text("NaN")
    await one.is_accessible()


async def test_a_rule_goes_from_a_sentence_to_live(write, furnace, pool) -> None:
    one = await write()
    await one.page.get_by_label("Measured").select_option("temperature")
    await one.page.get_by_label("Too high (H) (°C)").fill("745")
    await one.page.get_by_role("spinbutton", name="At least", exact=True).fill("20")
    await one.page.get_by_label("Message").fill("Furnace too hot")
    await expect(one.page.locator(".said-sentence")).to_have_text(
        re.compile("furnace-1: Temperature above 745.0.°C for 20 s")
    )
    await one.page.get_by_role("button", name="Try it on the past").click()
    tried = one.page.locator(".builder .backtest")
    await expect(tried.get_by_role("heading")).to_have_text(
        re.compile(r"It would have raised \d+ times in the last \d+ days\.")
    )
    await one.is_accessible()
    await one.page.get_by_role("button", name="Save as a draft").click()
    sheet = one.page.get_by_role("dialog", name="Furnace too hot")
    await expect(sheet.locator(".way [aria-current]")).to_have_text("Draft")
    await expect(sheet).to_contain_text("has not been tried on the past")
    await sheet.get_by_role("button", name="Try it on the past").click()
    await expect(sheet.locator(".backtest")).to_be_visible()
    await sheet.get_by_role("button", name="Run in the shadow").click()
    await expect(sheet.locator(".way [aria-current]")).to_have_text("Shadow")
    await sheet.get_by_role("button", name="Go live").click()
    await expect(sheet.locator(".way [aria-current]")).to_have_text("Live")
    assert await pool.fetchval("select mode from rules") == "live"
    assert await pool.fetchval("select count(*) from backtests") == 1
    one.trouble.clear()  # the browser's own words: the rule was not tried at first


async def test_going_live_untried_wants_a_reason_that_is_kept(enter, plant, furnace, pool) -> None:
    await plant.rule(furnace, limit=900.0, message="Untried", mode="draft")
    one = await enter(Role.TECHNICIAN, "/dashboard/rules")
    await one.page.get_by_role("button", name="Open: Untried").click()
    await one.page.get_by_role("button", name="Go live").click()
    asked = one.page.get_by_role("dialog", name="Go live without a back-test")
    await asked.get_by_role("textbox").fill("Start-up tomorrow, checked by hand")
    await one.is_accessible()
    await asked.get_by_role("button", name="Go live").click()
    await expect(one.page.locator(".sheet .way [aria-current]")).to_have_text("Live")
    row = await pool.fetchrow("select * from audit where action = 'rule.live.override'")
    assert "Start-up tomorrow, checked by hand" in f"{row['reason']} {row['new']}"
    one.trouble.clear()  # the browser's own words about the 404 and the 409


async def test_out_of_service_wants_a_reason_and_is_seen_by_all(
    enter, plant, furnace, pool
) -> None:
    await plant.rule(furnace, limit=900.0, message="Noisy")
    one = await enter(Role.TECHNICIAN, "/dashboard/rules")
    await one.page.get_by_role("button", name="Open: Noisy").click()
    await one.page.get_by_role("button", name="Out of service", exact=True).click()
    asked = one.page.get_by_role("dialog", name="Out of service: Noisy")
    await asked.get_by_label("Reason").fill("Sensor is being changed")
    await asked.get_by_role("button", name="Out of service").click()
    await expect(one.page.locator(".sheet")).to_contain_text("It is switched off")
    other = await enter(Role.MANAGER, "/dashboard/rules")
    await expect(other.page.get_by_role("row", name=re.compile("Noisy"))).to_contain_text(
        "Out of service"
    )
    await expect(other.page.get_by_role("button", name="New rule")).to_have_count(0)
    assert await pool.fetchval("select mode from rules") == "out_of_service"
    one.trouble.clear()  # the browser's own words: the rule was never tried


async def test_what_was_being_written_outlives_a_reload(write, furnace) -> None:
    one = await write()
    await one.page.get_by_label("Message").fill("Half a thought")
    await one.page.reload()
    await one.page.get_by_role("button", name="New rule").click()
    await expect(one.page.get_by_label("Message")).to_have_value("Half a thought")


async def test_what_the_api_refuses_is_told(write, furnace) -> None:
    one = await write()
    await one.page.get_by_label("Message").fill("Nothing to compare with")
    await one.page.get_by_role("button", name="Save as a draft").click()
    await expect(one.page.locator(".builder .wrong:not(:empty)")).to_have_count(1)
    one.trouble.clear()  # the browser's own words about the 422


async def test_without_rules_the_next_step_is_told(enter, furnace) -> None:
    one = await enter(Role.TECHNICIAN, "/dashboard/rules")
    await expect(one.page.get_by_text("Make the first rule")).to_be_visible()
    one = await enter(Role.OPERATOR, "/dashboard/rules")
    await expect(one.page.get_by_text("A technician or an administrator")).to_be_visible()
