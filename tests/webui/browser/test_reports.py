"""The reports' page: what is offered to whom, the first page, the files, signing."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import expect

from appliance.model.user import Role
from tests.appliance.conftest import PASSWORD
from tests.webui.browser.conftest import LOOKS, MINUTE_MS

pytestmark = pytest.mark.browser


@pytest.fixture
async def last_week(plant):
    """A furnace that sent all of last Wednesday's noon, North's time."""
    device = await plant.device("furnace-1", interval_ms=60_000, machine="Melting furnace")
    today = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    noon = today - timedelta(days=today.weekday() + 5)
    begin = int(noon.timestamp() * 1000)
    times = [begin + minute * MINUTE_MS for minute in range(60)]
    await plant.send(device, times, {"temperature": [740.0] * 60, "running": [1.0] * 60})
    year, week, _ = noon.isocalendar()
    return f"{year}-W{week:02}"


async def read(one):
    await expect(one.page.locator(".preview")).to_be_visible(timeout=30_000)


@LOOKS
async def test_the_page_is_accessible(enter, last_week, look) -> None:
    one = await enter(Role.COMPLIANCE, "/dashboard/reports", **look)
    await read(one)
    await one.is_accessible()
    await one.page.get_by_role("button", name="Compliance").click()
    await one.page.get_by_label("Period", exact=True).select_option("other")
    await expect(one.page.get_by_label("First day")).to_be_focused()
    await one.is_accessible()


async def test_the_last_week_that_is_over_is_shown_first(enter, last_week) -> None:
    one = await enter(Role.MANAGER, "/dashboard/reports")
    await read(one)
    await expect(one.page.get_by_label("Period", exact=True)).to_have_value(last_week)
    await expect(one.page.locator(".completeness")).to_contain_text("of the expected readings")
    for question in ("What happened", "Is the data complete", "Is anything beyond its limits"):
        await expect(one.page.get_by_role("heading", name=question)).to_be_visible()
    await expect(one.page.get_by_role("heading", name="Sign this report")).to_have_count(0)


async def test_the_current_month_is_called_unfinished(enter, last_week) -> None:
    one = await enter(Role.COMPLIANCE, "/dashboard/reports")
    await one.page.get_by_role("button", name="Monthly").click()
    await one.page.get_by_label("Period", exact=True).select_option(index=0)
    await expect(one.page.get_by_text("This period is not over yet")).to_be_visible(timeout=30_000)
    await expect(one.page.get_by_role("heading", name="Sign this report")).to_have_count(0)
    asked = parse_qs(urlsplit(one.page.url).query)
    await one.page.reload()
    await expect(one.page.get_by_role("button", name="Monthly")).to_have_attribute(
        "aria-pressed", "true"
    )
    await expect(one.page.get_by_label("Period", exact=True)).to_have_value(asked["period"][0])


@pytest.mark.parametrize("form", ["PDF", "CSV", "JSON"])
async def test_each_form_is_downloaded(enter, last_week, form) -> None:
    one = await enter(Role.MANAGER, "/dashboard/reports")
    await read(one)
    async with one.page.expect_download() as coming:
        await one.page.get_by_role("button", name=form, exact=True).click()
    download = await coming.value
    assert download.suggested_filename == f"carbonseed-north-weekly-{last_week}.{form.lower()}"
    data = Path(await download.path()).read_bytes()
    if form == "PDF":
        assert data.startswith(b"%PDF")
    if form == "JSON":
        assert json.loads(data)["period"]["name"] == last_week
    if form == "CSV":
        assert b"furnace-1" in data


async def test_compliance_is_offered_to_its_roles_alone(enter, last_week) -> None:
    one = await enter(Role.OPERATOR, "/dashboard/reports")
    await read(one)
    kinds = one.page.get_by_role("group", name="Kind of report").get_by_role("button")
    await expect(kinds).to_have_text(["Weekly", "Monthly"])


async def test_own_days_are_reported(enter, last_week) -> None:
    one = await enter(Role.COMPLIANCE, "/dashboard/reports?kind=compliance")
    await read(one)
    await one.page.get_by_label("Period", exact=True).select_option("other")
    await one.page.get_by_label("First day").fill("2026-11-01")
    await one.page.get_by_label("Last day").fill("2026-11-03")
    await one.page.get_by_role("button", name="Show", exact=True).click()
    await expect(one.page.locator(".preview")).to_contain_text(
        "2026-11-01 – 2026-11-03", timeout=30_000
    )
    await one.page.get_by_label("Last day").fill("2026-10-03")
    await one.page.get_by_role("button", name="Show", exact=True).click()
    await expect(one.page.locator(".failure")).to_contain_text("2026-11-01..2026-10-03")
    one.trouble.clear()  # chromium logs the status 422


async def test_a_report_is_signed_with_the_password_and_kept(enter, last_week) -> None:
    one = await enter(Role.COMPLIANCE, "/dashboard/reports")
    await read(one)
    await expect(one.page.get_by_text("No report has been signed yet.")).to_be_visible()
    await one.page.get_by_label("I have").select_option("approved")
    await one.page.get_by_label("Your password").fill("wrong")
    await one.page.get_by_role("button", name="Sign", exact=True).click()
    await expect(one.page.locator(".signing .wrong")).to_contain_text("The password is wrong")
    one.trouble.clear()  # chromium logs the status 403
    await one.page.get_by_label("Your password").fill(PASSWORD)
    await one.page.get_by_role("button", name="Sign", exact=True).click()
    await expect(one.page.get_by_text("Signed. It is in the list below")).to_be_visible(
        timeout=30_000
    )
    row = one.page.locator("[data-signed]")
    await expect(row).to_contain_text(last_week)
    await expect(row).to_contain_text("Compliance")
    await expect(row).to_contain_text("approved it")
    await expect(row.locator(".digest")).to_have_text(re.compile("^[0-9a-f]{64}$"))
    await one.is_accessible()
    async with one.page.expect_download() as coming:
        await row.get_by_role("button").click()
    assert Path(await (await coming.value).path()).read_bytes().startswith(b"PK")


async def test_the_overview_leads_to_the_reports(enter, last_week) -> None:
    one = await enter(Role.MANAGER)
    reports = one.page.locator("cs-report-links li")
    await expect(reports).to_have_count(3)
    await expect(reports.first).to_contain_text(last_week)
    async with one.page.expect_download() as coming:
        await one.page.get_by_role("button", name="Weekly report as PDF").click()
    assert (await coming.value).suggested_filename.endswith(f"{last_week}.pdf")
    await one.page.get_by_role("link", name="Weekly", exact=True).click()
    await read(one)


async def test_a_file_that_cannot_be_made_is_told_and_not_saved(enter, last_week) -> None:
    one = await enter(Role.MANAGER, "/dashboard/reports")
    await read(one)
    told = {"status": 503, "title": "x", "code": "unavailable", "detail": "Many are being made."}
    await one.page.route(
        "**/reports/weekly?*format=pdf",
        lambda route: route.fulfill(
            status=503, json=told, headers={"Content-Type": "application/problem+json"}
        ),
    )
    one.page.on("download", lambda download: one.trouble.append(f"saved: {download}"))
    await one.page.get_by_role("button", name="PDF", exact=True).click()
    await expect(one.page.locator(".files .wrong")).to_have_text("Many are being made.")
    assert not [trouble for trouble in one.trouble if trouble.startswith("saved")]
    one.trouble.clear()  # chromium logs the status 503
