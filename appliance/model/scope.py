"""The factories a caller may see: the one argument that keeps tenants apart."""

import msgspec

from appliance.model.ids import FactoryId


class Scope(msgspec.Struct, frozen=True):
    """Every store function that touches a factory's data takes one."""

    factory_ids: tuple[FactoryId, ...]
