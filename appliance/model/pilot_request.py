"""Requests for a pilot, made on the public page."""

from datetime import datetime

import msgspec

from appliance.model.text import Email, Instruction, Name


class PilotRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who would like to try Carbonseed, and on what."""

    name: Name
    email: Email
    company: Name
    message: Instruction = ""


class StoredPilotRequest(msgspec.Struct, frozen=True):
    """A request as stored, with when and from which network address it came."""

    id: int
    at: datetime
    address: str
    asked: PilotRequest
