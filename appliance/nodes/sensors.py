"""The drivers that nodes have, and whether they can read a configuration's sensors."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

import appliance
from appliance.errors import Unprocessable
from appliance.model.device_config import Sensor

DRIVERS = Path(appliance.__file__).parents[1] / "firmware" / "sensors.toml"
COMMON = {"metric", "driver", "digits", "unit"}
MOST_BYTES = 8192
"""Of all sensors as JSON: a node reads them at once."""


class Driver(msgspec.Struct, frozen=True):
    """What a driver can measure, and what it may be told."""

    metrics: list[str]
    options: dict[str, Any] = {}


Catalogue = Mapping[str, Driver]


def load(file: Path) -> Catalogue:
    """Every driver by its name. Blocks on the disk."""
    return msgspec.convert(tomllib.loads(file.read_text("utf-8")), dict[str, Driver])


def check(sensors: Sequence[Sensor], catalogue: Catalogue) -> None:
    """Refuse sensors that a node could not use; Unprocessable names the place."""
    if len(msgspec.json.encode(sensors)) > MOST_BYTES:
        raise Unprocessable(f"sensors takes more than {MOST_BYTES} bytes, too much for a node.")
    seen = set()
    for i, sensor in enumerate(sensors):
        _check(f"sensors[{i}]", sensor, catalogue)
        if sensor["metric"] in seen:
            raise Unprocessable(f"sensors[{i}].metric: {sensor['metric']} is there twice.")
        seen.add(sensor["metric"])


def _check(place: str, sensor: Sensor, catalogue: Catalogue) -> None:
    name, metric, digits = sensor.get("driver"), sensor.get("metric"), sensor.get("digits", 1)
    driver = catalogue.get(str(name))
    if driver is None:
        raise Unprocessable(
            f"{place}.driver: there is no driver {name}. There are: {', '.join(catalogue)}."
        )
    if metric not in driver.metrics:
        raise Unprocessable(
            f"{place}.metric: {name} does not measure {metric}. It measures: "
            f"{', '.join(driver.metrics)}."
        )
    if type(digits) is not int or not 0 <= digits <= 4:
        raise Unprocessable(f"{place}.digits is not 0 to 4.")
    if unknown := sorted(set(sensor) - COMMON - set(driver.options)):
        raise Unprocessable(
            f"{place}.{unknown[0]}: {name} has no such option. It has: "
            f"{', '.join(driver.options) or 'none'}."
        )
