"""The past of simulated nodes arrives whole, once, and joins what they sample afterwards."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import drivers
import pytest
import workbench
from node import wire
from test_node import ask

SIM = Path(__file__).parents[2] / "firmware" / "sim"
KINDS: dict[str, Any] = json.loads((SIM / "machines.json").read_text())


@pytest.fixture
def nodes(tmp_path: Path) -> list[Path]:
    """A configuration file for each kind of machine."""
    server = workbench.server()
    paths = []
    for seed, (kind, described) in enumerate(KINDS.items()):
        data = {
            "server": {
                "host": "127.0.0.1",
                "port": server["ports"]["good"],
                "name": server["name"],
                "ca": server["folder"] + "/ca.pem",
            },
            "key": server["key"],
            "sensors": described["sensors"],
            "simulation": dict(described["simulation"], seed=seed),
        }
        paths.append(tmp_path / f"{kind}.json")
        paths[-1].write_text(json.dumps(data))
    ask("/forget")
    return paths


def backfill(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    command = [sys.executable, str(SIM / "backfill.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_every_row_of_every_machine_arrives_once_in_an_earlier_epoch_of_its_own(
    nodes: list[Path],
) -> None:
    ask("/script", ["lost", "503-1", "413", "ok", "lost"])
    code, lines = backfill("--days", "2", "--step-seconds", "60", *map(str, nodes))
    now = time.time() * 1000
    assert code == 0
    assert lines[-1] == {"sent": 2880 * len(nodes), "total": 2880 * len(nodes), "done": True}
    sent = [line["sent"] for line in lines]
    assert sent == sorted(sent)
    got = ask("/rows")
    epochs = {row[0] for row in got["rows"]}
    assert len(epochs) == len(nodes)
    for epoch in epochs:
        rows = [row for row in got["rows"] if row[0] == epoch]
        assert [row[1] for row in rows] == list(range(2880))
        assert [row[2] for row in rows] == [60_000 * i for i in range(2880)]
    for post in got["posts"]:
        assert post["boot"] == 0
        assert post["sent_up"] is None
        assert -10_000 < now - (post["base"] + 2879 * 60_000) < 120_000  # up to now


def test_a_month_of_a_machine_holds_its_faults_and_its_outage(nodes: list[Path]) -> None:
    conveyor = next(path for path in nodes if path.stem == "conveyor")
    assert backfill("--days", "30", "--step-seconds", "300", str(conveyor))[0] == 0
    got = ask("/rows")
    numbers = [row[1] for row in got["rows"]]
    missing = sorted(set(range(8640)) - set(numbers))
    assert len(missing) == 60 + 24  # five hours and two, lost and counted
    assert got["posts"][-1]["dropped"] == len(missing)


def test_the_past_and_the_living_node_are_one_machine(nodes: list[Path]) -> None:
    press = next(path for path in nodes if path.stem == "press")
    described = json.loads(press.read_text())
    assert backfill("--days", "0.5", "--step-seconds", "60", str(press))[0] == 0
    got = ask("/rows")
    base = got["posts"][0]["base"]
    utc = [0]
    context = {"utc_ms": lambda: utc[0], "simulation": dict(described["simulation"], faults=[])}
    specs = [dict(spec, unit="") for spec in described["sensors"]]
    sensors = drivers.create(specs, context)
    for row in got["rows"][::17]:
        utc[0] = base + row[2]
        live = [wire.scale(sensor.read(), sensor.digits) / 10**sensor.digits for sensor in sensors]
        assert row[3:] == live


def test_a_refused_past_ends_with_an_error_and_not_for_ever(
    nodes: list[Path], tmp_path: Path
) -> None:
    broken = json.loads(nodes[0].read_text())
    broken["simulation"]["shifts"] = "always"
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(broken))
    code, lines = backfill("--days", "1", str(path))
    assert code == 1
    assert "error" in lines[-1]


def test_every_kind_of_machine_is_believable(nodes: list[Path]) -> None:
    for kind, described in KINDS.items():
        utc = [1764000000000]
        simulation = dict(described["simulation"], faults=[], seed=1)
        context = {"utc_ms": lambda: utc[0], "simulation": simulation}  # noqa: B023 - used within the turn
        sensors = drivers.create([dict(spec, unit="") for spec in described["sensors"]], context)
        values: dict[str, list[float]] = {sensor.metric: [] for sensor in sensors}
        for minute in range(0, 10080, 7):
            utc[0] = 1764000000000 + minute * 60_000
            for sensor in sensors:
                values[sensor.metric].append(sensor.read())
        for metric, (low, high) in BOUNDS.items():
            if metric in values:
                assert low <= min(values[metric]), (kind, metric)
                assert max(values[metric]) <= high, (kind, metric)
        assert 0.3 < sum(values["running"]) / len(values["running"]) <= 1, kind


BOUNDS = {
    "temperature": (0, 900),
    "gas": (0, 40),
    "vibration": (0, 4.5),  # below the zone that is unsatisfactory, unless there is a fault
    "power": (0, 120),
    "pressure": (0, 14),
    "current": (0, 60),
    "humidity": (20, 80),
    "running": (0, 1),
}
