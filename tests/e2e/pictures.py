"""Pictures of every page of the running product, as each is used."""

from pathlib import Path

from playwright.async_api import Browser, FilePayload, Page, ViewportSize, expect

from tests.appliance.bundles import packed
from tests.e2e.demo import Demo

VIEW = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)
SETTLED_MS = 800


async def sign_in(browser: Browser, demo: Demo, role: str, view: ViewportSize = VIEW) -> Page:
    """A browser of its own, in which a person of that role has signed in."""
    context = await browser.new_context(
        ignore_https_errors=True, viewport=view, reduced_motion="reduce"
    )
    page = await context.new_page()
    await page.goto(f"{demo.url}/login")
    await page.fill("input[name=email]", demo.people[role])
    await page.fill("input[name=password]", demo.password)
    await page.press("input[name=password]", "Enter")
    await page.wait_for_url("**/dashboard**")
    return page


async def take_dashboard(page: Page, folder: Path) -> None:
    """The dashboard as it is now, light and dark."""
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await shoot(page, folder / f"dashboard-{scheme}.png")


async def take_pages(browser: Browser, demo: Demo, folder: Path) -> None:
    """Every other page, with what one comes to it for."""
    technician = await sign_in(browser, demo, "technician")
    await _take_device(technician, demo, folder)
    await _take_rule(technician, demo, folder)
    await _take_past(technician, demo, folder)
    administrator = await sign_in(browser, demo, "administrator")
    plain = {
        "alerts": "/alerts",
        "completeness": "/completeness",
        "reports": "/reports",
    }
    for name, path in plain.items():
        await administrator.goto(f"{demo.url}/dashboard{path}")
        await shoot(administrator, folder / f"{name}.png")
    await _take_firmware(administrator, demo, folder)
    phone = await sign_in(browser, demo, "manager", PHONE)
    await phone.goto(f"{demo.url}/dashboard")
    await shoot(phone, folder / "dashboard-phone.png")
    manager = await sign_in(browser, demo, "manager")
    await manager.goto(f"{demo.url}/dashboard?kiosk=1")
    await shoot(manager, folder / "wall.png")
    await manager.evaluate("localStorage.setItem('theme', 'contrast')")
    await manager.goto(f"{demo.url}/dashboard")
    await shoot(manager, folder / "dashboard-contrast.png")
    for page in (technician, administrator, phone, manager):
        await page.context.close()


async def shoot(page: Page, path: Path) -> None:
    """The page once it has loaded what it shows."""
    await expect(page.locator("cs-live")).not_to_have_attribute("data-connection", "connecting")
    for words in ("Loading", "is being made"):
        await expect(page.get_by_text(words)).to_have_count(0, timeout=30_000)
    if await page.locator("cs-machines").count():
        await expect(page.locator("cs-machines .picture svg").first).to_be_visible(timeout=30_000)
    await page.evaluate("scrollTo(0, 0)")
    await page.wait_for_timeout(SETTLED_MS)
    await page.screenshot(path=path)


async def _take_device(page: Page, demo: Demo, folder: Path) -> None:
    await page.goto(f"{demo.url}/dashboard/devices")
    await shoot(page, folder / "devices.png")
    await page.locator("cs-devices a.where", has_text="furnace-1").first.click()
    await page.wait_for_selector("canvas")
    await shoot(page, folder / "device.png")
    machines = demo.get("technician", "/machines")["machines"]
    machine = next(one["id"] for one in machines if one["name"] == "Forge press")
    await page.goto(f"{demo.url}/dashboard/machines/{machine}")
    await shoot(page, folder / "machine.png")


async def _take_rule(page: Page, demo: Demo, folder: Path) -> None:
    """A rule that is being written, and what it would have done."""
    await page.goto(f"{demo.url}/dashboard/rules")
    await page.get_by_role("button", name="New rule").click()
    await page.get_by_label("Measured").select_option("temperature")
    await page.get_by_label("Device").select_option(label="furnace-1 · Melting furnace")
    await page.get_by_label("Too high (H) (°C)").fill("753")
    await page.get_by_label("Message").fill("Furnace too hot")
    await page.get_by_role("button", name="Try it on the past").click()
    await expect(page.locator(".builder .backtest").get_by_role("heading")).to_be_visible()
    await shoot(page, folder / "rules-backtest.png")


async def _take_firmware(page: Page, demo: Demo, folder: Path) -> None:
    """A release that waits to be rolled out; the demo's nodes stay with what they run."""
    await page.goto(f"{demo.url}/dashboard/admin/firmware")
    await page.get_by_role("button", name="Add a release").click()
    bundle = FilePayload(
        name="node-1.1.0.fw", mimeType="application/octet-stream", buffer=packed("1.1.0")
    )
    await page.get_by_label("Firmware bundle").set_input_files(bundle)
    await page.get_by_role("dialog").get_by_role("button", name="Add a release").click()
    await expect(page.get_by_role("button", name="Roll out: 1.1.0")).to_be_visible()
    await shoot(page, folder / "admin-firmware.png")


async def _take_past(page: Page, demo: Demo, folder: Path) -> None:
    """The time machine at the newest alert that was raised."""
    newest = demo.get("technician", "/alerts", state="all", limit=1)["alerts"][0]["id"]
    await page.goto(f"{demo.url}/dashboard/alerts?alert={newest}")
    await page.get_by_role("dialog").get_by_role("link", name="Replay").click()
    await page.get_by_role("button", name="To the next alert").click()
    await shoot(page, folder / "time-machine.png")
