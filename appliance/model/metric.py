"""The catalogue of what can be measured."""

import msgspec

from appliance.model.ids import MetricId


class Metric(msgspec.Struct, frozen=True):
    """A measured quantity. `unit` is its canonical UCUM code, `unit_label` what people read."""

    id: MetricId
    name: str
    unit: str
    unit_label: str
    label: str
    digits: int
