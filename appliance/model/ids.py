"""The identifiers of every noun, each its own type so that none is passed for another."""

from typing import NewType

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
