import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.demo import nodes, plant
from appliance.demo.limits import LIMITS, Limit
from appliance.demo.plant import Node
from appliance.demo.script import HOUR
from appliance.identity import certificates
from appliance.identity.sense import refuse_nonsense
from appliance.model.ids import DeviceId
from appliance.model.rule import Health, NoData, RuleKind, Threshold, kind_of
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


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: f"{limit.node} {limit.message}")
def test_a_limit_is_on_what_its_node_measures_and_says_what_to_do(
    furnished: Path, limit: Limit
) -> None:
    node = next(node for node in plant.NODES if node.name == limit.node)
    sensors = {one["metric"]: one for one in config(furnished, node)["sensors"]}  # type: ignore[index]
    rule = limit.on(DeviceId(1), "http://127.0.0.1:1/")
    refuse_nonsense(rule)
    assert rule.what_to_do
    if rule.suppress_while is not None:
        assert rule.suppress_while.metric in sensors
    if isinstance(rule.look, NoData | Health):
        assert rule.metric is None
        return
    level = sensors[rule.metric]["signal"]["level"]
    if isinstance(rule.look, Threshold):
        for low, high in ((rule.look.ll, rule.look.l), (rule.look.h, rule.look.hh)):
            for limit_value in (low, high):
                if limit_value is not None:
                    above = limit_value in (rule.look.h, rule.look.hh)
                    assert (level < limit_value) is above, "it would always stand"


def test_there_is_a_rule_of_each_kind_and_an_alarm_of_each_rule_that_the_script_names() -> None:
    kinds = {kind_of(limit.look) for limit in LIMITS}
    assert kinds == set(RuleKind)
    named = {(event.node, alarm.message) for event in plant.SCRIPT for alarm in event.alarms}
    assert named <= {(limit.node, limit.message) for limit in LIMITS}


@pytest.mark.parametrize("node", plant.NODES, ids=lambda node: node.name)
def test_a_fault_is_on_what_its_node_measures(furnished: Path, node: Node) -> None:
    metrics = {one["metric"] for one in config(furnished, node)["sensors"]}  # type: ignore[index]
    assert {fault["metric"] for fault in node.faults if "metric" in fault} <= metrics
    for fault in node.faults:
        assert fault["at"] + fault["for"] < 0 or fault["every"] > fault["for"], "it never ends"


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
    kinds = {node.name: node.kind for node in plant.NODES}
    failed = [(kinds[event.node], event.at // HOUR) for event in plant.SCRIPT if event.at < 0]
    assert len(failed) == len(set(failed))
