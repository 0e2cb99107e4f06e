"""The node as a process, on both interpreters, against a server that loses answers and refuses."""

import contextlib
import http.client
import json
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import workbench
from node import segment

MAIN = Path(__file__).parents[2] / "firmware" / "src" / "main.py"
MICROPYTHON = Path(sys.executable).parent / "micropython"


@pytest.fixture(params=["cpython", "micropython"])
def interpreter(request: pytest.FixtureRequest) -> str:
    if request.param == "cpython":
        return sys.executable
    if not MICROPYTHON.exists():
        pytest.skip("NO MICROPYTHON HERE: its wheel exists for x86_64 Linux only")
    return str(MICROPYTHON)


def ask(path: str, body: Any = None) -> Any:
    """Talks to the test server beside the node."""
    server = workbench.server()
    context = ssl.create_default_context(cafile=server["folder"] + "/ca.pem")
    context.check_hostname = False
    connection = http.client.HTTPSConnection("127.0.0.1", server["ports"]["good"], context=context)
    headers = {"Authorization": "Bearer " + server["key"]}
    with contextlib.closing(connection):
        connection.request("POST", path, json.dumps(body), headers)
        return json.loads(connection.getresponse().read())


class Node:
    """One start of the node."""

    def __init__(self, interpreter: str, config: Path, *options: str) -> None:
        command = [interpreter, str(MAIN), "--config", str(config), *options]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT)
        self.output = self.process.stdout.readline().decode()  # type: ignore[union-attr]
        self.epoch = self.output.split("epoch ")[1][:16]

    def signal(self, how: signal.Signals) -> str:
        """Sends a signal and returns everything the node said."""
        self.process.send_signal(how)
        return self.ended()

    def ended(self) -> str:
        self.output += self.process.communicate(timeout=60)[0].decode()
        return self.output


@pytest.fixture
def start(interpreter: str) -> Iterator[Callable[..., Node]]:
    started: list[Node] = []

    def begin(config: Path, *options: str) -> Node:
        started.append(Node(interpreter, config, *options))
        return started[-1]

    yield begin
    for node in started:
        if node.process.poll() is None:
            node.signal(signal.SIGKILL)


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    server = workbench.server()

    def write(**changes: Any) -> Path:
        data: dict[str, Any] = {
            "server": {
                "host": "127.0.0.1",
                "port": server["ports"]["good"],
                "name": server["name"],
                "ca": server["folder"] + "/ca.pem",
                "timeout_s": 2,
            },
            "key": server["key"],
            "sampling": {"interval_ms": 20},
            "sending": {"interval_ms": 50},
            "spool": {"flush_ms": 100},
            "sensors": [
                {
                    "metric": "temperature",
                    "driver": "simulated",
                    "signal": {"level": 850, "noise": 2},
                },
                {"metric": "running", "digits": 0, "driver": "simulated"},
            ],
        }
        path = tmp_path / "node.json"
        path.write_text(json.dumps(data | changes))
        return path

    ask("/forget")
    yield write
    ask("/forget")


def eventually(what: Callable[[], Any]) -> Any:
    for _ in range(1200):
        if found := what():
            return found
        time.sleep(0.05)
    pytest.fail("it did not happen within a minute")


def numbers(epoch: str) -> list[int]:
    return [row[1] for row in ask("/rows")["rows"] if row[0] == epoch]


def in_flash(config: Path) -> int:
    """Rows a power cut now would leave."""
    folder = config.parent / "spool"
    found = [segment.find(str(folder), path.name, [], []) for path in folder.glob("*.seg")]
    return sum(item.rows for item in found if item)


def test_rows_arrive_without_a_gap_whatever_the_server_does(
    start: Callable[..., Node], config: Callable[..., Path]
) -> None:
    troubles = "lost 503-1 garbage hang-up 413 html cut lost 429-1 chunked close 500 302 lost"
    ask("/script", [step for trouble in troubles.split() for step in (trouble, "ok")])
    node = start(config())
    eventually(lambda: len(numbers(node.epoch)) > 400)
    node.signal(signal.SIGKILL)
    rows = [row for row in ask("/rows")["rows"] if row[0] == node.epoch]
    assert [row[1] for row in rows] == list(range(len(rows)))
    uptimes = [row[2] for row in rows]
    assert uptimes == sorted(uptimes)
    assert all(840 < row[3] < 860 and row[4] == 1 for row in rows)


def test_nothing_flushed_is_lost_when_the_node_is_killed_and_started_again(
    start: Callable[..., Node], config: Callable[..., Path]
) -> None:
    path = config()
    ask("/script", ["ok"] + ["503-1"] * 10_000)
    first = start(path)
    eventually(lambda: in_flash(path) > 100)
    first.signal(signal.SIGKILL)
    durable = in_flash(path)
    ask("/script", [])
    second = start(path)
    assert "boot 2" in second.output
    eventually(lambda: numbers(second.epoch))
    second.signal(signal.SIGKILL)
    seen = numbers(first.epoch)
    assert seen == list(range(len(seen)))
    assert len(seen) >= durable
    late = [
        post
        for post in ask("/rows")["posts"]
        if post["epoch"] == first.epoch and post["sent_up"] is None
    ]
    assert late
    assert all(post["boot"] == 1 for post in late)
    assert all(abs(post["base"] - time.time() * 1000) < 60_000 for post in late)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_with_its_rows_in_flash(
    interpreter: str, start: Callable[..., Node], config: Callable[..., Path], how: signal.Signals
) -> None:
    if how == signal.SIGTERM and interpreter == str(MICROPYTHON):
        pytest.skip(
            "MicroPython has no signals: SIGTERM is a power cut there, which is tested above"
        )
    ask("/script", ["503-1"] * 10_000)
    path = config(spool={"flush_ms": 60_000, "flush_rows": 1000, "memory_rows": 2000})
    node = start(path)
    time.sleep(0.5)
    assert in_flash(path) == 0
    output = node.signal(how)
    assert node.process.returncode == 0
    waiting = int(output.split("ended, ")[1].split()[0])
    assert waiting == in_flash(path)
    assert waiting > 3


def test_it_ends_when_whoever_started_it_is_gone(
    start: Callable[..., Node], config: Callable[..., Path]
) -> None:
    node = start(config(), "--lifeline")
    eventually(lambda: numbers(node.epoch))
    output = node.ended()  # closes its standard input
    assert node.process.returncode == 0, output
    assert "node: ended" in output


def test_a_network_that_is_gone_for_a_while_loses_nothing(
    start: Callable[..., Node], config: Callable[..., Path]
) -> None:
    node = start(config(simulation={"faults": [{"shape": "offline", "at": 1, "for": 2}]}))
    eventually(lambda: len(numbers(node.epoch)) > 200)
    assert "no network" in node.signal(signal.SIGINT)
    seen = numbers(node.epoch)
    assert seen == list(range(len(seen)))


def test_the_key_is_never_printed(start: Callable[..., Node], config: Callable[..., Path]) -> None:
    ask("/script", ["401"] * 3)
    node = start(config())
    time.sleep(1)
    output = node.signal(signal.SIGINT)
    assert "401" in output
    assert workbench.server()["key"][15:] not in output


def test_what_is_wrong_with_the_configuration_is_said_in_a_line(
    interpreter: str, tmp_path: Path
) -> None:
    (tmp_path / "node.json").write_text('{"server": {"host": "x"}}')
    command = [interpreter, str(MAIN), "--config", str(tmp_path / "node.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 2
    assert done.stdout == "node: cannot start: server.name is missing\n"
    assert done.stderr == ""


def told(what: str) -> list[str]:
    """The details of such events, as the server was told them."""
    return [e["detail"] for log in ask("/told") for e in log["events"] if e["what"] == what]


def test_a_new_configuration_takes_effect_and_no_row_is_lost(
    start: Callable[..., Node], config: Callable[..., Path]
) -> None:
    node = start(config())
    eventually(lambda: numbers(node.epoch))
    ask("/offer", {"config": {"v": 1, "version": 7, "sampling": {"interval_ms": 10}}})
    eventually(lambda: "7" in told("config-used"))
    output = node.signal(signal.SIGINT)
    assert output.count("2 sensors every 10 ms") == 1
    for epoch in {row[0] for row in ask("/rows")["rows"]}:
        seen = numbers(epoch)
        assert seen == list(range(len(seen)))


def test_a_configuration_with_which_no_node_can_be_made_is_left_again(
    start: Callable[..., Node], config: Callable[..., Path]
) -> None:
    node = start(config())
    worse = {"v": 1, "version": 8, "sensors": [{"metric": "gas", "driver": "nothing"}]}
    ask("/offer", {"config": worse})
    assert "no driver nothing" in eventually(lambda: told("config-refused"))[0]
    before = len(ask("/rows")["rows"])
    eventually(lambda: len(ask("/rows")["rows"]) > before)
    output = node.signal(signal.SIGINT)
    assert output.count("2 sensors every 20 ms") == 2


def test_a_node_that_somebody_watches_over_leaves_the_next_start_to_them(
    start: Callable[..., Node], config: Callable[..., Path]
) -> None:
    node = start(config(), "--lifeline")
    eventually(lambda: numbers(node.epoch))
    ask("/offer", {"commands": [{"id": 4, "do": "restart"}]})
    assert node.process.wait(timeout=60) == 3
    node.ended()
    assert [log["done"] for log in ask("/told") if log["done"]] == [[4]]


def test_an_application_that_does_not_load_ends_the_start(interpreter: str, tmp_path: Path) -> None:
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "__init__.py").write_text("")
    (tmp_path / "node" / "app.py").write_text("import nothing_of_that_name\n")
    (tmp_path / "main.py").write_text(MAIN.read_text())
    command = [interpreter, str(tmp_path / "main.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 1
    assert "nothing_of_that_name" in done.stdout + done.stderr
