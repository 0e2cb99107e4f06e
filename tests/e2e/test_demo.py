"""The whole product as a stranger meets it: `carbonseed up --demo`, a browser, Ctrl-C."""

import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from playwright.async_api import Page, async_playwright, expect

from appliance.demo import nodes, plant
from tests.e2e.demo import Demo
from tests.e2e.pictures import sign_in, take_dashboard, take_pages

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PICTURES = os.environ.get("CARBONSEED_TEST_PICTURES")
FAULT = "Solvent vapour is rising"
FAULT_SECONDS = 120
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """One plant for all tests here, in the order they stand in."""
    folder = Path(tempfile.mkdtemp(prefix="carbonseed-", dir="/tmp"))
    folder.chmod(0o711)
    made = Demo(folder / "data", history_days=30 if PICTURES else 2)
    try:
        print(f"\nfirst start: {made.start():.1f} s")
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


@pytest.fixture
async def page(demo: Demo) -> AsyncIterator[Page]:
    """A browser in which the operator has signed in."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = await sign_in(browser, demo, "operator")
        await opened.wait_for_url("**/dashboard/alerts")
        await opened.goto(f"{demo.url}/dashboard")
        yield opened
        await browser.close()


async def test_a_scripted_fault_is_on_the_page_moments_after_its_reading(
    demo: Demo, page: Page, tmp_path: Path
) -> None:
    row = page.locator("li.alert[data-state=unacknowledged]", has_text=FAULT)
    await expect(row).to_be_visible(timeout=FAULT_SECONDS * 1000)
    seen = time.time()
    alerts = demo.get("operator", "/alerts")["alerts"]
    alert = next(one for one in alerts if one["message"] == FAULT)
    raised = datetime.fromisoformat(alert["raised_at"]).timestamp()
    print(f"\nfrom the reading to the page: {seen - raised:.2f} s")
    await row.locator("button.where").click()
    await page.mouse.move(0, 0)
    folder = Path(PICTURES) if PICTURES else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    await take_dashboard(page, folder)
    await row.get_by_role("button", name="Acknowledge").click()
    acknowledged = page.locator("li.alert[data-state=acknowledged]", has_text=FAULT)
    closed = page.locator("li.alert", has_text=FAULT)
    await expect(acknowledged.or_(closed).first).to_be_visible()
    alerts = demo.get("manager", "/alerts", state="all")["alerts"]
    (by,) = [one["acknowledged_by"] for one in alerts if one["id"] == alert["id"]]
    assert by == "Olga Kern"


async def test_every_page_has_its_picture(demo: Demo, page: Page, tmp_path: Path) -> None:
    folder = Path(PICTURES) if PICTURES else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    assert page.context.browser
    await take_pages(page.context.browser, demo, folder)
    assert len(list(folder.glob("*.png"))) >= 12


async def test_live_values_come_over_http_2_and_change_before_ones_eyes(page: Page) -> None:
    await expect(page.locator("tr[data-device]")).to_have_count(len(plant.NODES))
    row = page.locator("tr[data-device]", has_text="furnace-1").first
    await expect(row).not_to_have_text(await row.inner_text(), timeout=20_000)
    protocol = await page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol")
    assert protocol == "h2"


def test_the_nodes_are_the_firmware_on_its_own_interpreter(demo: Demo) -> None:
    found = demo.nodes()
    assert set(found) == {node.name for node in plant.NODES}
    for process in found.values():
        assert {nodes.interpreter(), str(nodes.FIRMWARE / "src" / "main.py")} < {*process.cmdline()}
        doors = [one for one in process.net_connections() if one.status == psutil.CONN_LISTEN]
        assert doors == [], "a node holds a port of the appliance"


def test_the_past_is_there_and_today_is_complete(demo: Demo) -> None:
    devices = demo.get("manager", "/devices")["devices"]
    device_id = next(one["device"]["id"] for one in devices if one["device"]["name"] == "furnace-1")
    asked = {"device_id": device_id, "metric": "temperature", "from": now_ms() - 40 * DAY_MS}
    series = demo.get("manager", "/data/series", **asked)
    overview = demo.get("manager", "/insights/overview", factory_id=1)
    days = (now_ms() - series["times"][0]) / DAY_MS
    assert days == pytest.approx(30 if PICTURES else 2, abs=0.5)
    assert overview["completeness_today"] > 0.9
    assert overview["devices"]["live"] >= len(plant.NODES) - 1


def test_a_node_that_dies_is_started_again(demo: Demo) -> None:
    died = demo.nodes()["pump-a"]
    died.kill()
    deadline = time.monotonic() + 30
    while (again := demo.nodes().get("pump-a")) is None or again.pid == died.pid:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_ctrl_c_ends_everything_and_the_next_start_goes_on(demo: Demo) -> None:
    processes, password, port = demo.processes(), demo.password, demo.note()["people_port"]
    assert demo.interrupt() == 0
    assert [process for process in processes if lives(process)] == []
    assert "Traceback" not in demo.output
    took = demo.start()
    print(f"\nsecond start: {took:.1f} s")
    assert demo.password == password
    assert demo.note()["people_port"] != port
    assert "gets its past" not in demo.output
    deadline = time.monotonic() + 60
    while not all_live(demo.get("operator", "/devices")["devices"], datetime.now(UTC)):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert demo.interrupt() == 0


def all_live(devices: list[dict[str, str]], now: datetime) -> bool:
    return all(
        one["state"] == "live" and (now - datetime.fromisoformat(one["received_at"])).seconds < 10
        for one in devices
    )


def now_ms() -> int:
    return round(time.time() * 1000)


def lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
