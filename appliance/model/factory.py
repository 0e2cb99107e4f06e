"""Factories and the machines in them."""

import msgspec

from appliance.model.ids import FactoryId, MachineId


class Factory(msgspec.Struct, frozen=True):
    """A plant. `time_zone` is an IANA name; days and shifts of its people are told in it."""

    id: FactoryId
    name: str
    time_zone: str


class Machine(msgspec.Struct, frozen=True):
    """A machine that devices watch, e.g. a furnace in the melting hall."""

    id: MachineId
    factory_id: FactoryId
    name: str
    kind: str
    area: str
