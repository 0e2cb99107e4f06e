"""The same stream of points drawn by the product's plotter, ECharts, Chart.js and nothing at all.

The two others are installed for the measure alone, into its own folder.
"""

import asyncio
import gzip
import statistics
import subprocess
from pathlib import Path

from playwright.async_api import Browser

from webui.build import HERE as WEBUI
from webui.build import MODULES, find_tools, install

HERE = Path(__file__).parent / "charts"
SOURCES = WEBUI / "src"
OTHERS = ("echarts@6.1.0", "chart.js@4.6.1")
DRAWN = ("empty", "product", "echarts", "chartjs")
POINTS = 100_000


async def frames(browser: Browser, folder: Path, *, quick: bool) -> dict[str, tuple[float, float]]:
    """The median milliseconds of a frame, and the script's size in KB of gzip, of each."""
    await asyncio.to_thread(_bundle, folder)
    found = {}
    for name in DRAWN:
        script = folder / "out" / f"{name}.js"
        page = await browser.new_page(viewport={"width": 1280, "height": 720})
        await page.set_content("<!doctype html><title>Frames</title><body></body>")
        await page.add_script_tag(path=script)
        number = (20 if quick else 60) if name in ("echarts", "chartjs") else 300
        took = await page.evaluate(f"measure({POINTS}, {number})")
        found[name] = statistics.median(took), len(gzip.compress(script.read_bytes(), 9)) / 1000
        await page.close()
    return found


def _bundle(folder: Path) -> None:
    tools = find_tools()
    install(tools)
    (folder / "package.json").write_text('{"private": true}')
    _run(folder, *tools.npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", *OTHERS)
    (folder / "node_modules" / "uplot").symlink_to(MODULES / "uplot")
    for path in (*HERE.iterdir(), SOURCES / "chart" / "weight.ts"):
        (folder / path.name).write_bytes(path.read_bytes())
    _run(
        folder,
        *(*tools.node, str(MODULES / "esbuild" / "bin" / "esbuild")),
        *[f"{name}.js" for name in DRAWN],
        *("--bundle", "--minify", "--format=iife", "--outdir=out", "--log-level=warning"),
    )


def _run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
