"""A node's configuration: put together, and judged by the node's own code before a board is."""

import json
from pathlib import Path

import pytest

from appliance.errors import Unprocessable
from flasher import node
from flasher.node import Home, Wifi

SENSORS = [{"metric": "temperature", "driver": "simulated"}]
HOME = Home(8444, "appliance.carbonseed.internal", "-----BEGIN CERTIFICATE-----…")
WIFI = Wifi("plant", "kiln and ladle")


def test_what_is_shared_and_what_is_its_own_come_together() -> None:
    shared = {"sensors": SENSORS, "board": {"led_pin": 2}, "sampling": {"interval_ms": 1000}}
    config = node.configure(shared, "10.0.0.5", HOME, WIFI, 1_763_913_600_000)
    assert config == {
        "sensors": SENSORS,
        "sampling": {"interval_ms": 1000},
        "server": {"host": "10.0.0.5", "port": 8444, "name": HOME.name, "ca": HOME.ca},
        "board": {
            "led_pin": 2,
            "made_ms": 1_763_913_600_000,
            "wifi": {"ssid": "plant", "password": "kiln and ladle"},
        },
    }
    assert json.loads(node.blobs(config, "csk_x")["config"]) == config


def test_what_a_node_takes_passes() -> None:
    node.check({"sensors": SENSORS}, WIFI)
    node.check({"sensors": SENSORS, "board": {"wifi": {"ssid": "plant"}}}, None)


@pytest.mark.parametrize(
    ("shared", "said"),
    [
        ({}, "sensors"),
        ({"sensors": []}, "sensors"),
        ({"sensors": [{"metric": "heat", "driver": "simulated"}]}, "heat"),
        ({"sensors": [{"metric": "temperature", "driver": "thermometer"}]}, "thermometer"),
        ({"sensors": [{"metric": "temperature", "driver": "../node/app"}]}, "no driver"),
        ({"sensors": ["temperature"]}, "refuse"),
        ({"sensors": SENSORS, "sampling": {"interval": 5}}, "interval"),
        ({"sensors": SENSORS, "sampling": {"interval_ms": 0}}, "sampling.interval_ms"),
        ({"sensors": SENSORS, "spool": {"segment_bytes": 2_000_000}}, "segment"),
        ({"sensors": SENSORS, "wifi": {}}, "unknown member wifi"),
    ],
)
def test_what_a_node_would_refuse_is_refused_before(shared, said: str) -> None:
    with pytest.raises(Unprocessable, match=said):
        node.check(shared, WIFI)


def test_a_board_without_a_network_is_refused() -> None:
    with pytest.raises(Unprocessable, match="--wifi"):
        node.check({"sensors": SENSORS}, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"key": "csk_x"}', "Take key out"),
        ('{"server": {}}', "Take server out"),
    ],
)
def test_a_shared_file_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "node.json"
    file.write_text(text)
    with pytest.raises(Unprocessable, match=said):
        node.template(file)


def test_the_key_of_signed_firmware_goes_along_where_there_is_one() -> None:
    home = Home(8444, "devices", "-----BEGIN", "ab" * 384)
    config = node.configure({"sensors": SENSORS}, "10.0.0.5", home, WIFI, 1)
    assert config["firmware"] == {"modulus": home.modulus}
    assert "firmware" not in node.configure({"sensors": SENSORS}, "10.0.0.5", HOME, WIFI, 1)
