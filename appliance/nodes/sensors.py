"""The drivers that nodes have, and whether they can read a configuration's sensors."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any, Literal

import msgspec

import appliance
from appliance.errors import Unprocessable
from appliance.model.device_config import Sensor

DRIVERS = Path(appliance.__file__).parents[1] / "firmware" / "sensors.toml"
COMMON = {"metric", "driver", "digits", "unit"}
MOST_BYTES = 8192
"""Of all sensors as JSON: a node reads them at once."""


HIGHEST_PIN = 48
"""Of any chip; which of them a board has free, the node says."""


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a driver may be told: of which type, one of which values, between which bounds."""

    type: Literal["pin", "number", "whole", "choice", "pair", "text", "object"]
    of: list[str | int] = []
    min: float = -inf
    max: float = inf
    required: bool = False
    help: str = ""

    def refusal(self, value: Any) -> str | None:
        """Why a value cannot be this option's, None if it can."""
        return _REFUSALS[self.type](self, value)


def _number(option: Option, *values: Any) -> str | None:
    if any(type(value) not in {int, float} for value in values):
        return "is not a number"
    fits = all(option.min <= value <= option.max for value in values)
    return None if fits else f"is not from {option.min:g} to {option.max:g}"


def _whole(option: Option, value: Any) -> str | None:
    return _number(option, value) or (None if type(value) is int else "is not a whole number")


def _pair(option: Option, value: Any) -> str | None:
    two = isinstance(value, list) and len(value) == 2
    return _number(option, *value) if two else "is not a list of two numbers"


def _choice(option: Option, value: Any) -> str | None:
    fits = type(value) in {int, str} and value in option.of
    return None if fits else f"is not one of {', '.join(map(str, option.of))}"


def _pin(_: Option, value: Any) -> str | None:
    fits = type(value) is int and 0 <= value <= HIGHEST_PIN
    return None if fits else f"is not the number of a pin, 0 to {HIGHEST_PIN}"


def _text(_: Option, value: Any) -> str | None:
    return None if isinstance(value, str) else "is not a text"


def _object(_: Option, value: Any) -> str | None:
    return None if isinstance(value, dict) else "is not an object"


_REFUSALS: dict[str, Callable[..., str | None]] = {
    "number": _number,
    "whole": _whole,
    "pair": _pair,
    "choice": _choice,
    "pin": _pin,
    "text": _text,
    "object": _object,
}


class Driver(msgspec.Struct, frozen=True):
    """What a driver can measure, and what it may be told."""

    metrics: list[str]
    options: dict[str, Option] = {}
    label: str = ""


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
    for option, described in driver.options.items():
        value = sensor.get(option)
        if value is None:
            if described.required:
                raise Unprocessable(f"{place}.{option} is missing: {described.help}.")
        elif why := described.refusal(value):
            raise Unprocessable(f"{place}.{option} {why}.")
