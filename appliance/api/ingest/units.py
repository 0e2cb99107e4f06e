"""Units by their UCUM codes, and how a value goes from one into a metric's own."""

from fractions import Fraction
from math import gcd
from typing import NamedTuple

from appliance.errors import Unprocessable
from appliance.model.metric import Metric


class Conversion(NamedTuple):
    """value · times + plus, divided by `by`: whole numbers, so that what is exact stays exact."""

    times: float
    plus: float
    by: float

    def __call__(self, value: float) -> float:
        return (value * self.times + self.plus) / self.by


class _Unit(NamedTuple):
    """A unit of a dimension: value · scale + zero is the value in the dimension's base unit."""

    dimension: str
    scale: Fraction
    zero: Fraction = Fraction(0)


_PSI = Fraction("0.45359237") * Fraction("9.80665") / Fraction("0.0254") ** 2
"""The pound-force per square inch in pascals: exact, from the international pound and inch."""
_SCALES: dict[str, dict[str, str | Fraction]] = {
    "ratio": {"1": "1", "%": "1e-2", "[ppth]": "1e-3", "[ppm]": "1e-6", "[ppb]": "1e-9"},
    "concentration": {"g/m3": "1", "mg/m3": "1e-3", "ug/m3": "1e-6"},
    "velocity": {"m/s": "1", "cm/s": "1e-2", "mm/s": "1e-3", "um/s": "1e-6", "[in_i]/s": "0.0254"},
    "acceleration": {"m/s2": "1", "mm/s2": "1e-3", "[g]": "9.80665"},
    "power": {"W": "1", "mW": "1e-3", "kW": "1e3", "MW": "1e6"},
    "energy": {"J": "1", "kJ": "1e3", "MJ": "1e6", "W.h": "3600", "kW.h": "3.6e6", "MW.h": "3.6e9"},
    "pressure": {"Pa": "1", "hPa": "1e2", "kPa": "1e3", "MPa": "1e6", "bar": "1e5", "[psi]": _PSI},
    "current": {"A": "1", "uA": "1e-6", "mA": "1e-3", "kA": "1e3"},
    "voltage": {"V": "1", "mV": "1e-3", "kV": "1e3"},
    "frequency": {"Hz": "1", "kHz": "1e3", "/s": "1", "/min": "1/60"},
}
"""By dimension, how much of its base unit each unit is."""
UNITS: dict[str, _Unit] = {
    "K": _Unit("temperature", Fraction(1)),
    "Cel": _Unit("temperature", Fraction(1), Fraction("273.15")),
    "[degF]": _Unit("temperature", Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
} | {
    code: _Unit(dimension, Fraction(scale))
    for dimension, scales in _SCALES.items()
    for code, scale in scales.items()
}


def conversion(unit: str, metric: Metric) -> Conversion | None:
    """How a value in a unit becomes one of a metric; None: it is one. Unprocessable: it cannot."""
    if unit == metric.unit:
        return None
    given, own = UNITS.get(unit), UNITS.get(metric.unit)
    if given is None:
        raise Unprocessable(
            f"The unit {unit[:60]!r} is not known. Units are UCUM codes, such as "
            f"{metric.unit!r}, in which {metric.name} is kept."
        )
    if own is None or own.dimension != given.dimension:
        raise Unprocessable(f"{metric.name} is kept in {metric.unit!r}; {unit!r} is no such unit.")
    times, plus = given.scale / own.scale, (given.zero - own.zero) / own.scale
    by = times.denominator * plus.denominator // gcd(times.denominator, plus.denominator)
    return Conversion(float(times * by), float(plus * by), float(by))
