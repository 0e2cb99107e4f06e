"""One device's page: every metric on one time axis, with its limits, alerts and gaps."""

import csv
import io
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.async_api import expect

from appliance.model.user import Role
from tests.webui.browser.conftest import LOOKS, MINUTE_MS, now_ms

pytestmark = pytest.mark.browser

LONG = "<b>Kiln</b> & 'dryer' of the second line, hall 4, north side ééé"


@pytest.fixture
async def page_of(enter):
    """`await page_of(device)`: the page of a device, its charts drawn."""

    async def do(device, role=Role.OPERATOR, query: str = "", **look):
        one = await enter(role, f"/dashboard/devices/{device}{query}", **look)
        await expect(strip(one, "temperature").locator("dd").first).not_to_have_text("—")
        return one

    return do


def strip(one, metric: str):
    return one.page.locator(f'[data-metric="{metric}"]')


@LOOKS
async def test_the_page_is_accessible(page_of, plant, furnace, look) -> None:
    await plant.rule(furnace, limit=780.0, message="Melt too hot")
    one = await page_of(furnace, **look)
    await plant.send(furnace, [now_ms()], {"temperature": [790.0], "running": [1.0]})
    await expect(one.page.locator(".alert")).to_have_count(1)
    await one.is_accessible()
    await one.page.get_by_text("From – to").click()
    await one.is_accessible()
    await one.page.keyboard.press("Escape")
    await one.page.get_by_role("button", name="Show as table").click()
    await expect(one.page.locator(".chart-table tbody tr").first).to_be_visible()
    await one.is_accessible()


async def test_the_head_tells_state_place_interval_and_what_was_set_aside(
    page_of, furnace, pool
) -> None:
    await pool.execute(
        """
        insert into device_keys (id, device_id, sha256, created_at, last_used_at)
        values ('abcdefghij', $1, sha256('x'), now(), now())
        """,
        furnace,
    )
    one = await page_of(furnace, Role.TECHNICIAN)
    head = one.page.locator("cs-device-head")
    await expect(head.get_by_role("heading")).to_have_text("furnace-1")
    await expect(head.locator(".state")).to_contain_text("live")
    for told in ("Melting furnace", "10 s", "no rows", "abcdefghij last used"):
        await expect(head).to_contain_text(told)


async def test_who_may_not_see_keys_sees_none(page_of, furnace) -> None:
    one = await page_of(furnace, Role.MANAGER)
    await expect(one.page.locator("cs-device-head").get_by_text("Keys")).to_be_hidden()


async def test_one_cursor_runs_through_all_charts(page_of, furnace) -> None:
    one = await page_of(furnace)
    await strip(one, "temperature").locator(".plot").focus()
    await one.page.keyboard.press("End")
    await expect(strip(one, "temperature").locator(".readout")).to_have_text(
        re.compile(r": 744\.0\u202f°C$")
    )
    await expect(strip(one, "running").locator(".readout")).to_have_text(re.compile(": running$"))
    box = await strip(one, "running").locator(".u-over").bounding_box()
    await one.page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 20)
    told = await strip(one, "temperature").locator(".readout").inner_text()
    await expect(strip(one, "running").locator(".readout")).to_have_text(
        told.split(": ")[0] + ": running"
    )


async def test_dragging_on_one_chart_zooms_all_and_the_address_tells_it(page_of, furnace) -> None:
    one = await page_of(furnace)
    box = await strip(one, "temperature").locator(".u-over").bounding_box()
    await one.page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 50)
    await one.page.mouse.down()
    await one.page.mouse.move(box["x"] + box["width"], box["y"] + 50, steps=4)
    await one.page.mouse.up()
    await expect(one.page).to_have_url(re.compile(r"from=\d+&to=\d+"))
    await expect(one.page.get_by_text("Paused")).to_be_visible()
    found = dict(parse_qsl(urlsplit(one.page.url).query))
    assert int(found["to"]) - int(found["from"]) == pytest.approx(12 * MINUTE_MS, rel=0.1)
    for metric in ("temperature", "running"):
        label = await strip(one, metric).locator(".plot").get_attribute("aria-label")
        assert "Line chart" in label
    await one.page.get_by_role("button", name="Zoom out").click()
    await one.page.get_by_role("button", name="Earlier").click()
    await one.page.reload()
    await expect(one.page.get_by_text("Paused")).to_be_visible()
    await one.page.get_by_role("button", name="Back to live").click()
    await expect(one.page).to_have_url(re.compile("range=1h"))


async def test_from_and_to_are_typed_in_the_plants_time(page_of, furnace) -> None:
    one = await page_of(furnace)
    await one.page.get_by_text("From – to").click()
    await one.page.get_by_label("From", exact=True).fill("2026-07-01 12:00")
    await one.page.get_by_label("To", exact=True).fill("2026-07-01 11:00")
    await one.page.get_by_role("button", name="Show", exact=True).click()
    await expect(one.page.get_by_text("“From” before “To”")).to_be_visible()
    await one.page.get_by_label("To", exact=True).fill("2026-07-01 13:00")
    await one.page.get_by_role("button", name="Show", exact=True).click()
    await expect(one.page).to_have_url(re.compile("from=1782896400000&to=1782900000000"))
    await expect(strip(one, "temperature").locator(".no-data")).to_contain_text(
        "No data between 2026-07-01 12:00 and 2026-07-01 13:00"
    )


async def test_a_gap_is_told_in_words(page_of, furnace) -> None:
    one = await page_of(furnace)
    await expect(strip(one, "temperature").locator(".quality")).to_have_text(
        re.compile(r"^Data for 7[3-6]\.\d\u202f% of this time · longest gap 15 min$")
    )


async def test_a_reading_arrives_at_the_end_of_the_line(page_of, plant, furnace) -> None:
    one = await page_of(furnace)
    await plant.send(furnace, [now_ms()], {"temperature": [812.3], "running": [0.0]})
    await expect(strip(one, "temperature").locator("dd").first).to_have_text("812.3\u202f°C")
    await expect(strip(one, "running").locator("dd").first).to_have_text("stopped")


async def test_the_table_and_the_file_hold_what_the_charts_show(page_of, furnace) -> None:
    end = now_ms() - 60 * MINUTE_MS
    one = await page_of(furnace, query=f"?from={end - 10 * MINUTE_MS}&to={end}")
    await one.page.get_by_role("button", name="Show as table").click()
    shown = strip(one, "temperature").locator(".chart-table tbody tr")
    await expect(shown).to_have_count(60)
    await one.page.get_by_text("Download", exact=True).click()
    async with one.page.expect_download() as coming:
        await one.page.get_by_role("button", name="Values shown (CSV)").click()
    download = await coming.value
    assert re.fullmatch(
        r"furnace-1_\d{4}-\d\d-\d\dT\d{4}_\d{4}-\d\d-\d\dT\d{4}\.csv", download.suggested_filename
    )
    rows = list(csv.DictReader(io.StringIO(Path(await download.path()).read_text("utf-8-sig"))))
    assert [row["metric"] for row in rows] == ["temperature"] * 60 + ["running"] * 60
    first = await shown.last.inner_text()
    assert first.split("\t") == [
        rows[0]["time_plant"][:19].replace("T", " "),
        f"{float(rows[0]['value']):.1f}",
    ]
    assert rows[0]["time_plant"].endswith("+03:00")
    assert rows[0]["unit"] == "°C"


async def test_the_link_keeps_what_is_shown(page_of, furnace) -> None:
    one = await page_of(furnace)
    await one.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await one.page.get_by_role("button", name="Copy link").click()
    await expect(one.page.get_by_text("Link copied.")).to_be_visible()
    link = await one.page.evaluate("navigator.clipboard.readText()")
    found = dict(parse_qsl(urlsplit(link).query))
    assert int(found["to"]) - int(found["from"]) == 60 * MINUTE_MS
    assert "range" not in found


async def test_an_alert_of_the_device_is_acknowledged_with_a_note(
    page_of, plant, furnace, pool
) -> None:
    await plant.rule(furnace, limit=780.0, message="Melt too hot")
    one = await page_of(furnace)
    await plant.send(furnace, [now_ms()], {"temperature": [801.0], "running": [1.0]})
    await one.page.get_by_role("button", name="Note").click()
    await one.page.get_by_role("textbox", name="Note (optional)").fill("Burner 2 checked")
    await one.page.get_by_role("button", name="Acknowledge: Melt too hot").click()
    await expect(one.page.locator(".alert .note")).to_have_text("Note: Burner 2 checked")
    assert await pool.fetchval("select note from alerts") == "Burner 2 checked"
    await plant.send(furnace, [now_ms()], {"temperature": [700.0], "running": [1.0]})
    await expect(one.page.locator(".alert")).to_have_count(0)
    await one.page.get_by_role("button", name="History").click()
    await expect(one.page.locator(".alert")).to_contain_text("Melt too hot")
    await one.page.locator(".alert .where").click()
    await expect(one.page).to_have_url(re.compile(r"from=\d+&to=\d+"))


async def test_a_device_that_has_sent_nothing_yet_begins_by_itself(enter, plant) -> None:
    quiet = await plant.device("quiet", interval_ms=10_000)
    one = await enter(path=f"/dashboard/devices/{quiet}")
    await expect(one.page.get_by_text("has not sent anything yet")).to_be_visible()
    await one.is_accessible()
    await plant.send(quiet, [now_ms()], {"gas": [4.5]})
    await expect(strip(one, "gas").locator("dd").first).to_have_text("4.5\u202fppm")


@LOOKS
async def test_long_names_and_markup_break_nothing(page_of, plant, look) -> None:
    odd = await plant.device(LONG[:60], machine="<i>x</i>" + "M" * 52, area="A" * 60)
    await plant.rule(odd, message="<u>x</u>" + "W" * 192)
    await plant.send(odd, [now_ms()], {"temperature": [20.0]})
    one = await page_of(odd, **look)
    await plant.send(odd, [now_ms()], {"temperature": [120.0]})
    await expect(one.page.locator(".alert")).to_have_count(1)
    await expect(one.page.get_by_role("heading", level=1)).to_have_text(LONG[:60])
    await expect(one.page.locator("main i, main b, main u")).to_have_count(0)
    await one.is_accessible()
    for path, shown in (
        ("/dashboard/devices", f'tr[data-device="{odd}"]'),
        ("/dashboard/alerts", ".alert"),
        ("/dashboard", ".alert"),
    ):
        await one.go(path)
        await expect(one.page.locator(shown)).to_be_visible()
        await one.is_accessible()
