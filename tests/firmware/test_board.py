"""The board's hardware, with the vendor's modules played by small ones: what is asked of them."""

import asyncio
import importlib
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from node import board, compat, config


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


class Pin:
    OUT = 1

    def __init__(self, _number: int, _mode: int) -> None:
        self.values: list[int] = []
        Pin.made = self

    made: "Pin"

    def value(self, on: int) -> None:
        self.values.append(on)


class NVS:
    """The board's store: what is set is there once it is committed."""

    kept: ClassVar[dict[str, bytes]] = {}

    def __init__(self, namespace: str) -> None:
        assert namespace == "carbonseed"
        self.set: dict[str, bytes] = {}

    def get_blob(self, name: str, buffer: bytearray) -> int:
        if name not in self.kept:
            raise OSError(-0x1102)
        buffer[: len(self.kept[name])] = self.kept[name]
        return len(self.kept[name])

    def set_blob(self, name: str, blob: bytes) -> None:
        self.set[name] = blob

    def commit(self) -> None:
        self.kept.update(self.set)


@pytest.fixture
def hardware(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    machine: Any = types.ModuleType("machine")
    machine.PWRON_RESET, machine.WDT_RESET, machine.RTC = 1, 3, RTC
    machine.Pin = Pin
    machine.reset_cause = lambda: 3
    network: Any = types.ModuleType("network")
    network.WLAN, network.STA_IF = Station, 0
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.setitem(sys.modules, "network", network)
    esp32: Any = types.ModuleType("esp32")
    esp32.NVS = NVS
    monkeypatch.setitem(sys.modules, "esp32", esp32)
    NVS.kept.clear()
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
    told: list[tuple[str, str]] = []

    async def until(link: Any, joined: bool) -> None:
        while link.up() != joined:
            await real_sleep(0)

    async def live() -> None:
        link = hardware.Link({"ssid": "plant", "password": "secret"}, lambda *e: told.append(e))
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
    assert told == [("wifi", "joined after 0 s, -61 dBm")] * 2
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


def test_the_light_counts_the_state_and_flickers_where_it_is_to_be_found(
    hardware: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_sleep = asyncio.sleep
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await real_sleep(0)

    monkeypatch.setattr(hardware.asyncio, "sleep", sleep)

    async def live() -> None:
        light = hardware.Light(2)
        light.locate(3)
        showing = asyncio.create_task(light.show(lambda: 4))
        while waited.count(1.5) < 2:
            await real_sleep(0)
        showing.cancel()

    asyncio.run(asyncio.wait_for(live(), 10))
    first = waited[: waited.index(1.5)]
    assert (first.count(0.05), first.count(0.15)) == (60, 4)
    assert Pin.made.values[:76] == [1, 0] * 38


def test_a_board_without_a_light_is_not_to_be_seen(hardware: Any) -> None:
    light = hardware.Light(None)
    light.locate(60)
    asyncio.run(asyncio.wait_for(light.show(lambda: 1), 10))


def test_a_new_key_replaces_the_old_one_in_the_boards_own_store(
    hardware: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    NVS.kept["key"] = b"csk_old"
    assert hardware.provisioned("key") == "csk_old"
    monkeypatch.setattr(config, "board", hardware)
    config.keep_key("/there is no such file", "csk_new")
    assert hardware.provisioned("key") == "csk_new"
