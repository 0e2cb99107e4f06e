import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.demo import nodes, plant
from appliance.demo.plant import Node
from appliance.identity import certificates
from appliance.model.ids import DeviceId
from appliance.model.rule import NoData, Threshold
from appliance.running import Running

RUNNING = Running(1, "127.0.0.1", 8443, 8444, None)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folders of all nodes."""
    folder = tmp_path_factory.mktemp("nodes")
    authority = certificates.ensure(folder / "ca", [], datetime.now(UTC)).authority
    for node in plant.NODES:
        nodes.furnish(folder / node.name, node, "csk_key", RUNNING, authority)
    yield folder


def config(furnished: Path, node: Node) -> dict[str, dict[str, list[dict[str, object]]]]:
    found: dict[str, dict[str, list[dict[str, object]]]] = json.loads(
        (furnished / node.name / "config.json").read_text()
    )
    return found


def test_every_machine_is_watched_and_every_node_is_on_a_machine() -> None:
    assert {node.machine for node in plant.NODES} == {machine.name for machine in plant.MACHINES}
    assert (len(plant.MACHINES), len(plant.NODES)) == (8, 12)


@pytest.mark.parametrize("node", plant.NODES, ids=lambda node: node.name)
def test_a_node_starts_with_what_it_is_given(furnished: Path, node: Node) -> None:
    """The firmware itself reads the configuration and makes the sensors."""
    probe = (
        "import sys; from node import config; import drivers, time;"
        "read = config.load(sys.argv[1]);"
        "context = {'utc_ms': lambda: 1795460476000, 'simulation': read.simulation};"
        "print(*(sensor.metric for sensor in drivers.create(read.sensors, context)))"
    )
    started = subprocess.run(
        [sys.executable, "-c", probe, furnished / node.name / "config.json"],
        cwd=nodes.FIRMWARE / "src",
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 0, started.stderr
    assert started.stdout.split()
    assert set(node.metrics or started.stdout.split()) == set(started.stdout.split())


@pytest.mark.parametrize("limit", plant.LIMITS, ids=lambda limit: f"{limit.node} {limit.message}")
def test_a_limit_is_on_what_its_node_measures_and_says_what_to_do(
    furnished: Path, limit: plant.Limit
) -> None:
    node = next(node for node in plant.NODES if node.name == limit.node)
    sensors = {one["metric"]: one for one in config(furnished, node)["sensors"]}  # type: ignore[index]
    rule = limit.on(DeviceId(1))
    assert rule.what_to_do
    if isinstance(rule.look, NoData):
        assert rule.metric is None
        return
    level = sensors[rule.metric]["signal"]["level"]
    assert isinstance(rule.look, Threshold)
    assert limit.limit is not None
    assert (level < limit.limit) is (rule.look.h is not None), "it would always stand"


@pytest.mark.parametrize("node", plant.NODES, ids=lambda node: node.name)
def test_a_fault_is_on_what_its_node_measures(furnished: Path, node: Node) -> None:
    metrics = {one["metric"] for one in config(furnished, node)["sensors"]}  # type: ignore[index]
    assert {fault["metric"] for fault in node.faults if "metric" in fault} <= metrics
    assert all(fault["at"] > 0 and fault["every"] > fault["for"] for fault in node.faults)


def test_a_nodes_key_stays_and_its_address_follows_the_appliance(tmp_path: Path) -> None:
    authority = certificates.ensure(tmp_path / "ca", [], datetime.now(UTC)).authority
    node, folder = plant.NODES[0], tmp_path / "node"
    assert not nodes.has_key(folder)
    nodes.furnish(folder, node, "csk_first", RUNNING, authority)
    moved = Running(1, "0.0.0.0", 1, 9999, None)
    nodes.furnish(folder, node, None, moved, authority)
    assert nodes.has_key(folder)
    assert (folder / "key").read_text() == "csk_first"
    assert (folder / "key").stat().st_mode & 0o777 == 0o600
    server = json.loads((folder / "config.json").read_text())["server"]
    assert (server["host"], server["port"]) == ("127.0.0.1", 9999)
    assert server["name"] == certificates.DEVICE_NAME


def test_machines_of_a_kind_do_not_fail_in_the_same_hour() -> None:
    kinds = [(node.kind, node.past_days) for node in plant.NODES]
    assert len(kinds) == len(set(kinds))
