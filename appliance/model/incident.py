"""Incidents: what really happened at a machine, marked by people to try rules against."""

from datetime import datetime

import msgspec

from appliance.model.ids import DeviceId, FactoryId, GivenDeviceId
from appliance.model.text import Sentence


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened from `from` to `to` at the machine of a device."""

    id: int
    factory_id: FactoryId
    device_id: DeviceId
    device: str
    begin: datetime = msgspec.field(name="from")
    end: datetime = msgspec.field(name="to")
    title: str
    made_by: str


class NewIncident(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An incident to be marked; as in `Incident`."""

    device_id: GivenDeviceId
    begin: datetime = msgspec.field(name="from")
    end: datetime = msgspec.field(name="to")
    title: Sentence
