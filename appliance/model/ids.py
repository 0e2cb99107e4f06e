"""The identifiers of every noun, each its own type so that none is passed for another."""

from typing import Annotated, NewType

import msgspec

FactoryId = NewType("FactoryId", int)
MachineId = NewType("MachineId", int)
DeviceId = NewType("DeviceId", int)
MetricId = NewType("MetricId", int)
RuleId = NewType("RuleId", int)
AlertId = NewType("AlertId", int)
UserId = NewType("UserId", int)
SessionId = NewType("SessionId", str)
KeyId = NewType("KeyId", str)
Epoch = NewType("Epoch", int)
"""64 random bits of one start of a node, as PostgreSQL keeps them (signed)."""

Given = msgspec.Meta(ge=1, le=2**31 - 1)
"""Bounds an identifier that a request carries to what PostgreSQL can hold."""
GivenFactoryId = Annotated[FactoryId, Given]
GivenMachineId = Annotated[MachineId, Given]
GivenDeviceId = Annotated[DeviceId, Given]
