"""Who works on which board when: lanes side by side, plugs that come and go, trouble in one."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from flasher.errors import NoAnswer
from flasher.events import Step, Tell
from flasher.flow import Made
from flasher.lanes import GONE_LOOKS, Lanes
from flasher.line import State
from flasher.records import Records


class Bench:
    """Ports that a test plugs boards into; each board waits until the test lets it go on."""

    def __init__(self) -> None:
        self.ports: set[str] = set()
        self.made: list[str] = []
        self.gates: dict[str, threading.Event] = {}
        self.trouble: dict[str, Exception] = {}

    def make(self, port: str, tell: Tell) -> Made:
        tell(Step("detect", "A key csk_abcdefghij_secret was here."))
        assert self.gates.setdefault(port, threading.Event()).wait(10)
        self.made.append(port)
        if port in self.trouble:
            raise self.trouble[port]
        return Made(7, f"Node {port}", "esp32", "24:0a", "key", "image", "1", 1, {"gas": 1.5})

    def go(self, port: str) -> None:
        self.gates.setdefault(port, threading.Event()).set()


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def records(tmp_path) -> Records:
    return Records(tmp_path, lambda: datetime(2026, 11, 24, tzinfo=UTC))


@pytest.fixture
def lanes(bench, records):
    """Lanes that look when the test says so."""
    return Lanes(lambda: bench.ports, bench.make, records.take)


def finish(lanes: Lanes) -> None:
    for thread in list(lanes._work.values()):
        thread.join(10)


def state(records: Records, port: str) -> State:
    return records.shift.lanes[port].state


def test_boards_are_made_side_by_side_and_trouble_stays_in_its_lane(bench, records, lanes) -> None:
    bench.ports = {"a", "b", "c"}
    bench.trouble = {"b": NoAnswer("No answer on b. Hold BOOT."), "c": KeyError("csk_x_secret")}
    lanes.look()
    assert [state(records, port) for port in "abc"] == [State.BUSY] * 3
    bench.go("b")
    bench.go("c")
    lanes._work["b"].join(10)
    lanes._work["c"].join(10)
    assert [state(records, port) for port in "abc"] == [State.BUSY, State.FAIL, State.FAIL]
    bench.go("a")
    finish(lanes)
    assert state(records, "a") is State.PASS
    assert records.shift.lanes["b"].words == "No answer on b. Hold BOOT."
    assert "secret" not in records.shift.lanes["c"].words
    assert (records.shift.passed, records.shift.failed) == (1, 2)


def test_a_board_that_stays_is_made_once_and_the_next_one_begins_by_itself(
    bench, records, lanes
) -> None:
    bench.ports = {"a"}
    bench.go("a")
    for _ in range(3):
        lanes.look()
        finish(lanes)
    assert bench.made == ["a"]
    bench.ports = set()
    for _ in range(GONE_LOOKS - 1):
        lanes.look()
    bench.ports = {"a"}  # a chip that restarted
    lanes.look()
    assert bench.made == ["a"]
    assert state(records, "a") is State.PASS
    bench.ports = set()
    for _ in range(GONE_LOOKS):
        lanes.look()
    assert state(records, "a") is State.EMPTY
    bench.ports = {"a"}
    lanes.look()
    finish(lanes)
    assert bench.made == ["a", "a"]


def test_a_failed_board_is_made_again_when_asked_and_never_twice_at_once(
    bench, records, lanes
) -> None:
    bench.ports, bench.trouble = {"a"}, {"a": NoAnswer("No answer.")}
    bench.go("a")
    lanes.look()
    finish(lanes)
    bench.trouble.clear()
    bench.gates["a"].clear()
    lanes.again("a")
    lanes.again("a")
    bench.go("a")
    finish(lanes)
    assert bench.made == ["a", "a"]
    assert (records.shift.passed, records.shift.failed) == (1, 1)


def test_at_the_end_what_is_begun_is_finished_and_nothing_else_begins(bench, records) -> None:
    bench.ports = {"a"}
    begun = threading.Event()

    def report(port: str, event: object) -> None:
        records.take(port, event)
        begun.set()

    with Lanes(lambda: bench.ports, bench.make, report, look_seconds=0.01) as lanes:
        assert begun.wait(10)
        threading.Timer(0.2, bench.go, "a").start()
    assert state(records, "a") is State.PASS
    lanes.again("a")
    assert bench.made == ["a"]


def test_every_board_has_a_log_and_the_shift_a_table_and_neither_a_key(
    bench, records, lanes, tmp_path, read_rows: Callable
) -> None:
    bench.ports = {"a", "b"}
    bench.trouble = {"b": NoAnswer("=2+2 csk_abcdefghij_secret")}
    bench.go("a")
    bench.go("b")
    lanes.look()
    finish(lanes)
    rows = read_rows(records.csv)
    assert {row["port"]: row["result"] for row in rows} == {"a": "PASS", "b": "FAIL"}
    assert {row["port"]: row["device_id"] for row in rows} == {"a": "7", "b": ""}
    assert next(row["words"] for row in rows if row["port"] == "b").startswith("'=2+2 csk_…")
    logs = sorted(tmp_path.glob("board-*.jsonl"))
    assert len(logs) == 2
    for file in tmp_path.iterdir():
        assert "secret" not in file.read_text()
