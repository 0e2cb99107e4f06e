"""W1: what the pages ask of a browser: their scripts, the first sight, a year's chart, frames, and
memory over an hour of streaming."""

import statistics
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.bench import web_charts
from tests.bench.result import Result
from tests.bench.web_plant import METRICS as LIVING_METRICS
from tests.bench.web_plant import living_plant
from tests.bench.web_served import EMAIL, PASSWORD, Served, newest, served, serving

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
)
WARM_MINUTES = 12
"""By then the charts of the last hour have filled up."""
TICKING = 20
"""Devices that tell something every second of the streamed hour."""

READY = """() => {
    const live = document.querySelector("cs-live")?.dataset.connection === "live";
    const rows = document.querySelectorAll("cs-devices tbody tr").length >= 50;
    const cards = document.querySelectorAll("cs-cards .number").length >= 3
        && document.querySelector("cs-cards .number").textContent !== "";
    const drawn = document.querySelector("cs-chart canvas") !== null;
    return live && rows && cards && drawn ? performance.now() : false;
}"""
SHOWN = """async () => {
    const begun = performance.now();
    let strokes = 0;
    const stroke = CanvasRenderingContext2D.prototype.stroke;
    CanvasRenderingContext2D.prototype.stroke = function (...given) {
        strokes += 1;
        return stroke.apply(this, given);
    };
    const asked = () => performance.getEntriesByType("resource").filter(
        (each) => each.name.includes("/data/") && each.responseEnd > 0).length;
    const frame = () => new Promise((done, failed) => {
        if (performance.now() - begun > 10_000) failed(new Error("The chart never changed."));
        requestAnimationFrame(done);
    });
    const before = asked();
    document.querySelector("cs-device-charts .moves button").click();
    let earlier = 0; // what was drawn before the answer was here
    while (asked() === before) {
        earlier = strokes;
        await frame();
    }
    while (strokes === earlier) await frame();
    await frame();
    CanvasRenderingContext2D.prototype.stroke = stroke;
    return performance.now() - begun;
}"""
STREAM = """
window.EventSource = class extends EventTarget {
    static CLOSED = 2;
    readyState = 1;
    constructor() { super(); window.stream = this; window.begun ??= []; window.begun.push(this); }
    close() {}
    tell(type, data) { this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data) })); }
};
"""
TICK = """([second, ticking]) => {
    const now = new Date().toISOString();
    for (const one of window.plant.slice(0, ticking)) {
        const value = 20 + Math.sin(second / 60 + one.device.id);
        const latest = one.latest.map((each) => ({ ...each, time: now, value }));
        const device = { ...one, state: "live", received_at: now, latest };
        window.stream.tell("device", { device });
    }
    window.stream.tell("beat", { now });
}"""


async def measure(folder: Path, *, quick: bool) -> list[Result]:
    rounds = 3 if quick else 9
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        charts = folder / "charts"
        charts.mkdir()
        drawn = await web_charts.frames(browser, charts, quick=quick)
        async with served(folder, quick=quick) as plant:
            context = await _signed_in(browser, plant.url)
            scripts = await _scripts(context, plant)
            first = await _first(
                context, plant.url, rounds, f"{plant.year.many} devices, sealed", 1
            )
            year = await _year(context, plant, rounds)
            memory = await _memory(context, plant, 20 if quick else 60)
        for many, wanted in ((200, 1.0), (1000, 2.5)):
            first += await _living(browser, folder, many, wanted, rounds)
        await browser.close()
    return [*_of_scripts(scripts, drawn), *first, year, *_of_frames(drawn), memory]


async def _living(
    browser: Browser, folder: Path, many: int, wanted: float, rounds: int
) -> list[Result]:
    """The first sight of a plant with a day of hot readings."""
    own = folder / f"living-{many}"
    async with (
        living_plant(own, many) as (source, scope),
        serving(own, source, scope) as (url, _),
    ):
        await newest(source.db, LIVING_METRICS)
        context = await _signed_in(browser, url)
        return await _first(context, url, rounds, f"{many} devices, a day hot", wanted)


async def _signed_in(browser: Browser, url: str) -> BrowserContext:
    context = await browser.new_context(
        ignore_https_errors=True, viewport={"width": 1440, "height": 900}
    )
    page = await context.new_page()
    await page.goto(f"{url}/login")
    await page.fill("#email", EMAIL)
    await page.fill("#password", PASSWORD)
    await page.press("#password", "Enter")
    await page.wait_for_url("**/dashboard")
    await page.close()
    return context


async def _scripts(context: BrowserContext, plant: Served) -> float:
    """KB of script that the first page brings, as it comes over the line."""
    page = await _opened(context, plant)
    sizes = await page.evaluate(
        """() => performance.getEntriesByType("resource")
            .filter((each) => each.name.endsWith(".js")).map((each) => each.encodedBodySize)"""
    )
    await page.close()
    return float(sum(sizes)) / 1000


async def _opened(context: BrowserContext, plant: Served) -> Page:
    page = await context.new_page()
    await page.goto(f"{plant.url}/dashboard")
    await page.wait_for_function(READY)
    return page


async def _first(
    context: BrowserContext, url: str, rounds: int, told: str, wanted: float
) -> list[Result]:
    """From the address to a dashboard that can be used; and the same to an empty page."""
    took, empty = [], []
    for _ in range(rounds):
        page = await context.new_page()
        await page.route("**/empty", lambda route: route.fulfill(body="<!doctype html>x"))
        await page.goto(f"{url}/empty")
        empty.append(
            await page.evaluate("performance.timing.loadEventEnd - performance.timeOrigin")
        )
        await page.goto(f"{url}/dashboard", wait_until="commit")
        ready = await page.wait_for_function(READY, polling="raf")
        took.append(await ready.json_value())
        await page.close()
    ours, nothing = statistics.median(took), statistics.median(empty)
    detail = f"{told}, median of {rounds}; an empty page {nothing:.0f} ms"
    return [
        Result("W1", "dashboard usable after", ours / 1000, "s", wanted, at_most=True,
               detail=detail),
    ]  # fmt: skip


async def _year(context: BrowserContext, plant: Served, rounds: int) -> Result:
    """From the click to the chart, where all of history is shown and moved."""
    page = await context.new_page()
    span = plant.year.to_ms - plant.year.from_ms
    path = f"/dashboard/devices/{plant.year.second}?from={plant.year.from_ms}&to={plant.year.to_ms}"
    await page.goto(plant.url + path)
    await page.wait_for_selector("cs-device-charts canvas")
    await page.wait_for_timeout(1500)
    took = [await page.evaluate(SHOWN) for _ in range(rounds)]
    await page.close()
    detail = f"{span / 86_400_000:.0f} days of one reading a second, {len(took)} clicks, median"
    return Result("W1", "a range change over a year is shown after", statistics.median(took), "ms",
                  300, at_most=True, detail=detail)  # fmt: skip


async def _memory(context: BrowserContext, plant: Served, minutes: int) -> Result:
    """The script's heap after an hour of the stream, over that once charts are full.

    The page's clock runs as fast as the page can follow; the stream is told through its own door.
    """
    page = await context.new_page()
    await page.add_init_script(STREAM)
    await page.clock.install()
    await page.goto(f"{plant.url}/dashboard")
    devices: list[dict[str, Any]] = await page.evaluate(
        """async () => {
            window.plant = (await (await fetch("/devices")).json()).devices;
            return window.plant;
        }"""
    )
    await page.evaluate(
        """() => { for (const each of window.begun) each.tell("snapshot",
            { now: new Date().toISOString(), devices: window.plant, alerts: [] }); }"""
    )
    engine, used = await context.new_cdp_session(page), []
    for second in range(minutes * 60):
        await page.evaluate(TICK, [second, min(TICKING, len(devices))])
        await page.clock.run_for(1000)
        if second in (WARM_MINUTES * 60, minutes * 60 - 1):
            await engine.send("HeapProfiler.collectGarbage")
            used.append((await engine.send("Runtime.getHeapUsage"))["usedSize"] / 1e6)
    await page.close()
    detail = f"{used[0]:.1f} → {used[1]:.1f} MB, {minutes} min, {TICKING} devices a second"
    return Result("W1", "heap after a streamed hour over that after 12 minutes", used[1] / used[0],
                  "×", 1.1, at_most=True, detail=detail)  # fmt: skip


def _of_scripts(ours: float, drawn: dict[str, tuple[float, float]]) -> list[Result]:
    least = min(drawn[name][1] for name in ("echarts", "chartjs"))
    sizes = ", ".join(f"{name} {size:.0f} KB" for name, (_, size) in drawn.items())
    ratio = least / drawn["product"][1]
    return [
        Result("W1", "scripts of the first load, gzip", ours, "KB", 90, at_most=True),
        Result("W1", "the smaller of the others / our plotter, gzip", ratio, "×", 1, detail=sizes),
    ]


def _of_frames(drawn: dict[str, tuple[float, float]]) -> list[Result]:
    ours = drawn["product"][0]
    detail = ", ".join(f"{name} {took:.1f} ms" for name, (took, _) in drawn.items())
    return [
        Result("W1", f"median frame, 4 × {web_charts.POINTS:,} points streaming",
               ours, "ms", 17, at_most=True, detail=detail),
        Result("W1", "a frame of ECharts / ours", drawn["echarts"][0] / ours, "×", 3),
        Result("W1", "a frame of Chart.js / ours", drawn["chartjs"][0] / ours, "×", 3),
    ]  # fmt: skip
