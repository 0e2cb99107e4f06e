"""The board's hardware, with the vendor's modules played by small ones: what is asked of them."""

import asyncio
import importlib
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from node import board, compat


class Station:
    """A Wi-Fi station that joins at the second attempt."""

    def __init__(self, _interface: int) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.joined = False
        Station.made = self

    made: "Station"

    def active(self, on: bool) -> None:
        self.calls.append(("active", on))

    def isconnected(self) -> bool:
        return self.joined

    def disconnect(self) -> None:
        self.calls.append(("disconnect",))

    def connect(self, ssid: str, password: str) -> None:
        self.calls.append(("connect", ssid, password))
        if self.calls.count(("connect", ssid, password)) == 1:
            raise OSError("Wifi Internal Error")
        self.joined = True

    def status(self, what: str) -> int:
        assert what == "rssi"
        return -61


class RTC:
    set_to: tuple[int, ...] | None = None

    def datetime(self, value: tuple[int, ...]) -> None:
        RTC.set_to = value


@pytest.fixture
def hardware(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    machine: Any = types.ModuleType("machine")
    machine.PWRON_RESET, machine.WDT_RESET, machine.RTC = 1, 3, RTC
    machine.reset_cause = lambda: 3
    network: Any = types.ModuleType("network")
    network.WLAN, network.STA_IF = Station, 0
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.setitem(sys.modules, "network", network)
    RTC.set_to = None
    yield importlib.reload(board)
    monkeypatch.undo()
    importlib.reload(board)


def test_a_desktop_has_no_hardware() -> None:
    link = board.Link({"ssid": "plant"})
    assert link.up()
    assert link.rssi() is None
    assert board.reset_cause() == "start"
    assert board.provisioned("key") is None
    board.watchdog(1000)()


def test_the_cause_of_a_start_is_told_in_a_word(hardware: Any) -> None:
    assert hardware.reset_cause() == "watchdog"


def test_the_wifi_is_joined_and_joined_again_when_it_is_lost(
    hardware: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_sleep = asyncio.sleep
    monkeypatch.setattr(hardware.asyncio, "sleep", lambda _seconds: real_sleep(0))

    async def until(link: Any, joined: bool) -> None:
        while link.up() != joined:
            await real_sleep(0)

    async def live() -> None:
        link = hardware.Link({"ssid": "plant", "password": "secret"})
        assert not link.up()
        assert link.rssi() is None
        keeping = asyncio.create_task(link.keep())
        await until(link, joined=True)
        assert link.rssi() == -61
        Station.made.joined = False
        await until(link, joined=True)
        keeping.cancel()

    asyncio.run(asyncio.wait_for(live(), 10))
    joins = [call for call in Station.made.calls if call[0] == "connect"]
    assert joins == [("connect", "plant", "secret")] * 3
    assert Station.made.calls[0] == ("active", True)


def test_a_board_without_a_clock_starts_from_the_time_kept_in_flash(
    hardware: Any, tmp_path: Path
) -> None:
    later = compat.utc_ms() + 40 * 86_400_000
    (tmp_path / "clock").write_text(str(later))
    hardware.Clock(str(tmp_path))
    expected = time.gmtime(later / 1000)
    assert RTC.set_to is not None
    assert RTC.set_to[:3] == expected[:3]
    assert RTC.set_to[3] == expected.tm_wday
    assert RTC.set_to[4:6] == expected[3:5]


def test_the_first_start_begins_when_the_board_was_made(hardware: Any, tmp_path: Path) -> None:
    hardware.Clock(str(tmp_path), compat.utc_ms() + 86_400_000)
    assert RTC.set_to is not None


def test_a_clock_that_is_right_is_left_alone_and_kept_once_a_day(
    hardware: Any, tmp_path: Path
) -> None:
    clock = hardware.Clock(str(tmp_path))
    now = compat.utc_ms()
    clock.learn(now)
    assert RTC.set_to is None
    assert (tmp_path / "clock").read_text() == str(now)
    clock.learn(now + 900)
    assert (tmp_path / "clock").read_text() == str(now)
    clock.learn(now + 90_000_000)
    assert RTC.set_to is not None
    assert (tmp_path / "clock").read_text() == str(now + 90_000_000)


def test_a_desktop_keeps_its_own_clock(tmp_path: Path) -> None:
    board.Clock(str(tmp_path)).learn(1)
    assert not list(tmp_path.iterdir())
