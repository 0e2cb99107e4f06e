"""What commands on the box itself share: who types, which factories, how lists look."""

import os
import pwd
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from appliance.errors import Conflict, NotFound
from appliance.model.audit import Actor
from appliance.model.factory import Factory
from appliance.store.factories import select_all_factories
from appliance.store.pool import Db


def actor() -> Actor:
    """Whoever types on the box, as the record of deeds names them."""
    try:
        name = os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run as a user that has no name
        name = str(os.getuid())
    return Actor(f"console:{name}", "console")


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


async def factories(db: Db, names: Sequence[str]) -> list[Factory]:
    """The factories of these names; none named: the only one there is."""
    there = await select_all_factories(db)
    known = ", ".join(factory.name for factory in there) or "none yet"
    if names:
        found = [factory for factory in there if factory.name in names]
        missing = set(names) - {factory.name for factory in found}
        if missing:
            raise NotFound(f"There is no factory {', '.join(sorted(missing))}. There are: {known}.")
        return found
    if len(there) != 1:
        raise Conflict(f"Name the factory with --factory. There are: {known}.")
    return there


def columns(rows: Iterable[Sequence[str]]) -> str:
    """Rows of text as aligned columns."""
    lines = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def moment(time: datetime | None) -> str:
    """A time for people: UTC, to the minute."""
    return "never" if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M}Z"
