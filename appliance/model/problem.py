"""What every error looks like to whoever called."""

import msgspec


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong (RFC 9457), for programs (`code`) and for people (`detail`)."""

    status: int
    title: str
    code: str
    detail: str
    instance: str | None = None
