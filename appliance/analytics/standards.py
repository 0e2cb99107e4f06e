"""The limits that ship: standards.toml as typed rows."""

from collections.abc import Iterable
from importlib import resources
from typing import Any

import msgspec

from appliance.errors import NotFound
from appliance.model.limit import Limit

MEASURES = {"twa": "TWA", "stel": "STEL", "ceiling": "ceiling"}
"""What rules call the limits of a gas, and what the rows do."""


def shipped() -> tuple[Limit, ...]:
    """Every limit that ships, in the order of the file."""
    text = (resources.files("appliance.analytics") / "standards.toml").read_bytes()
    tables: list[dict[str, Any]] = msgspec.toml.decode(text)["table"]
    return tuple(limit for table in tables for limit in _rows(table))


def pick(limits: Iterable[Limit], quantity: str, subject: str, name: str, source: str) -> Limit:
    """The one limit of that source (or a source that begins so); NotFound if there is none."""
    for limit in limits:
        found = (limit.quantity, limit.subject, limit.name) == (quantity, subject, name)
        if found and limit.source.startswith(source):
            return limit
    raise NotFound(f"{source} gives no {name} for {quantity} of {subject}.")


def exposure_limit(limits: Iterable[Limit], named: str, measure: str) -> Limit:
    """The limit of a gas that is named by its subject and source, such as "CO, NIOSH REL"."""
    subject, _, source = named.partition(", ")
    if not source:
        raise NotFound(f'"{named}" names no source; give it as "CO, NIOSH REL".')
    return pick(limits, "gas_concentration", subject, MEASURES[measure], source)


def zone_boundaries(
    limits: Iterable[Limit], group: str, quantity: str = "vibration_velocity_rms"
) -> tuple[Limit, Limit, Limit]:
    """A/B, B/C and C/D of a machine group and support, such as "group 2, rigid"."""
    rows = tuple(limits)
    low, middle, high = (
        pick(rows, quantity, group, name, "ISO 20816-3") for name in ("A/B", "B/C", "C/D")
    )
    return low, middle, high


def _rows(table: dict[str, Any]) -> Iterable[Limit]:
    shared = {key: value for key, value in table.items() if key != "rows"}
    for subject, name, value, trust in table["rows"]:
        row = {**shared, "subject": subject, "name": name, "value": value, "trust": trust}
        yield msgspec.convert(row, Limit)
