"""What stands around a chart's line: limits, alarms, incidents, what is usual, the week before."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from PIL import Image
from playwright.async_api import expect

from appliance.model.baseline import Learnt
from appliance.model.user import Role
from appliance.store.baselines import insert_baseline
from tests.webui.browser.conftest import LOOKS, MINUTE_MS, now_ms

pytestmark = pytest.mark.browser

HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
LINE, HIGH, BEFORE = (31, 95, 139), (138, 90, 0), (123, 133, 142)
PIXELS = """
    (strip, [left, right, top, bottom]) => {
      const over = strip.querySelector(".u-over"), canvas = strip.querySelector("canvas");
      const scale = canvas.width / canvas.clientWidth;
      const across = (share) => (over.offsetLeft + share * over.offsetWidth) * scale;
      const down = (share) => (over.offsetTop + share * over.offsetHeight) * scale;
      const width = Math.max(1, Math.round(across(right) - across(left)));
      const height = Math.max(1, Math.round(down(bottom) - down(top)));
      const copy = new OffscreenCanvas(width, height).getContext("2d", {willReadFrequently: true});
      copy.drawImage(canvas, -Math.round(across(left)), -Math.round(down(top)));
      return Array.from(copy.getImageData(0, 0, width, height).data);
    }
"""


def strip(one, metric: str = "temperature"):
    return one.page.locator(f'[data-metric="{metric}"]')


def plot(one, metric: str = "temperature"):
    return strip(one, metric).locator(".plot")


async def drawn(one, colour, left=0.0, right=1.0, top=0.0, bottom=1.0) -> int:
    """How many pixels of a part of the temperature's plot have about that colour."""
    data = await strip(one).evaluate(PIXELS, [left, right, top, bottom])
    pixels = zip(data[0::4], data[1::4], data[2::4], data[3::4], strict=True)
    return sum(
        alpha > 200 and all(abs(a - b) < 24 for a, b in zip(rgb, colour, strict=True))
        for *rgb, alpha in pixels
    )


async def address(one) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(one.page.url).query))


async def span_of(one) -> int:
    await expect(one.page).to_have_url(re.compile(r"from=\d+&to=\d+"))
    found = await address(one)
    return int(found["to"]) - int(found["from"])


@pytest.fixture
async def page_of(enter):
    async def do(device, query: str = "", role=Role.OPERATOR, **look):
        one = await enter(role, f"/dashboard/devices/{device}{query}", **look)
        await expect(strip(one).locator("dd").first).not_to_have_text("—")
        return one

    return do


@pytest.fixture
async def usual(pool, furnace):
    """The furnace is usually at 743 °C."""
    now = datetime.now(UTC)
    learnt = Learnt(
        from_ms=now_ms() - WEEK_MS, to_ms=now_ms(), mid=(743.0,) * 168, scale=(1.0,) * 168,
        resolution=1.0,
    )  # fmt: skip
    await insert_baseline(pool, furnace, "temperature", learnt, now - timedelta(days=1))


@pytest.fixture
async def last_week(plant, furnace):
    """The furnace was some 6 K colder a week ago."""
    end = now_ms() - WEEK_MS
    times = list(range(end - 2 * HOUR_MS, end + HOUR_MS, 10_000))
    await plant.send(
        furnace,
        times,
        {"temperature": [736 + place % 60 / 20 for place in range(len(times))]},
        epoch=2,
    )


async def test_limits_of_live_rules_are_lines_with_their_priority(page_of, plant, furnace) -> None:
    await plant.rule(furnace, look={"kind": "threshold", "h": 748.0, "hh": 752.0})
    await plant.rule(furnace, limit=744.5, mode="shadow")
    one = await page_of(furnace)
    await expect(plot(one)).to_have_attribute(
        "aria-label",
        re.compile(r"Limits: limit 748\.0\u202f°C · P3, limit 752\.0\u202f°C · P2\. "),
    )
    assert await drawn(one, HIGH) > 200
    assert "Limits" not in (await plot(one, "running").get_attribute("aria-label"))


async def test_an_alarm_is_shaded_from_the_reading_that_raised_it(page_of, plant, furnace) -> None:
    await plant.rule(furnace, limit=780.0, message="Melt too hot")
    one = await page_of(furnace, "?range=10m")
    assert await drawn(one, HIGH, top=0, bottom=0.01) == 0
    at = now_ms()
    await plant.send(furnace, [at], {"temperature": [801.0], "running": [1.0]})
    await expect(plot(one)).to_have_attribute("aria-label", re.compile("Alarms shaded: 1"))
    await plant.send(furnace, [at + 4000], {"temperature": [740.0], "running": [1.0]})
    await one.page.get_by_role("button", name="Show as table").click()
    await expect(strip(one).locator(".also-drawn")).to_contain_text(
        re.compile(r"Alarm, priority 2: Melt too hot, \d\d:\d\d to \d\d:\d\d")
    )
    await one.page.get_by_role("button", name="Show as table").click()
    await one.go(f"/dashboard/devices/{furnace}?from={at - 20_000}&to={at + 20_000}")
    await expect(plot(one)).to_have_attribute("aria-label", re.compile("Alarms shaded: 1"))
    assert await drawn(one, HIGH, 0.52, 0.58, 0, 0.01) > 10
    assert await drawn(one, HIGH, 0.1, 0.45, 0, 0.01) == 0


async def test_what_is_usual_is_a_band_and_read_out(page_of, furnace, usual) -> None:
    one = await page_of(furnace)
    await expect(plot(one)).to_have_attribute(
        "aria-label", re.compile(r"What is usual is a band\.")
    )
    await plot(one).focus()
    await one.page.keyboard.press("End")
    await expect(strip(one).locator(".readout")).to_have_text(
        re.compile(r": 744\.0\u202f°C · usual 7\d\d\.\d to 7\d\d\.\d$")
    )
    await one.page.get_by_role("button", name="Show as table").click()
    await expect(strip(one).get_by_role("columnheader", name="usual")).to_be_visible()


async def test_what_stands_beside_the_line_may_fail_and_says_so(page_of, furnace) -> None:
    one = await page_of(furnace, "?range=8h")
    await one.page.route("**/insights/baseline?*", lambda route: route.fulfill(status=503))
    await one.page.get_by_role("button", name="24 h").click()
    await expect(strip(one).locator(".basis")).to_contain_text("could not be loaded")
    assert await drawn(one, LINE) > 20
    one.trouble.clear()  # the browser's own words about the 503


async def test_an_incident_is_marked_on_the_chart_and_taken_away(page_of, pool, furnace) -> None:
    end = now_ms() // MINUTE_MS * MINUTE_MS
    one = await page_of(furnace, f"?from={end - 20 * MINUTE_MS}&to={end - 10 * MINUTE_MS}")
    await one.page.get_by_role("button", name="Mark an incident").click()
    dialog = one.page.get_by_role("dialog")
    await dialog.get_by_label("What happened").fill("Door left open <b>")
    await dialog.get_by_label("To", exact=True).fill("2020-01-01 00:00")
    await dialog.get_by_role("button", name="Mark it").click()
    await expect(dialog).to_contain_text("must be later")
    begin = await dialog.get_by_label("From", exact=True).input_value()
    later = datetime.strptime(begin, "%Y-%m-%d %H:%M") + timedelta(minutes=5)  # noqa: DTZ007
    await dialog.get_by_label("To", exact=True).fill(f"{later:%Y-%m-%d %H:%M}")
    await one.is_accessible()
    await dialog.get_by_role("button", name="Mark it").click()
    await expect(dialog).to_have_count(0)
    await expect(one.page.locator(".incidents li")).to_contain_text("Door left open <b>")
    row = await pool.fetchrow("select * from incidents")
    assert row["from_at"] == datetime.fromtimestamp((end - 20 * MINUTE_MS) / 1000, UTC)
    assert row["to_at"] - row["from_at"] == timedelta(minutes=5)
    await expect(plot(one)).to_have_attribute(
        "aria-label", re.compile("Incidents: Door left open <b>")
    )
    text = (29, 35, 39)
    assert await drawn(one, text, 0.05, 0.45, 0.985) > 50
    assert await drawn(one, text, 0.6, 0.95, 0.985) == 0
    one.trouble.clear()  # the browser's own words about the 422
    await one.page.get_by_role("button", name="Take the mark away").click()
    await expect(one.page.locator(".incidents")).to_be_hidden()
    assert await pool.fetchval("select count(*) from incidents") == 0


async def test_who_may_not_mark_incidents_only_sees_them(page_of, pool, plant, furnace) -> None:
    await pool.execute(
        """
        insert into incidents (factory_id, device_id, from_at, to_at, title, made_by)
        values ($1, $2, now() - interval '9 minutes', now() - interval '5 minutes', 'Leak', 'Ada')
        """,
        plant.factory_id,
        furnace,
    )
    one = await page_of(furnace, role=Role.MANAGER)
    await expect(one.page.locator(".incidents li")).to_contain_text("marked by Ada")
    await expect(one.page.get_by_role("button", name="Mark an incident")).to_have_count(0)
    await expect(one.page.get_by_role("button", name="Take the mark away")).to_have_count(0)
    await one.page.get_by_role("button", name="Show: Leak").click()
    assert await span_of(one) == pytest.approx(12 * MINUTE_MS, abs=1000)


async def test_the_keyboard_reads_and_zooms_and_a_button_leads_back(page_of, furnace) -> None:
    end = now_ms()
    one = await page_of(furnace, f"?from={end - 60 * MINUTE_MS}&to={end}")
    read = strip(one).locator(".readout")
    await expect(strip(one).locator(".basis")).to_have_text("Every reading")
    await plot(one).focus()
    await one.page.keyboard.press("Home")
    for _ in range(7):  # each twenty readings on, to behind the gap
        await one.page.keyboard.press("PageDown")
    before = await read.inner_text()
    await one.page.keyboard.press("PageUp")
    await expect(read).not_to_have_text(before)
    await one.page.keyboard.press("PageDown")
    await expect(read).to_have_text(before)
    await one.page.keyboard.press("+")
    await expect(one.page).not_to_have_url(re.compile(str(end)))
    assert await span_of(one) == pytest.approx(30 * MINUTE_MS, abs=2)
    await one.page.keyboard.press("-")
    await expect(one.page).to_have_url(re.compile(f"from={end - 60 * MINUTE_MS}&to={end}"))
    back = one.page.get_by_role("button", name="Back to the time before")
    await back.click()
    assert await span_of(one) == pytest.approx(30 * MINUTE_MS, abs=2)
    await back.click()
    assert await span_of(one) == HOUR_MS
    await expect(back).to_be_disabled()


async def test_every_arrow_reaches_the_other_side_of_a_gap(page_of, furnace) -> None:
    end = now_ms()
    one = await page_of(furnace, f"?from={end - 41 * MINUTE_MS}&to={end - 24 * MINUTE_MS}")
    read = strip(one).locator(".readout")
    await plot(one).focus()
    await one.page.keyboard.press("Home")
    told = set()
    for _ in range(20):
        told.add(await read.inner_text())
        await one.page.keyboard.press("ArrowRight")
    assert len(told) > 11  # those before the gap are at most seven, those behind it too
    assert all(re.search(r": 74\d\.\d\u202f°C$", words) for words in told)


async def test_shifts_and_days_are_those_of_the_plant(page_of, pool, furnace) -> None:
    zone = ZoneInfo(await pool.fetchval("select time_zone from factories limit 1"))
    one = await page_of(furnace)
    chooser = one.page.locator(".span summary")
    await chooser.click()
    await one.is_accessible()
    await one.page.get_by_role("button", name="Last shift").click()
    await expect(one.page).to_have_url(re.compile(r"from=\d+&to=\d+"))
    shown = await address(one)
    begin, end = (datetime.fromtimestamp(int(shown[name]) / 1000, zone) for name in ("from", "to"))
    assert begin.hour in {6, 14, 22}
    assert (end.hour - begin.hour) % 24 == 8
    assert end <= datetime.now(zone) < end + timedelta(hours=10)
    await chooser.click()
    await one.page.get_by_role("button", name="This shift").click()
    await expect(one.page).to_have_url(re.compile("range=shift"))
    await expect(chooser).to_have_text("This shift")
    await expect(one.page.get_by_text("Paused")).to_be_hidden()
    await one.page.reload()
    await expect(chooser).to_have_text("This shift")
    await chooser.click()
    await one.page.get_by_role("button", name="Yesterday").click()
    found = await address(one)
    day = datetime.fromtimestamp(int(found["from"]) / 1000, zone)
    assert (day.hour, day.minute) == (0, 0)
    assert day.date() == datetime.now(zone).date() - timedelta(days=1)


async def test_the_week_before_is_drawn_thin_and_grey_with_its_name(
    page_of, furnace, last_week
) -> None:
    end = now_ms() - 30_000
    one = await page_of(furnace, f"?from={end - 20 * MINUTE_MS}&to={end}")
    assert await drawn(one, BEFORE) == 0
    await one.page.get_by_role("button", name="Compare with last week").click()
    await expect(one.page).to_have_url(re.compile("compare=week"))
    await expect(plot(one)).to_have_attribute("aria-label", re.compile("The week before"))
    assert await drawn(one, BEFORE) > 100
    await plot(one).focus()
    await one.page.keyboard.press("End")
    await expect(strip(one).locator(".readout")).to_contain_text(
        re.compile(r"7 d earlier 73\d\.\d$")
    )
    await one.page.get_by_role("button", name="Show as table").click()
    cells = strip(one).locator("tbody tr").first.locator("td")
    await expect(cells.last).to_have_text(re.compile(r"^73\d\.\d$"))
    await one.page.reload()
    await expect(plot(one)).to_have_attribute("aria-label", re.compile("The week before"))
    await one.page.get_by_role("button", name="Compare with last week").click()
    await expect(plot(one)).not_to_have_attribute("aria-label", re.compile("The week before"))
    assert "compare" not in await address(one)


async def test_every_reading_goes_into_a_file(page_of, furnace) -> None:
    end = now_ms() - 60 * MINUTE_MS
    one = await page_of(furnace, f"?from={end - 10 * MINUTE_MS}&to={end}")
    files = {}
    for kind in ("CSV", "Parquet"):
        await one.page.get_by_text("Download", exact=True).click()
        async with one.page.expect_download() as coming:
            await one.page.get_by_role("link", name=f"Every reading ({kind})").click()
        files[kind] = await (await coming.value).path()
    assert pq.read_table(files["Parquet"]).num_rows == 120
    assert len(Path(files["CSV"]).read_text("utf-8-sig").splitlines()) == 121


async def test_a_chart_is_a_light_picture_in_every_theme(page_of, furnace) -> None:
    one = await page_of(furnace, dark=True)
    async with one.page.expect_download() as coming:
        await strip(one).get_by_role("button", name="Download Temperature as a picture").click()
    download = await coming.value
    assert re.fullmatch(r"furnace-1_temperature_.*\.png", download.suggested_filename)
    picture = Image.open(await download.path()).convert("RGB")
    assert picture.width == 1200
    assert picture.getpixel((2, 2)) == (255, 255, 255)
    colours = {colour for _, colour in picture.getcolors(picture.width * picture.height)}
    assert LINE in colours
    head = picture.crop((0, 0, 600, 60)).convert("L")
    assert sum(head.histogram()[:80]) > 100  # the title's ink
    await expect(one.page.locator(".paper")).to_have_count(0)


async def test_one_reading_in_a_year_stays_to_be_seen(page_of, plant) -> None:
    device = await plant.device("kiln", interval_ms=1_800_000)
    end = now_ms() - HOUR_MS
    times = list(range(end - 360 * DAY_MS, end, 1_800_000))
    values = [500.0 + place % 3 for place in range(len(times))]
    spike = len(times) * 2 // 3
    values[spike] = 999.0
    await plant.send(device, times, {"temperature": values})
    one = await page_of(device, f"?from={end - 365 * DAY_MS}&to={end}")
    await expect(strip(one).locator("dd").last).to_have_text("999.0\u202f°C")
    await expect(strip(one).locator(".basis")).to_contain_text("extremes kept")
    at = (times[spike] - (end - 365 * DAY_MS)) / (365 * DAY_MS)
    grey = [await drawn_any(one, left, left + 0.02, 0.1, 0.5) for left in (at - 0.01, at - 0.05)]
    assert grey[0] > 60
    assert grey[1] == 0
    await one.go(
        f"/dashboard/devices/{device}?from={times[spike] - DAY_MS}&to={times[spike] + DAY_MS}"
    )
    await expect(strip(one).locator(".basis")).to_have_text("Every reading")
    await one.page.get_by_role("button", name="Show as table").click()
    await expect(strip(one).locator("tbody").get_by_text("999.0")).to_have_count(1)


async def drawn_any(one, left: float, right: float, top: float, bottom: float) -> int:
    """Pixels of the line or of the band between its extremes: more blue than red by far."""
    data = await strip(one).evaluate(PIXELS, [left, right, top, bottom])
    return sum(
        alpha > 40 and blue - red > 30
        for red, blue, alpha in zip(data[0::4], data[2::4], data[3::4], strict=True)
    )


async def test_a_gap_stays_a_gap_and_is_said_in_the_table(page_of, furnace) -> None:
    end = now_ms()
    one = await page_of(furnace, f"?from={end - 60 * MINUTE_MS}&to={end}")
    # Missing is what lies between 40 and 25 minutes before the end: 0.33 to 0.58 of the width.
    assert await drawn(one, LINE, 0.36, 0.56) == 0
    assert await drawn(one, LINE, 0.05, 0.30) > 20
    assert await drawn(one, LINE, 0.62, 0.95) > 20
    await one.page.get_by_role("button", name="Show as table").click()
    gap = strip(one).locator("tr.gap")
    await expect(gap).to_have_count(1)
    await expect(gap).to_contain_text(
        re.compile(r"No data until \d{4}-\d\d-\d\d [\d:]+ \(15 min\)")
    )


@pytest.mark.parametrize("theme", [None, "contrast"])
@LOOKS
async def test_a_full_chart_is_accessible(
    page_of, plant, pool, furnace, usual, last_week, look, theme
) -> None:
    await plant.rule(furnace, limit=748.0)
    await pool.execute(
        """
        insert into incidents (factory_id, device_id, from_at, to_at, title, made_by)
        values ($1, $2, now() - interval '9 minutes', now() - interval '5 minutes', $3, 'Ada')
        """,
        plant.factory_id,
        furnace,
        "W" * 200,
    )
    one = await page_of(furnace, "?compare=week", **look)
    if theme:
        await one.page.evaluate(f"localStorage.setItem('theme', '{theme}')")
        await one.page.reload()
    await expect(plot(one)).to_have_attribute(
        "aria-label", re.compile("Limits.*Incidents.*usual.*week before")
    )
    await one.is_accessible()
    await one.page.get_by_text("Download", exact=True).click()
    await one.is_accessible()
