"""Whether this process lives, and whether it can do its work."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from quart import Blueprint, Response

from appliance.http.access import public
from appliance.http.body import reply
from appliance.store.cursors import ENGINE, exists_leader, select_late_since
from appliance.store.migrate import count_missing
from appliance.store.pool import UNREACHABLE, Pool

ANSWER_SECONDS = 3.0
OK = "ok"


def create_health(
    pool: Pool,
    trouble: Callable[[], str | None],
    clock: Callable[[], datetime],
    warnings: Sequence[str] = (),
) -> Blueprint:
    """The two questions that supervisors ask, answered on these resources.

    trouble: what keeps readings from being stored, if anything does. warnings: what somebody must
    see to, though everything works.
    """
    health = Blueprint("health", __name__, url_prefix="/healthz")

    @health.get("/live")
    @public
    async def live() -> Response:
        return reply({"live": True})

    @health.get("/ready")
    @public
    async def ready() -> Response:
        """Everything that must be there for readings and people, "ok" or what is missing."""
        checks = {"writer": trouble() or OK, **await _database(pool, clock())}
        is_ready = all(said == OK for said in checks.values())
        told = {"ready": is_ready, "checks": checks}
        noted = {"warnings": list(warnings)} if warnings else {}
        return reply(told | noted, 200 if is_ready else 503)

    return health


async def _database(pool: Pool, now: datetime) -> dict[str, str]:
    try:
        async with asyncio.timeout(ANSWER_SECONDS), pool.acquire() as db:
            missing = await count_missing(db)
            led = await exists_leader(db)
            late = await select_late_since(db, ENGINE, now)
    except UNREACHABLE as error:
        return {"database": f"does not answer: {type(error).__name__}"}
    return {
        "database": OK,
        "migrations": f"{missing} are not applied" if missing else OK,
        "engine": _engine(led=led, late_since=late),
    }


def _engine(*, led: bool, late_since: datetime | None) -> str:
    if not led:
        return "no engine works: alerts are neither raised nor cleared"
    if late_since:
        return f"alerts are late: readings of {late_since:%Y-%m-%d %H:%M:%S} UTC wait"
    return OK
