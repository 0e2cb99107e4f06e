"""The lists of boards and drivers beside the firmware say what the firmware does."""

import json
import re
import sys
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

import drivers
import numpy as np
import pytest
from drivers import pins
from drivers.options import COMMON
from drivers.spectrum import Spectrum
from hardware import Board
from node import config

from appliance.analytics.vibration import velocity_rms
from appliance.errors import Unprocessable
from appliance.nodes import sensors
from flasher import boards

SOURCE = Path(__file__).parents[2] / "firmware" / "src" / "drivers"
DOCS = SOURCE.parents[2] / "docs" / "sensors.md"
SHARED = {"__init__", "buses", "options", "pins", "sensor", "simulated_machine", "spectrum"}
SHARED |= {"vibration"}
BOARDS = boards.boards()
CATALOGUE = sensors.load(sensors.DRIVERS)
EXAMPLES: dict[str, dict[str, Any]] = {
    "simulated": {"metric": "gas", "signal": {"level": 12}},
    "max31855": {"metric": "temperature"},
    "max31856": {"metric": "temperature", "type": "N"},
    "ds18b20": {"metric": "temperature"},
    "sht3x": {"metric": "humidity"},
    "ads1115": {"metric": "pressure", "channel": 0, "input": "4-20mA", "low": 0, "high": 10},
    "gas": {"metric": "gas", "cell": "mq", "r0_ohm": 2000, "curve": [99, -1.5]},
    "adxl345": {"metric": "vibration", "axis": "largest"},
    "lis3dh": {"metric": "vibration", "axis": "z"},
    "pulse": {"metric": "power", "pulse_kwh": 0.001},
    "run": {"metric": "running"},
}


def chip_of(board: boards.Board) -> pins.Pins:
    return pins.CHIPS[board.chip.upper()]


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_a_board_has_the_same_pins_in_the_list_and_in_the_firmware(board: boards.Board) -> None:
    chip = chip_of(board)
    assert chip.label == board.label
    assert (list(chip.free), list(chip.inputs)) == (board.free, board.inputs)
    assert list(chip.analog) == board.analog
    assert chip.usual == board.pins


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_no_pin_of_a_board_is_free_and_taken(board: boards.Board) -> None:
    taken = list(chain(*board.taken.values()))
    every = board.free + board.inputs + taken
    assert len(every) == len(set(every))
    assert set(board.analog) <= set(board.free + board.inputs)


def test_the_chips_are_those_of_the_firmware_by_the_name_micropython_gives(monkeypatch) -> None:
    assert {board.chip.upper() for board in BOARDS.values()} == set(pins.CHIPS)
    named = {
        "Generic ESP32 module with ESP32": "esp32",
        "Generic ESP32S3 module with ESP32S3": "esp32s3",
        "ESP32C3 module with ESP32C3": "esp32c3",
        "ESP32C6 module with ESP32C6": "esp32c6",
    }
    for told, name in named.items():

        class Implementation:
            _machine = told

        monkeypatch.setattr(sys, "implementation", Implementation)
        assert pins.of_this_chip() is chip_of(BOARDS[name])


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_every_driver_starts_on_every_board_with_its_usual_pins(board: boards.Board) -> None:
    assert set(board.drivers) == set(CATALOGUE) == set(EXAMPLES)
    for name in board.drivers:
        example = {"driver": name, "unit": "", "digits": 1, **EXAMPLES[name]}
        context = {"hardware": Board(), "pins": chip_of(board), "utc_ms": lambda: 0}
        (sensor,) = drivers.create([example], context)
        assert sensor.metric == example["metric"]


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_the_buses_of_a_board_do_not_touch_each_other(board: boards.Board) -> None:
    purposes = ("sck", "mosi", "miso", "cs", "sda", "scl", "one_wire")
    assert len({board.pins[purpose] for purpose in purposes}) == len(purposes)


def test_the_examples_of_the_docs_are_taken_by_appliance_and_node() -> None:
    blocks = re.findall(r"```json\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert len(blocks) == 2
    lists = [
        json.loads(blocks[0])["sensors"],
        [json.loads(line) for line in blocks[1].split("\n")[:2]],
    ]
    for specs in lists:
        sensors.check(specs, CATALOGUE)
        full = [{"digits": 1, "unit": config.UNITS[spec["metric"]], **spec} for spec in specs]
        made = drivers.create(full, {"hardware": Board(), "pins": pins.CHIPS["ESP32"]})
        assert len(made) == len(specs)


def test_the_docs_name_the_usual_pin_of_every_purpose() -> None:
    docs = DOCS.read_text()
    rows = [line.split("|")[2:-1] for line in docs.splitlines() if line.startswith("| ")]
    told = {tuple(cell.strip() for cell in row) for row in rows}
    for purpose in pins.PURPOSES:
        assert tuple(str(board.pins[purpose]) for board in BOARDS.values()) in told, purpose
    for name in CATALOGUE:
        assert f"`{name}`" in docs


def test_every_module_of_the_drivers_is_listed_with_its_options_and_metrics() -> None:
    modules = {file.stem for file in SOURCE.glob("*.py")} - SHARED
    assert modules == set(CATALOGUE)
    for name in modules - {"simulated"}:
        module = import_module(f"drivers.{name}")
        assert list(CATALOGUE[name].options) == list(module.OPTIONS), name
        assert CATALOGUE[name].metrics == list(module.METRICS), name
        assert CATALOGUE[name].label
        assert not set(COMMON[:2]) & set(module.OPTIONS)


def test_what_a_driver_measures_a_node_can_name() -> None:
    for driver in CATALOGUE.values():
        assert set(driver.metrics) <= set(config.UNITS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_a_node_takes_the_appliance_takes(name: str) -> None:
    sensors.check([{"driver": name, "digits": 1, **EXAMPLES[name]}], CATALOGUE)


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("max31855", {"cs": 49}),
    ("max31855", {"cs": "D5"}),
    ("max31856", {"type": "Q"}),
    ("max31856", {"mains_hz": 55}),
    ("max31856", {"average": True}),
    ("ds18b20", {"bits": 8}),
    ("ds18b20", {"bits": 10.5}),
    ("ds18b20", {"rom": 28}),
    ("sht3x", {"address": 0x46}),
    ("ads1115", {"channel": None}),
    ("ads1115", {"channel": 4}),
    ("ads1115", {"input": None}),
    ("ads1115", {"shunt_ohm": 250}),
    ("ads1115", {"low": "0"}),
    ("gas", {"cell": "nose"}),
    ("gas", {"curve": [1]}),
    ("gas", {"curve": [1, "x"]}),
    ("adxl345", {"axis": None}),
    ("adxl345", {"low_hz": 5}),
    ("lis3dh", {"range_g": 3}),
    ("lis3dh", {"low_hz": 2}),
    ("pulse", {"pulse_kwh": 0}),
    ("pulse", {"debounce_ms": -1}),
    ("run", {"active": "on"}),
    ("run", {"pin": 1.5}),
    ("run", {"colour": "red"}),
]


@pytest.mark.parametrize(("name", "change"), WRONG)
def test_what_is_wrong_both_refuse_and_name(name: str, change: dict[str, Any]) -> None:
    spec = {"driver": name, "digits": 1, **EXAMPLES[name], **change}
    (option,) = change
    with pytest.raises(Unprocessable, match=rf"sensors\[0\]\.{option}"):
        sensors.check([spec], CATALOGUE)
    context = {"hardware": Board(), "pins": pins.CHIPS["ESP32"]}
    with pytest.raises(ValueError, match=rf"{name}\.{option}"):
        drivers.create([{**spec, "unit": ""}], context)


def test_the_node_computes_the_velocity_that_the_appliance_does() -> None:
    random = np.random.default_rng(5)
    for rate, low in ((3200.0, 10), (5376.0, 10), (3200.0, 2)):
        samples = 4096 if low == 10 else 8192
        shaken = np.rint(random.normal(20, 300, samples))
        node = Spectrum(samples)
        node.even[:] = node.even.__class__("f", shaken[::2])
        node.odd[:] = node.odd.__class__("f", shaken[1::2])
        ours = node.velocity(rate, low, 1000, 0.0039 * 9.80665)
        theirs = velocity_rms(shaken * 0.0039 * 9.80665, rate, (low, 1000))
        assert not theirs.indicative
        assert ours == pytest.approx(theirs.rms, rel=1e-5)
