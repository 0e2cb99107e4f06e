"""The limits that hold for a signal: of people's rules, and of the standards the rules name."""

from collections.abc import Sequence
from typing import NamedTuple

from appliance.analytics.standards import zone_boundaries
from appliance.model.ids import DeviceId, RuleId
from appliance.model.insight import LimitAt
from appliance.model.limit import Limit
from appliance.model.look import Threshold, Vibration
from appliance.store.health_scores import LookAt

VIBRATION = "vibration"
LOWER, UPPER = ("ll", "l"), ("h", "hh")
BOUNDARIES = ("A/B", "B/C", "C/D")
ASSUMED = "group 2, rigid"
"""Where no rule says which machine it is: the strictest row, shown as assumed."""


class Zones(NamedTuple):
    """The vibration boundaries that hold for a device."""

    group: str
    rows: tuple[Limit, Limit, Limit]
    rule_id: RuleId | None

    @property
    def assumed(self) -> bool:
        """Whether no rule says which machine it is."""
        return self.rule_id is None

    @property
    def values(self) -> tuple[float, float, float]:
        """A/B, B/C, C/D in mm/s."""
        low, middle, high = self.rows
        return low.value, middle.value, high.value


def limits_of(
    looks: Sequence[LookAt], signal: tuple[DeviceId, str], shipped: Sequence[Limit]
) -> list[LimitAt]:
    """The limits of live and shadow rules on a signal, and its vibration boundaries, ascending."""
    found = []
    for one in _on(looks, signal):
        if isinstance(one.look, Threshold):
            for level in (*LOWER, *UPPER):
                value = getattr(one.look, level)
                if value is not None:
                    found.append(
                        LimitAt(
                            level=level, limit=value, source="rule", rule_id=RuleId(one.rule_id)
                        )
                    )
    if signal[1] == VIBRATION:
        zones = zones_of(looks, signal[0], shipped)
        for name, row in zip(BOUNDARIES, zones.rows, strict=True):
            source = f"{row.source}, {zones.group}" + (", assumed" if zones.assumed else "")
            found.append(
                LimitAt(
                    level=name,
                    limit=row.value,
                    source=source,
                    rule_id=zones.rule_id,
                    confirmed=row.confirmed,
                )
            )
    return sorted(found, key=lambda one: one.limit)


def zones_of(looks: Sequence[LookAt], device_id: DeviceId, shipped: Sequence[Limit]) -> Zones:
    """The boundaries by the device's vibration rule; without one the strictest."""
    for one in _on(looks, (device_id, VIBRATION)):
        if isinstance(one.look, Vibration):
            group = f"{one.look.group}, {one.look.foundation}"
            return Zones(group, zone_boundaries(shipped, group), RuleId(one.rule_id))
    return Zones(ASSUMED, zone_boundaries(shipped, ASSUMED), None)


def first_upper(limits: Sequence[LimitAt]) -> float | None:
    """The least limit that is passed from below: h, else hh, else the boundary B/C."""
    for levels in (("h",), ("hh",), ("B/C",)):
        if found := [one.limit for one in limits if one.level in levels]:
            return min(found)
    return None


def _on(looks: Sequence[LookAt], signal: tuple[DeviceId, str]) -> list[LookAt]:
    return [
        one
        for one in looks
        if (one.device_id, one.metric) == signal and one.mode in {"live", "shadow"}
    ]
