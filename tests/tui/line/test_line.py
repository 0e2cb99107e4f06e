"""The screen of a line: real boards in their boot loaders, a real batch, a verdict in each lane."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from textual.pilot import Pilot

from flasher import batch as batches
from flasher import flow
from flasher.batch import FromBatch
from flasher.events import Begin, Phase, Progress, Tell
from flasher.flow import Made, Recipe
from flasher.lanes import Lanes
from flasher.line import Failed, Happening, Passed, Plugged, State, Unplugged
from tests.flasher.batches import NOON, content, starting
from tests.flasher.conftest import authority, plug_in, stock, store  # noqa: F401  fixtures
from tui.line.app import Line
from tui.line.lane import LanePane

PHRASE = "brazen kettle of tin"


def text(pilot: Pilot[None]) -> str:
    return "\n".join(
        "".join(segment.text for segment in line)
        for line in pilot.app.screen._compositor.render_strips()
    )


async def until(pilot: Pilot[None], condition: Callable[[], bool], seconds: float = 60) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not condition():
                await pilot.pause(0.05)
    except TimeoutError:
        raise AssertionError(text(pilot)) from None


def keep_picture(pilot: Pilot[None], name: str) -> None:
    if folder := os.environ.get("CARBONSEED_TEST_PICTURES"):
        Path(folder, f"{name}.svg").write_text(pilot.app.export_screenshot(title="Carbonseed"))


class Hand:
    """Nobody works: the test says what happens."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def again(self, port: str) -> None:
        self.asked.append(port)


async def test_two_boards_side_by_side_end_in_a_word_each(
    plug_in,  # noqa: F811
    store,  # noqa: F811
    authority,  # noqa: F811
    tmp_path: Path,
) -> None:
    made = content("Node 1", "Node 2", ca=authority.authority.read_text())
    batches.create(tmp_path / "batch", PHRASE, made)
    wrong = plug_in("esp32c3")
    with ExitStack() as bench:
        batch = bench.enter_context(batches.opened(tmp_path / "batch", PHRASE))
        good = bench.enter_context(starting(plug_in("esp32"), tmp_path))
        recipe = Recipe(store, made.template, made.host, "esp32", wifi=made.wifi, boot_seconds=30)
        source = FromBatch(batch, lambda: NOON)
        working = ExitStack()

        def make(port: str, tell: Tell) -> Made:
            return flow.make(port, recipe, source, tell)

        def begin(take: Callable[[str, Happening], None]) -> Lanes:
            return working.enter_context(Lanes(lambda: [good, wrong.port], make, take))

        line = Line(begin, working.close, time.time)
        async with line.run_test(size=(120, 42)) as pilot:
            await until(pilot, lambda: line.shift.passed + line.shift.failed == 2)
            await pilot.pause()
            shown = text(pilot)
            keep_picture(pilot, "line")
            await pilot.press("q")
            await until(pilot, lambda: not line.is_running)
    assert "✔ 1 passed    ■ 1 failed" in shown
    assert line.shift.lanes[good].state is State.PASS
    assert line.shift.lanes[wrong.port].state is State.FAIL
    assert "Node 1 · ESP32" in shown
    assert "not an ESP32" in line.shift.lanes[wrong.port].words
    assert "Nothing was" in shown
    assert "csk_" not in shown
    assert wrong.flash(0, 4096) == b"\xff" * 4096


async def test_a_lane_shows_its_part_its_bar_and_its_rate_and_rings_at_the_end() -> None:
    now, hand = [1000.0], Hand()
    line = Line(lambda _: hand, lambda: None, lambda: now[0])
    rung = []
    async with line.run_test(size=(100, 30)) as pilot:
        line.bell = lambda: rung.append(now[0])  # type: ignore[method-assign]
        for seconds, event in (
            (0, Plugged()),
            (1, Begin(Phase.WRITE)),
            (2, Progress("write", 0, 400_000)),
            (4, Progress("write", 250_000, 400_000)),
        ):
            now[0] = 1000.0 + seconds
            line.take("/dev/ttyUSB0", event)
            await pilot.pause()
        shown = text(pilot)
        for wanted in ("✔ Claim", "▶ Write ███░░ 62 % 125 KB/s", "· Verify", "ttyUSB0"):
            assert wanted in shown, shown
        line.take("/dev/ttyUSB0", Failed("No answer on /dev/ttyUSB0. Hold BOOT, press RESET."))
        await pilot.pause()
        assert rung == [1004.0]
        assert "Hold BOOT" in text(pilot)
        keep_picture(pilot, "line-fail")
        line.query_one(LanePane).focus()
        await pilot.press("r")
        assert hand.asked == ["/dev/ttyUSB0"]
        line.take("/dev/ttyUSB0", Unplugged())
        await pilot.pause()
        assert "Plug in a board." in text(pilot)


async def test_eight_lanes_fit_and_a_verdict_is_told_without_colour() -> None:
    line = Line(lambda _: Hand(), lambda: None, lambda: 0.0)
    async with line.run_test(size=(140, 42)) as pilot:
        for n in range(8):
            line.take(f"COM{n}", Plugged())
            line.take(f"COM{n}", Passed(n, f"Node {n}", "") if n % 2 else Failed("No answer."))
        await pilot.pause()
        await pilot.pause()
        shown = text(pilot)
        keep_picture(pilot, "line-eight")
    assert all(f"COM{n}" in shown for n in range(8))
    assert shown.count("▄██▄") == 8  # the A of PASS and of FAIL
    assert "✔ 4 passed    ■ 4 failed" in shown
