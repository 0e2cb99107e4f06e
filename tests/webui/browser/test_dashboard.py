"""The dashboard over a real plant: what is there, what moves, and what happens when it stops."""

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from appliance.model.user import Role
from tests.webui.browser.conftest import LOOKS, MINUTE_MS, now_ms

pytestmark = pytest.mark.browser


def cell(one, device: int, metric: str):
    return one.page.locator(f'tr[data-device="{device}"] td[data-label="{metric}"]')


@LOOKS
async def test_the_dashboard_is_accessible(enter, plant, furnace, pool, look) -> None:
    for priority in (1, 2, 3, 4):
        await plant.rule(furnace, limit=100.0 * priority, priority=priority)
    await pool.execute("update rules set what_to_do = 'Call 4711.'")
    await plant.device("silent")
    one = await enter(**look)
    await plant.send(furnace, [now_ms()], {"temperature": [790.0], "running": [1.0]})
    await expect(one.page.locator(".alert")).to_have_count(4)
    await one.page.locator(".alert button.disclose").first.click()
    await one.is_accessible()
    await one.page.get_by_role("button", name="Show as table").click()
    await expect(one.page.locator(".chart-table tbody tr").first).to_be_visible()
    await one.is_accessible()


async def test_a_new_reading_changes_the_value_where_it_stands(enter, plant, furnace) -> None:
    one = await enter()
    await expect(cell(one, furnace, "Temperature")).to_have_text("744.0")
    height = await one.page.evaluate("document.documentElement.scrollHeight")
    await plant.send(furnace, [now_ms()], {"temperature": [812.3], "running": [0.0]})
    await expect(cell(one, furnace, "Temperature")).to_have_text("812.3")
    await expect(cell(one, furnace, "Running")).to_have_text("stopped")
    await expect(one.page.locator(".kpi").first.locator("cs-value")).to_have_text("812.3\u202f°C")
    await expect(one.page.locator(".figures dd").first).to_have_text("812.3\u202f°C")
    assert await one.page.evaluate("document.documentElement.scrollHeight") == height


async def test_an_alert_appears_and_is_acknowledged(enter, plant, furnace, pool) -> None:
    await plant.rule(furnace, limit=780.0, priority=1, message="Melt too hot")
    one = await enter()
    await expect(one.page.get_by_text("Nothing needs attention.")).to_be_visible()
    await plant.send(furnace, [now_ms()], {"temperature": [801.0], "running": [1.0]})
    alert = one.page.locator(".alert")
    await expect(alert).to_contain_text("Melt too hot")
    await expect(alert).to_contain_text("801.0 > 780.0\u202f°C")
    await expect(alert).to_contain_text("Melting furnace · furnace-1")
    await expect(alert.locator(".alert-state")).to_have_text("unacknowledged")
    await expect(one.page.locator("cs-alerts [role=status]")).to_have_text(
        "New alert, priority Critical: Melt too hot, furnace-1."
    )
    await expect(one.page.locator("cs-open")).to_have_text("1")
    await alert.get_by_role("button", name="Acknowledge: Melt too hot, furnace-1").click()
    await expect(alert.locator(".alert-state")).to_have_text(
        re.compile(r"^acknowledged by Operator, \d\d:\d\d$")
    )
    await expect(alert.get_by_role("button", name="Acknowledge")).to_be_hidden()
    by = await pool.fetchval(
        "select u.email from alerts a join users u on u.id = a.acknowledged_by"
    )
    assert by == "operator@north.example"
    await plant.send(furnace, [now_ms()], {"temperature": [700.0], "running": [1.0]})
    await expect(one.page.locator(".alert")).to_have_count(0)


async def test_two_people_who_acknowledge_at_once_are_told_who_was_first(
    enter, plant, furnace, pool
) -> None:
    await plant.rule(furnace, limit=780.0, message="Melt too hot")
    one = await enter()
    await plant.send(furnace, [now_ms()], {"temperature": [801.0], "running": [1.0]})
    button = one.page.get_by_role("button", name="Acknowledge: Melt too hot")
    await expect(button).to_be_visible()
    await pool.execute(
        "update alerts set acknowledged_at = now(), acknowledged_by = (select min(id) from users)"
    )
    await button.click()
    told = one.page.locator(".alert .wrong")
    first = re.compile(r"^Operator was first, at \d\d:\d\d\.$")
    await expect(told).to_have_text(first)
    await expect(one.page.locator(".alert-state")).to_contain_text("acknowledged by Operator")
    await expect(button).to_be_hidden()
    await pool.execute("update alerts set note = 'On my way'")
    await pool.execute("select pg_notify('alerts', id::text) from alerts")
    await expect(one.page.locator(".alert .note")).to_contain_text("On my way")
    await expect(told).to_have_text(first)
    await pool.execute("update alerts set acknowledged_at = null, acknowledged_by = null")
    await pool.execute("select pg_notify('alerts', id::text) from alerts")
    await expect(told).to_be_empty()
    one.trouble.clear()  # chromium logs the status 409


async def test_who_only_reads_has_no_button(enter, plant, furnace) -> None:
    await plant.rule(furnace, limit=780.0)
    one = await enter(Role.MANAGER)
    await plant.send(furnace, [now_ms()], {"temperature": [801.0], "running": [1.0]})
    await expect(one.page.locator(".alert")).to_be_visible()
    await expect(one.page.get_by_role("button", name="Acknowledge")).to_have_count(0)


async def test_the_chart_tells_the_same_in_words_figures_and_table(enter, furnace) -> None:
    one = await enter(path="/dashboard?metric=temperature")
    chart = one.page.locator("cs-chart .plot")
    await expect(chart).to_have_attribute(
        "aria-label",
        re.compile(
            r"Line chart of Temperature, furnace-1, .* Europe/Istanbul\. "
            r"Last 744\.0.*lowest 740\.0.*highest 746\.0.*mean 743\.0"
        ),
    )
    await expect(one.page.locator(".figures dd")).to_have_text(
        [f"{value}\u202f°C" for value in ("744.0", "740.0", "743.0", "746.0")]
    )
    await chart.focus()
    await one.page.keyboard.press("End")
    await expect(one.page.locator(".readout")).to_have_text(re.compile(r": 744\.0\u202f°C$"))
    await one.page.keyboard.press("ArrowLeft")
    await expect(one.page.locator(".readout")).to_have_text(re.compile(r": 743\.0\u202f°C$"))
    await one.page.get_by_role("button", name="Show as table").click()
    rows = one.page.locator(".chart-table tbody tr")
    await expect(rows.first).to_contain_text("744.0")
    assert await rows.count() in {270, 271, 272, 273}


async def test_the_chart_looks_further_back_and_comes_home(enter, furnace) -> None:
    one = await enter()
    page = one.page
    await page.get_by_role("button", name="8 h").click()
    await expect(page.get_by_text("extremes kept")).to_be_visible()
    await expect(page).to_have_url(re.compile("range=8h"))
    await page.get_by_role("button", name="Earlier").click()
    await expect(page.get_by_text("Paused")).to_be_visible()
    await page.get_by_role("button", name="Earlier").click()
    await page.get_by_role("button", name="Earlier").click()
    await expect(page.locator(".no-data")).to_contain_text("No data between")
    await page.get_by_role("button", name="Jump to the last data").click()
    await expect(page.locator(".no-data")).to_have_count(0)
    await expect(page.locator(".figures dd").first).to_have_text("744.0\u202f°C")
    await page.get_by_role("button", name="Back to live").click()
    await expect(page).to_have_url(re.compile("range=8h"))
    await page.reload()
    await expect(page.get_by_role("button", name="8 h")).to_have_attribute("aria-pressed", "true")


async def test_dragging_over_the_chart_zooms_in(enter, furnace) -> None:
    one = await enter()
    await expect(one.page.locator(".figures dd").first).to_have_text("744.0\u202f°C")
    await one.page.locator(".u-over").scroll_into_view_if_needed()
    box = await one.page.locator(".u-over").bounding_box()
    await one.page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 50)
    await one.page.mouse.down()
    await one.page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 50, steps=4)
    await one.page.mouse.up()
    await expect(one.page).to_have_url(re.compile(r"from=\d+&to=\d+"))
    found = dict(parse_qsl(urlsplit(one.page.url).query))
    assert int(found["to"]) - int(found["from"]) == pytest.approx(12 * MINUTE_MS, rel=0.1)


async def test_a_chart_that_cannot_load_says_so_and_tries_again(enter, furnace, pool) -> None:
    one = await enter()
    await expect(one.page.locator(".figures dd").first).to_have_text("744.0\u202f°C")
    await pool.execute("alter table batches rename to hidden")
    await one.page.get_by_role("button", name="24 h").click()
    failure = one.page.locator("cs-chart .failure")
    await expect(failure).to_contain_text(re.compile("Could not load.*Reference [0-9a-f]{8}"))
    await pool.execute("alter table hidden rename to batches")
    await failure.get_by_role("button", name="Retry").click()
    await expect(failure).to_have_count(0)
    one.trouble.clear()  # chromium logs the status 500


async def test_a_silent_device_goes_stale_and_offline_by_itself(enter, plant) -> None:
    slow = await plant.device("slow", interval_ms=10_000)
    await plant.send(slow, [now_ms() - 27_000], {"temperature": [20.0]})
    gone = await plant.device("gone", interval_ms=10_000)
    await plant.send(gone, [now_ms() - 10 * MINUTE_MS], {"temperature": [21.0]})
    never = await plant.device("never")
    one = await enter()

    def state(device):
        return one.page.locator(f'tr[data-device="{device}"] .state-cell')

    now = datetime.now(ZoneInfo("Europe/Istanbul"))
    since = now - timedelta(minutes=10)
    day = "" if since.date() == now.date() else f"{since:%Y-%m-%d} "  # a date, past midnight
    await expect(state(gone)).to_contain_text(f"○offline since {day}{since:%H:%M}")
    await expect(cell(one, gone, "Temperature")).to_have_text("—")
    title = await cell(one, gone, "Temperature").locator("cs-value").get_attribute("title")
    assert title.startswith("Last value 21.0")
    await expect(state(never)).to_contain_text("○no data yet")
    await expect(state(slow)).to_contain_text("●live")
    await expect(state(slow)).to_contain_text(re.compile(r"◐stale 3\d s"))
    await expect(one.page.locator("cs-summary")).to_contain_text("0 of 3 devices reporting")


async def test_a_lost_connection_is_told_at_once_and_mends_itself(
    enter, plant, furnace, door, context
) -> None:
    one = await enter()
    await expect(cell(one, furnace, "Temperature")).to_have_text("744.0")
    all_well = one.page.get_by_text("Nothing needs attention.")
    await expect(all_well).to_be_visible()
    context.live.close()
    await door.shut()
    banner = one.page.locator("cs-banner")
    await expect(banner).to_contain_text(
        re.compile(r"lost \d+ s ago\. Values below are from \d\d:\d\d:\d\d\. Reconnecting")
    )
    await expect(one.page.locator(f'tr[data-device="{furnace}"] .glyph')).to_have_text("◐")
    await expect(all_well).to_be_hidden()
    await one.is_accessible()
    await plant.send(furnace, [now_ms()], {"temperature": [655.5], "running": [1.0]})
    await door.open()
    await expect(cell(one, furnace, "Temperature")).to_have_text("655.5", timeout=15_000)
    await expect(banner).to_be_hidden()
    await expect(banner.locator("[role=status]")).to_have_text("Connected again.")
    one.trouble.clear()  # chromium logs the refused connections


async def test_a_session_that_was_ended_leads_to_the_sign_in_page(
    enter, furnace, pool, context
) -> None:
    one = await enter()
    await pool.execute("update sessions set ended_at = now()")
    context.live.close()
    await expect(one.page).to_have_url(re.compile("/login\\?next="))
    one.trouble.clear()  # chromium logs the status 401


async def test_the_first_device_ends_the_empty_state(enter, plant) -> None:
    one = await enter()
    await expect(one.page.get_by_role("heading", name="No devices yet")).to_be_visible()
    await expect(one.page.locator("cs-cards")).to_be_hidden()
    first = await plant.device("first", interval_ms=10_000)
    await plant.send(first, [now_ms()], {"gas": [4.5]})
    await expect(cell(one, first, "Gas")).to_have_text("4.5")
    await expect(one.page.get_by_role("heading", name="No devices yet")).to_be_hidden()


async def test_what_a_device_is_called_never_becomes_markup(enter, plant) -> None:
    odd = await plant.device("<img src=x onerror=alert(1)>", machine="<b>x</b>")
    await plant.send(odd, [now_ms()], {"gas": [4.5]})
    await plant.rule(odd, metric="gas", limit=4.0, message="<i>gas</i>")
    one = await enter()
    await plant.send(odd, [now_ms()], {"gas": [5.5]})
    await expect(one.page.locator(".alert")).to_contain_text("<i>gas</i>")
    await expect(one.page.locator("main img, main b, main i")).to_have_count(0)


async def test_each_key_figure_is_what_the_readings_say(enter, plant) -> None:
    press = await plant.device("press", interval_ms=MINUTE_MS, machine="Press")
    end = now_ms()
    times = list(range(end - 119 * MINUTE_MS, end + 1, MINUTE_MS))
    readings = {
        "temperature": [61.5] * 120,
        "gas": [12.5] * 120,
        "vibration": [2.25] * 120,
        "running": [1.0] * 60 + [0.0] * 60,
    }
    await plant.send(press, times, readings)
    one = await enter(Role.MANAGER)
    cards = one.page.locator(".kpi")
    for place, (name, told) in enumerate(
        [("Temperature", "61.5"), ("Gas", "12.5"), ("Vibration", "2.25"), ("Uptime", "50")]
    ):
        await expect(cards.nth(place)).to_contain_text(name)
        await expect(cards.nth(place).locator("cs-value")).to_contain_text(told)
        await expect(cards.nth(place)).to_contain_text("Press · press")
    newest = {"temperature": [61.5], "gas": [19.5], "vibration": [3.5], "running": [0.0]}
    await plant.send(press, [now_ms()], newest)
    await expect(cards.nth(1).locator("cs-value")).to_contain_text("19.5")
    await expect(cards.nth(2).locator("cs-value")).to_contain_text("3.5")


async def test_a_thousand_devices_have_one_dashboard(enter, plant, furnace, pool) -> None:
    await pool.execute(
        """
        with made as (
            insert into machines (factory_id, name)
            select $1, 'Mill ' || n from generate_series(1, 250) as n returning id
        ), nodes as (
            insert into devices (factory_id, machine_id, name, expected_interval_ms)
            select $1, id, 'mill-' || id || '-' || n, 60000 from made, generate_series(1, 4) as n
            returning id
        )
        insert into latest (device_id, received_at, metric_ids, times_ms, readings)
        select n.id, now(), array[m.id], array[(extract(epoch from now()) * 1000)::bigint],
               array[20.5::float8]
          from nodes n, metrics m where m.name = 'gas'
        """,
        plant.factory_id,
    )
    one = await enter(Role.MANAGER)
    await expect(one.page.locator("cs-summary")).to_contain_text("1001 of 1001 devices reporting")
    await expect(one.page.locator("cs-devices tbody tr")).to_have_count(50)
    await expect(one.page.get_by_role("link", name="All 1001 devices")).to_be_visible()
    await expect(one.page.locator("cs-machines li")).to_have_count(8)
    await expect(one.page.locator(".kpi").nth(1).locator("cs-value")).to_contain_text("20.5")
    await plant.send(furnace, [now_ms()], {"temperature": [811.5], "running": [1.0]})
    await expect(one.page.locator(".kpi").first.locator("cs-value")).to_contain_text("811.5")
    await one.is_accessible()
