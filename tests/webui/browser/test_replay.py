"""The time machine: a past hour in the dashboard's own blocks, and nothing live among them."""

import re
from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from appliance.model.scope import Scope
from appliance.model.user import Role
from appliance.store import alerts, rules
from tests.webui.browser.conftest import LOOKS, MINUTE_MS, now_ms

pytestmark = pytest.mark.browser

HOUR_MS = 60 * MINUTE_MS


@pytest.fixture
def begin() -> int:
    """An hour that is over; the plant's clocks are whole hours off UTC."""
    return now_ms() // HOUR_MS * HOUR_MS - 2 * HOUR_MS


@pytest.fixture
async def past(plant, pool, begin):
    """A furnace that rose for half an hour and then fell silent, with an alert at its 20th minute
    that was cleared at its 25th; another alert stands since the hour before."""
    device = await plant.device("furnace-1", interval_ms=10_000, machine="Melting furnace")
    times = list(range(begin - HOUR_MS, begin + 30 * MINUTE_MS, 10_000))
    await plant.send(
        device,
        times,
        {
            "temperature": [700 + (time - begin) / 60_000 for time in times],
            "running": [1.0] * len(times),
        },
    )
    for minute, message, cleared in ((-30, "Cooling weak", None), (20, "Too hot", 25)):
        rule_id = await plant.rule(device, limit=720.0, message=message, mode="out_of_service")
        rule = await rules.select_rule(pool, Scope((plant.factory_id,)), rule_id)
        raised = moment(begin + minute * MINUTE_MS)
        assert await alerts.insert_alert(pool, rule, "h", raised, 720.0, 720.0)
        if cleared:
            at = moment(begin + cleared * MINUTE_MS)
            assert await alerts.update_alert_cleared(pool, rule_id, "h", at, 700.0)
    return device


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def temperature(one):
    return one.page.locator("cs-devices td[data-label=Temperature] .number")


def headlines(one):
    return one.page.locator("cs-alerts .alert .message")


async def enter_past(enter, at: int, role: Role = Role.OPERATOR, **look):
    one = await enter(role, f"/dashboard/replay?at={at}", live="replay", **look)
    await expect(one.page.locator("cs-replay")).not_to_have_attribute("aria-busy", "true")
    return one


async def test_a_past_moment_is_shown_as_it_was(enter, past, begin) -> None:
    one = await enter_past(enter, begin + 10 * MINUTE_MS)
    await expect(temperature(one)).to_have_text("710.0")
    await expect(headlines(one)).to_have_text(["Cooling weak"])
    await expect(one.page.locator(".replay-banner")).to_contain_text("Replay: 20")
    await expect(one.page.get_by_role("button", name=re.compile("Acknowledge"))).to_have_count(0)

    await one.page.get_by_role("button", name="To the next alert").click()
    await expect(headlines(one)).to_have_text(["Too hot", "Cooling weak"])
    await expect(temperature(one)).to_have_text("720.0")
    await expect(one.page).to_have_url(re.compile(f"at={begin + 20 * MINUTE_MS}"))
    await one.page.keyboard.press("p")
    await expect(headlines(one)).to_have_text(["Cooling weak"])
    await expect(one.page).to_have_url(re.compile(f"at={begin - 30 * MINUTE_MS}"))

    await one.go(f"/dashboard/replay?at={begin + 27 * MINUTE_MS}")
    await expect(headlines(one).filter(has_text="Too hot")).to_be_visible()
    row = one.page.locator(".alert", has_text="Too hot")
    await expect(row).to_have_attribute("data-state", "returned")
    await one.go(f"/dashboard/replay?at={begin + 40 * MINUTE_MS}")
    await expect(temperature(one)).to_have_text("—")
    await expect(one.page.locator("cs-devices .state").first).to_contain_text("offline since")


async def test_time_runs_as_fast_as_is_asked_and_is_paused(enter, past, begin) -> None:
    one = await enter_past(enter, begin + 1000)
    await one.page.get_by_role("button", name="×100").click()
    await one.page.keyboard.press("Escape")
    await one.page.get_by_role("button", name="Play").click()
    await expect(temperature(one)).to_have_text(re.compile("^70[3-9]"), timeout=15_000)
    await one.page.get_by_role("button", name="Pause").click()
    shown = await one.page.locator(".replay-banner .time").text_content()
    await one.page.wait_for_timeout(1500)
    await expect(one.page.locator(".replay-banner .time")).to_have_text(shown)
    scrub = one.page.get_by_role("slider")
    await scrub.focus()
    await one.page.keyboard.press("End")
    await expect(one.page.locator("cs-devices .state").first).to_contain_text("offline since")
    await one.page.keyboard.press("ArrowRight")
    await expect(one.page.locator("cs-devices .state").first).to_contain_text("offline since")


async def test_the_next_hour_follows_by_itself_and_the_past_ends_with_the_present(
    enter, past, begin
) -> None:
    one = await enter_past(enter, begin - 30_000)
    await one.page.get_by_role("button", name="×60").click()
    await one.page.get_by_role("button", name="Play").click()
    await expect(temperature(one)).to_have_text(re.compile("^70[0-3]"), timeout=15_000)
    await expect(one.page).to_have_url(re.compile(f"at={begin // 1_000_000}"))
    now = now_ms()
    await one.go(f"/dashboard/replay?at={now - 3000}")
    await one.page.get_by_role("button", name="Play").click()
    await expect(one.page.get_by_role("button", name="Play")).to_be_visible(timeout=15_000)
    at = int(re.search(r"at=(\d+)", one.page.url)[1])
    assert now - 3000 < at <= now_ms()


async def test_nothing_live_comes_into_a_replay(enter, past, begin, plant) -> None:
    one = await enter_past(enter, begin + 10 * MINUTE_MS)
    asked = []
    one.page.on("request", lambda request: asked.append(request.url))
    await plant.send(past, [now_ms()], {"temperature": [999.0]})
    await one.page.wait_for_timeout(1500)
    await expect(temperature(one)).to_have_text("710.0")
    assert not [url for url in asked if "/live" in url or "overview" in url]
    await expect(one.page.locator("cs-live .state")).to_contain_text("Replay")
    await one.page.get_by_role("link", name="Back to live").click()
    await expect(one.page.locator("cs-live")).to_have_attribute("data-connection", "live")


async def test_a_moment_is_chosen_by_the_plants_clock(enter, past, begin) -> None:
    one = await enter_past(enter, begin)
    await expect(one.page.get_by_label("Moment (Europe/Istanbul)")).not_to_have_value("")
    local = moment(begin + 3 * HOUR_MS + 15 * MINUTE_MS)  # three hours ahead of UTC
    await one.page.get_by_label("Moment (").fill(local.strftime("%Y-%m-%dT%H:%M:%S"))
    await one.page.get_by_role("button", name="Go", exact=True).click()
    await expect(temperature(one)).to_have_text("715.0")


async def test_an_alert_leads_to_its_moment(enter, past, begin) -> None:
    one = await enter(path="/dashboard/alerts")
    row = one.page.locator(".alert", has_text="Too hot")
    await row.get_by_role("link", name=re.compile("Replay")).click()
    await expect(one.page.locator(".replay-banner")).to_be_visible()
    await expect(temperature(one)).to_have_text("719.0")


@LOOKS
async def test_the_time_machine_is_accessible(enter, past, begin, look) -> None:
    one = await enter_past(enter, begin + 21 * MINUTE_MS, Role.MANAGER, **look)
    await expect(headlines(one)).to_have_count(2)
    await one.is_accessible()
